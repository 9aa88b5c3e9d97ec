"""The right to be forgotten: a case leaves a store, its tables and its ledger for good."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill.conversion.converting import PSEUDONYMS, ledger_of, require_pseudonyms
from voxmill.conversion.index import Ended, write_tables
from voxmill.conversion.origins import Origins, read_owned
from voxmill.errors import InputError, VoxmillError
from voxmill.privacy import Key, Pseudonyms
from voxmill.runs.ledger import forget, opened, read_ledger
from voxmill.runs.records import Outcome, Record
from voxmill.store import Store, erase, open_store
from voxmill.store.carried import read_carried, write_carried
from voxmill.store.layout import folder_name
from voxmill.store.tables import read_failures
from voxmill.store.unfinished import awaited, forget_awaited

KINDS = ("case", "study", "patient")
"""What a case can be meant by, as its names in the store have them."""


@dataclass(frozen=True)
class Removed:
    """What is gone: cases, by their names, and how many rows of failures that belonged to no case."""

    cases: tuple[str, ...]
    caseless: int


@dataclass(frozen=True)
class _Meant:
    """All names that somebody may mean by one; `lacking` says why these are not all."""

    names: frozenset[str]
    lacking: str = ""

    def has(self, case: str, about: Mapping[str, Any]) -> bool:
        """Whether a case is meant."""
        return not self.names.isdisjoint({case, about.get("patient"), about.get("study")})


def remove_case(store: str | Path, case: str) -> Removed:
    """Erase a case: by its name in the store, or, with the key at hand, by the identifier of its study or patient.

    Of a patient all cases go, those that failed too; of cases that were interrupted only the name or the study is
    known. Rows of failures that belong to no case go as well: nobody can tell whose they are. Raises InputError when
    there is no such case, OutputError when one cannot be erased. Converting the same files again brings it back.
    """
    found = open_store(store)
    with opened(ledger_of(found.folder)) as ledger:
        keeps_ids = _keeps_ids(ledger.folder)
        meant = _meant_by(case, found.folder, ledger.folder, keeps_ids=keeps_ids)
        records = list(read_ledger(ledger.folder))
        gone = _gone(found, records, meant)
        keys = {one.key for one in records if one.case in gone or _is_failure_of(one, meant)}
        if not gone and not keys:
            raise InputError(
                f"{meant.lacking}the store has no case, study or patient {case!r}; voxmill inspect lists its cases"
            )
        carried, caseless = read_carried(found.folder), _caseless(found.folder)
        for name in gone:
            erase(found.folder / folder_name(name))
        forget(ledger, frozenset(keys))
        forget_awaited(found.folder, gone)
        left = Ended.of(read_ledger(ledger.folder))
        write_carried(found.folder, carried, left.done)
        write_tables(found.folder, left, (), Origins(before=read_owned(found.folder)), keep_ids=keeps_ids)
    return Removed(gone, caseless)


def _meant_by(case: str, store: Path, ledger: Path, *, keeps_ids: bool) -> _Meant:
    """What somebody may mean; without the key it is the name in the store alone."""
    try:
        key = Key.for_store(store, new=False)
    except InputError as error:
        lacking = f"without the key a case is known by its name in the store alone ({error}); by that name "
        return _Meant(frozenset({case}), "" if keeps_ids else lacking)
    if (ledger / PSEUDONYMS).exists():
        require_pseudonyms(ledger, Pseudonyms(key, keep_ids=keeps_ids))
    return _Meant(frozenset({case, *(key.name(kind, case) for kind in KINDS)}))


def _keeps_ids(ledger: Path) -> bool:
    path = ledger / PSEUDONYMS
    return path.exists() and bool(json.loads(path.read_text())["keep_ids"])


def _gone(store: Store, records: Sequence[Record], meant: _Meant) -> tuple[str, ...]:
    """The names of the cases that are meant, whole or not: of what is in the store, or in the ledger alone."""
    ended = Ended.of(records)
    there = {*store.names, *store.incomplete, *ended.done, *ended.failed, *awaited(store.folder)}
    known = {**ended.failed, **ended.done}
    return tuple(name for name in sorted(there) if meant.has(name, _about(store, name) or _about_of(known.get(name))))


def _is_failure_of(record: Record, meant: _Meant) -> bool:
    """Whether what failed was of somebody who is meant: it may have the name of a case that is another one's."""
    return record.outcome is Outcome.FAILED and meant.has("", _about_of(record))


def _about_of(record: Record | None) -> Mapping[str, Any]:
    about: Mapping[str, Any] = {} if record is None else record.result.get("about", {})
    return about


def _about(store: Store, name: str) -> Mapping[str, Any]:
    """What a case of the store says of itself; nothing where it is not whole, or damaged."""
    try:
        about = store.case(name).attributes.get("about")
    except VoxmillError:
        return {}
    return about if isinstance(about, dict) else {}


def _caseless(store: Path) -> int:
    """How many failures of no case the table in a store tells of."""
    return sum(not row["case"] for row in read_failures(store))
