"""EUCAIM's index.json, which lists what a folder should hold: what of that is missing, and what is there beside it.

Patients, studies and series stand in it as records in lists, or by their names, one in the other, by identifiers or by
the folders `imaging_data/PATIENT/STUDY/SERIES`. Headers stay the truth: a listing changes nothing in what is converted.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import Any

from voxmill.discovery.cases import LeftOut
from voxmill.discovery.trees import Tree
from voxmill.errors import InputError
from voxmill.io.dicom import Series
from voxmill.io.fetching import fetched
from voxmill.io.files import DICOM_SUFFIXES
from voxmill.privacy import Pseudonyms

LARGEST = 2**26
"""Bytes of an index.json that is looked at: more than a million series have."""
DATA = "imaging_data"
"""The folder of all patients: no part of what tells them apart."""
LEVELS = ("patient", "study", "series")
IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "patient": ("patientid", "patient", "subjectid", "subject", "subjectname"),
    "study": ("studyinstanceuid", "studyuid", "studyid", "study"),
    "series": ("seriesinstanceuid", "seriesuid", "seriesid", "series"),
}
"""Names of fields that identify, without what is no letter."""
LISTS: Mapping[str, str] = {
    "patients": "patient",
    "patient": "patient",
    "subjects": "patient",
    "subject": "patient",
    "studies": "study",
    "study": "study",
    "series": "series",
}
"""Names of fields that hold records of a level."""
BELOW: Mapping[str, str] = {"patient": "study", "study": "series"}
OWN = ("id", "uid", "name", "folder", "foldername")
"""Fields that identify what a record in such a list is of."""
PATHS = ("path", "relativepath", "directory")
NOT_LISTED = "the index.json of its folder does not list this series"


@dataclass(frozen=True)
class Entry:
    """Something listed, by as much as is said of it; `folders` is its path."""

    patient: str = ""
    study: str = ""
    series: str = ""
    folders: tuple[str, ...] = ()

    def further(self, level: str, name: str) -> "Entry":
        """What has this name within it."""
        named: dict[str, Any] = {level: name}
        return replace(self, **named)

    @property
    def parts(self) -> frozenset[str]:
        """All that something must be called to be what is listed."""
        return frozenset((self.patient, self.study, self.series, *self.folders)) - {""}

    def left_out(self, pseudonyms: Pseudonyms) -> LeftOut:
        """That it is missing, by a name that may be told."""
        kind = next((level for level in reversed(LEVELS) if getattr(self, level)), "folder")
        identifier = str(getattr(self, kind, "") or "/".join(self.folders))
        sentence = f"index.json lists this {kind}, and no file of it is there; copy it, and convert again"
        name = pseudonyms.of("file" if kind == "folder" else kind, identifier)
        uid = self.series if re.fullmatch(r"\d[\d.]+", self.series) else ""
        return LeftOut(name, sentence, "listed item", series=uid, listed=self.path)

    @property
    def path(self) -> str:
        """What it is called, from the patient on: its path, or its identifiers."""
        return "/".join(self.folders or filter(None, (self.patient, self.study, self.series)))


@dataclass(frozen=True)
class Compared:
    """What listings say that is not there, and the UIDs of series that are there and that they do not list."""

    left_out: tuple[LeftOut, ...] = ()
    beside: frozenset[str] = frozenset()


def compare(tree: Tree, pseudonyms: Pseudonyms) -> Compared:
    """What the listings of a tree say of it; one whose form is not known is ignored, and told of."""
    found = [_compared(tree, path, pseudonyms) for path in tree.listings]
    left_out = tuple(dict.fromkeys(one for each in found for one in each.left_out))
    return Compared(left_out, frozenset().union(*(each.beside for each in found)))


def _compared(tree: Tree, listing: Path, pseudonyms: Pseudonyms) -> Compared:
    try:
        entries = _listed(tree, listing)
    except InputError as error:
        return _ignored(pseudonyms, str(error))
    series = _below(tree.survey.series, listing.parent)
    called = _by_name(_names(one, listing.parent) for one in series)
    failed = [one.path for one in tree.survey.failures if one.path.is_relative_to(listing.parent)]
    damaged = _by_name(_folders([path], listing.parent) for path in failed)
    there = {entry: _called(entry, called) for entry in entries}
    listed = frozenset().union(*there.values())
    if not listed:
        return _ignored(pseudonyms, "nothing that it lists is in its folder, or its form is not known")
    missing = [entry for entry, found in there.items() if not found and not _called(entry, damaged)]
    beside = (one.series_uid for number, one in enumerate(series) if number not in listed)
    return Compared(tuple(entry.left_out(pseudonyms) for entry in missing), frozenset(beside))


def _ignored(pseudonyms: Pseudonyms, reason: str) -> Compared:
    sentence = f"index.json: {reason}; it is ignored"
    return Compared((LeftOut(pseudonyms.of("file", "index.json"), sentence, is_wanted=False),))


def _listed(tree: Tree, listing: Path) -> list[Entry]:
    """What a listing lists, each once; raises InputError where it is none, or larger than any listing is."""
    with fetched([tree.place(listing)]) as (path,):
        try:
            if path.stat().st_size > LARGEST:
                raise InputError(f"it has more than {LARGEST >> 20} MB")
            entries = [one for one in _entries(json.loads(path.read_bytes()), Entry()) if one.parts]
        except (OSError, ValueError, RecursionError):
            raise InputError("it cannot be read as JSON") from None
    if not entries:
        raise InputError("it lists patients, studies or series in no form that is known")
    return list(dict.fromkeys(entries))


def _entries(node: object, within: Entry, level: str | None = None) -> Iterator[Entry]:
    """What a part of a listing lists, within something; `level` is what it is a list of, if that is known."""
    if isinstance(node, list):
        for one in node:
            yield from _entries(one, within, level)
    elif isinstance(node, dict):
        yield from _of_record(node, within, level)
    elif level is not None and (name := _text(node)):
        yield within.further(level, name)


def _of_record(record: Mapping[str, object], within: Entry, level: str | None) -> Iterator[Entry]:
    """What a record lists: what is in its lists, or else itself, or names, each with what is in it."""
    plain = {re.sub("[^a-z]", "", name.lower()): value for name, value in record.items()}
    own = _identified(plain, level)
    lists = [(LISTS[name], value) for name, value in plain.items() if name in LISTS and isinstance(value, list | dict)]
    here = replace(within, **own)
    inside = [one for kind, value in lists for one in _entries(value, here, kind)]
    if inside or own:
        yield from inside or [here]
    elif not lists and all(isinstance(value, list | dict) for value in record.values()):
        yield from _by_names(record, within, level or LEVELS[0])


def _by_names(record: Mapping[str, object], within: Entry, level: str) -> Iterator[Entry]:
    """What names of a level stand for, each with what is in it."""
    for name, value in record.items():
        here = within.further(level, _text(name))
        inside = list(_entries(value, here, BELOW[level])) if level in BELOW else []
        yield from inside or [here]


def _identified(record: Mapping[str, object], level: str | None) -> dict[str, Any]:
    """What a record says that it is of."""
    fields = {kind: (*IDENTIFIERS[kind], *(OWN if kind == level else ())) for kind in LEVELS}
    found: dict[str, Any] = {
        kind: next((text for name in names if (text := _text(record.get(name)))), "") for kind, names in fields.items()
    }
    path = next((text for name in PATHS if (text := _text(record.get(name)))), "")
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in ("/", "..", DATA)]
    if parts and PurePosixPath(parts[-1]).suffix.lower() in DICOM_SUFFIXES:
        parts.pop()
    return {name: value for name, value in {**found, "folders": tuple(parts)}.items() if value}


def _text(value: object) -> str:
    """An identifier; empty for what is none. Half a character, which JSON may escape, is a question mark."""
    plain = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return plain.encode(errors="replace").decode()


def _below(series: Sequence[Series], folder: Path) -> list[Series]:
    return [one for one in series if any(path.is_relative_to(folder) for path in one.files)]


def _names(series: Series, folder: Path) -> frozenset[str]:
    """All that a series is called: by its headers, and by the folders that it is in."""
    return frozenset((series.patient_id, series.study_uid, series.series_uid)) | _folders(series.files, folder)


def _folders(files: Iterable[Path], folder: Path) -> frozenset[str]:
    parents = {path.parent for path in files}
    inside = (parent for parent in parents if parent.is_relative_to(folder))
    return frozenset(part for parent in inside for part in parent.relative_to(folder).parts)


def _by_name(named: Iterable[frozenset[str]]) -> Mapping[str, set[int]]:
    """The numbers of things by everything that they are called."""
    found: dict[str, set[int]] = defaultdict(set)
    for number, names in enumerate(named):
        for name in names:
            found[name].add(number)
    return found


def _called(entry: Entry, things: Mapping[str, set[int]]) -> set[int]:
    """The numbers of what an entry may mean."""
    return reduce(set.intersection, (things.get(part, set()) for part in entry.parts))
