"""The right to be forgotten: a case leaves a store, its tables and its ledger for good."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxmill.conversion.converting import PSEUDONYMS, ledger_of, require_pseudonyms
from voxmill.conversion.index import write_tables
from voxmill.errors import InputError, VoxmillError
from voxmill.privacy import Key, Pseudonyms
from voxmill.runs.ledger import Ledger, forget, opened, read_ledger
from voxmill.store import Store, erase, open_store
from voxmill.store.layout import folder_name

KINDS = ("case", "study", "patient")
"""What a case can be meant by, as its names in the store have them."""


def remove_case(store: str | Path, case: str) -> tuple[str, ...]:
    """Erase a case: by its name in the store, or, with the key at hand, by the identifier of its study or patient.

    Gives the names of the cases that are gone: all of a patient. Of cases that failed or were interrupted only the name
    or the study is known. Raises InputError when there is none, OutputError when one cannot be erased. Converting the
    same files again brings it back.
    """
    found = open_store(store)
    with opened(ledger_of(found.folder)) as ledger:
        gone = _meant(found, ledger, _names_for(found.folder, ledger.folder, case))
        if not gone:
            raise InputError(f"the store has no case, study or patient {case!r}; voxmill inspect lists its cases")
        for name in gone:
            erase(found.folder / folder_name(name))
        forget(ledger, frozenset(gone))
        write_tables(found.folder, read_ledger(ledger.folder), ())
    return gone


def _names_for(store: Path, ledger: Path, case: str) -> frozenset[str]:
    """All names that somebody may mean; without the key it is the name in the store alone."""
    try:
        key = Key.for_store(store, new=False)
    except InputError:
        return frozenset({case})
    if (ledger / PSEUDONYMS).exists():
        require_pseudonyms(ledger, Pseudonyms(key, keep_ids=_keeps(ledger)))
    return frozenset({case, *(key.name(kind, case) for kind in KINDS)})


def _keeps(ledger: Path) -> bool:
    return bool(json.loads((ledger / PSEUDONYMS).read_text())["keep_ids"])


def _meant(store: Store, ledger: Ledger, names: frozenset[str]) -> tuple[str, ...]:
    """The names of the cases that are meant, whole or not: of what is in the store, or in the ledger alone."""
    known = {record.case: record.result.get("about", {}) for record in read_ledger(ledger.folder)}
    there = {*store.names, *store.incomplete}
    abouts = {name: known.get(name) or _about(store, name) for name in sorted(there | set(known))}
    return tuple(
        name for name, about in abouts.items() if name in names or {about.get("patient"), about.get("study")} & names
    )


def _about(store: Store, name: str) -> Mapping[str, Any]:
    """What a case of the store says of itself; nothing where it is not whole, or damaged."""
    try:
        about = store.case(name).attributes.get("about")
    except VoxmillError:
        return {}
    return about if isinstance(about, dict) else {}
