"""A source into a store, durably: begun again, it does what is missing."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voxmill.conversion.carrying import carried_of
from voxmill.conversion.index import Ended, write_tables
from voxmill.conversion.job import Conversion
from voxmill.conversion.origins import Origins, read_owned
from voxmill.discovery.cases import CaseSource, LeftOut, Sources
from voxmill.discovery.sources import find_cases
from voxmill.drafts import draft_of
from voxmill.errors import InputError, OutputError, agreeing, counted
from voxmill.io.masks import parse_threshold
from voxmill.io.remote import is_url, located
from voxmill.privacy import Key, Pseudonyms, key_of
from voxmill.runs.ledger import opened, read_ledger, require_no_link
from voxmill.runs.records import Outcome
from voxmill.runs.runner import NOBODY, Progress, run
from voxmill.runs.signals import signals_heard
from voxmill.segments import DEFAULT_THRESHOLD
from voxmill.store import create_store, is_store
from voxmill.store.carried import read_carried, write_carried
from voxmill.store.layout import FAILURES, INDEX, METADATA, folder_name
from voxmill.store.unfinished import under_way


@dataclass(frozen=True)
class Converted:
    """What a conversion has done: how many cases there are in the source, and how many were done now and before.

    not_read: how many of what, by a noun for it, should have been read, and could not be. outdated: how many cases of
    these are in the store as they were before. passed_over: how many series are of kinds that are never read. notes:
    what there is to say of the source as a whole. not_carried: columns of a table that stay outside.
    """

    store: Path
    cases: int
    progress: Progress
    not_read: Mapping[str, int]
    passed_over: int
    notes: tuple[str, ...] = ()
    not_carried: tuple[str, ...] = ()
    outdated: int = 0

    @property
    def index(self) -> Path:
        """The table of all images in the store."""
        return self.store / INDEX

    @property
    def failures(self) -> Path:
        """The table of all that could not be read, and why."""
        return self.store / FAILURES

    @property
    def unread(self) -> int:
        """How much should have been read, and could not be, in all."""
        return sum(self.not_read.values())


PSEUDONYMS, THRESHOLD = "pseudonyms.json", "threshold.json"
"""Beside the ledger: what tells the key of a store from others, and whether identifiers are kept; the threshold."""


def ledger_of(store: Path) -> Path:
    """The folder of the ledger beside a store."""
    return store.with_name(f"{store.name}.ledger")


@signals_heard()
def convert(
    source: str | Path,
    store: str | Path,
    *,
    keep_ids: bool = False,
    allow_gaps: bool = False,
    threshold: float = DEFAULT_THRESHOLD,
    carry: Sequence[str] = (),
    workers: int = 0,
    begin: Callable[[int], None] = lambda cases: None,
    tell: Callable[[Progress], None] = NOBODY,
) -> Converted:
    """Convert all cases in a file, a folder or a table (see find_cases) into a store, made where there is none.

    The source, and what a table names, may lie at URLs (with the extra `voxmill[remote]`): each file is fetched when it
    is needed, into a temporary folder, and is gone from there afterwards. A store is a folder of this machine.
    keep_ids: whether identifiers, UIDs, descriptions and file names stay as they are; otherwise names stand for them,
    made with the key that VOXMILL_KEY_FILE names, or one beside the store. Dates enter in neither case: days stand for
    them. allow_gaps: as read_image has it; threshold: as read_mask has it, for fractional segmentations, one for all of
    a store. carry: which other columns of a table enter, as they are, by name or pattern; those that did before do
    again. workers: in how many processes; 0: in this one. begin and tell hear how many cases there are, and of every
    one that has ended.

    A case that cannot be read is a row of failures.parquet, and, with its files, of STORE.failures.csv, which is for
    the owner of the store alone; the others go on. Run again, it does what is missing and what failed, and adds images
    and masks that are new to their cases; what is whole stays as it is, and a case of which such files have changed is
    a failure. Raises InputError when there is no case in the source (no store is left then), OutputError when the store
    cannot be written, Stopped after a signal.
    """
    parse_threshold(threshold)
    if is_url(str(store)):
        raise OutputError(
            "a store is written to a folder of this machine, not to a URL; give a folder, and copy it there"
        )
    folder, place = Path(store).absolute(), located(str(source))
    require_no_link(ledger_of(folder))
    with _taken_back(folder):
        create_store(folder)
        pseudonyms = Pseudonyms(Key.for_store(folder, new=not ledger_of(folder).exists()), keep_ids)
        sources = _storable(find_cases(place, pseudonyms))
        carried = carried_of(place.name, sources, carry, read_carried(folder))
    begin(len(sources.cases))
    with opened(ledger_of(folder)) as ledger, _saying_how_far(ledger.folder):
        require_pseudonyms(ledger.folder, pseudonyms)
        require_threshold(ledger.folder, threshold)
        job = Conversion(folder, pseudonyms, allow_gaps, threshold)
        failing = _failing(ledger.folder)
        ledger.disregard(
            job.key(case)
            for case in sources.cases
            if case.name in failing or not is_store(folder / folder_name(case.name))
        )
        cases = {case.name: case for case in sources.cases}
        with under_way(folder, pseudonyms.key.name("source", str(place)), list(cases)):
            try:
                progress = run(job, sources.cases, ledger, workers=workers, tell=tell)
            finally:
                ledger.flush()
                ended = Ended.of(read_ledger(ledger.folder))
                origins = Origins(place, pseudonyms.untold, cases, read_owned(folder))
                write_tables(folder, ended, sources.left_out, origins, keep_ids=keep_ids)
                write_carried(folder, carried.table, ended.done)
    wanted = Counter(one.kind for one in sources.left_out if one.is_wanted)
    passed_over = len(sources.left_out) - wanted.total()
    not_read = ended.not_read + wanted
    return Converted(
        folder, len(cases), progress, not_read, passed_over, sources.notes, carried.left_out, ended.outdated
    )


def _storable(sources: Sources) -> Sources:
    """The same without the cases whose names are none for a store: identifiers that are kept may be of any length."""
    cases: list[CaseSource] = []
    left_out = list(sources.left_out)
    for case in sources.cases:
        try:
            folder_name(case.name)
        except InputError as error:
            left_out.append(LeftOut(case.name, f"{case.place}{error}", "case", place=case.images[0].files[0]))
        else:
            cases.append(case)
    return replace(sources, cases=tuple(cases), left_out=tuple(left_out))


@contextmanager
def _taken_back(store: Path) -> Iterator[None]:
    """A store and its key that are made within are gone again where the source is refused.

    A link stays, also one that leads nowhere: a disk with keys on it may not be there now. All stays where there is a
    ledger by now: another conversion uses them.
    """
    made = [path for path in (store / METADATA, key_of(store)) if not os.path.lexists(path)]
    is_new = not store.exists()
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for path in () if ledger_of(store).exists() else made:
                path.unlink(missing_ok=True)
            if is_new:
                store.rmdir()
        raise


@contextmanager
def _saying_how_far(ledger: Path) -> Iterator[None]:
    """What cannot be written within, as on a full disk, says how many cases are done and how to go on."""
    try:
        yield
    except OutputError as error:
        done = len(Ended.of(read_ledger(ledger)).done)
        whole = f"{counted(done, 'case')} {agreeing(done, 'is', 'are')} in the store"
        raise OutputError(f"{error}; {whole}: run the command again when that is mended, and it goes on") from error


def _failing(ledger: Path) -> frozenset[str]:
    """The names of cases in the store some of whose images or masks could not be read."""
    newest = {record.case: record for record in read_ledger(ledger) if record.outcome is Outcome.DONE}
    return frozenset(name for name, record in newest.items() if record.result["failures"])


def require_pseudonyms(ledger: Path, pseudonyms: Pseudonyms) -> None:
    """Raise InputError where a store was begun with other pseudonyms: another key, or identifiers kept or not."""
    mine = {"key": pseudonyms.key.fingerprint, "keep_ids": pseudonyms.keep_ids}
    known = _begun_with(ledger / PSEUDONYMS, mine)
    if known["key"] != mine["key"]:
        raise InputError(
            "the store was begun with another key, so its cases would not be found again; give that key (STORE.key, or "
            "VOXMILL_KEY_FILE), or begin a new store"
        )
    if known["keep_ids"] != mine["keep_ids"]:
        kept = "keeps identifiers" if known["keep_ids"] else "does not keep identifiers"
        raise InputError(f"the store {kept}, and this conversion is to do otherwise; begin a new store for that")


def require_threshold(ledger: Path, threshold: float) -> None:
    """Raise InputError where a store was begun with another threshold: its masks would not be alike."""
    known = _begun_with(ledger / THRESHOLD, {"threshold": threshold})["threshold"]
    if known != threshold:
        raise InputError(
            f"the store was begun with the threshold {known:g} for fractional segmentations, and this conversion has "
            f"{threshold:g}; begin a new store for that"
        )


def _begun_with(path: Path, mine: Mapping[str, Any]) -> dict[str, Any]:
    """What a store was begun with: what a file says, which is written where there is none."""
    if not path.exists():
        with draft_of(path) as draft:
            draft.write_text(json.dumps(mine) + "\n")
    known: dict[str, Any] = json.loads(path.read_text())
    return known
