"""The right to be forgotten: a case leaves a store, its tables and its ledger for good."""

import shutil
import uuid
from pathlib import Path

from voxmill.conversion.converting import ledger_of
from voxmill.conversion.index import write_tables
from voxmill.errors import InputError, OutputError
from voxmill.privacy import Key
from voxmill.runs.ledger import forget, opened, read_ledger
from voxmill.store import open_store

KINDS = ("case", "study", "patient")


def remove_case(store: str | Path, case: str) -> tuple[str, ...]:
    """Erase a case: by its name in the store, or, with the key at hand, by the identifier of its study or patient.

    Gives the names of the cases that are gone: all of a patient. Raises InputError when there is none, OutputError when
    one cannot be erased.
    """
    found = open_store(store)
    gone = _meant(found.folder, case)
    if not gone:
        raise InputError(f"the store has no case, study or patient {case!r}; voxmill inspect lists its cases")
    with opened(ledger_of(found.folder)) as ledger:
        for name in gone:
            _erase(found.folder / name)
        forget(ledger, frozenset(gone))
        write_tables(found.folder, read_ledger(ledger.folder), ())
    return gone


def _meant(folder: Path, case: str) -> tuple[str, ...]:
    """The names of the cases that somebody means."""
    store = open_store(folder)
    key = Key.for_store(folder)
    names = {case, *(key.name(kind, case) for kind in KINDS)}
    cases = {name: store.case(name).attributes.get("about", {}) for name in store.names}
    return tuple(
        name
        for name, about in cases.items()
        if name in names or (isinstance(about, dict) and {about.get("patient"), about.get("study")} & names)
    )


def _erase(folder: Path) -> None:
    """Remove a folder: under another name first, so that it is never half a case."""
    gone = folder.with_name(f".{uuid.uuid4().hex}")
    try:
        folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise OutputError(f"{folder.name}: the case cannot be erased: {error.strerror or error}") from None
