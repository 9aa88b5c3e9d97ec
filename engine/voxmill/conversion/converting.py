"""A source into a store, durably: begun again, it does what is missing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voxmill.conversion.index import FAILURES, INDEX, write_tables
from voxmill.conversion.job import Conversion
from voxmill.discovery.sources import find_cases
from voxmill.drafts import draft_of
from voxmill.errors import InputError
from voxmill.privacy import Key, Pseudonyms
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.runner import NOBODY, Progress, run
from voxmill.store import create_store, is_store
from voxmill.store.layout import folder_name


@dataclass(frozen=True)
class Converted:
    """What a conversion has done: how many cases now and before, and what belonged to none.

    unread: how many cases, images and masks in all could not be read.
    """

    store: Path
    cases: int
    progress: Progress
    left_out: int
    unread: int

    @property
    def index(self) -> Path:
        """The table of all images in the store."""
        return self.store / INDEX

    @property
    def failures(self) -> Path:
        """The table of all that could not be read, and why."""
        return self.store / FAILURES


PSEUDONYMS = "pseudonyms.json"
"""Beside the ledger: what tells the key of a store from others, and whether identifiers are kept."""


def ledger_of(store: Path) -> Path:
    """The folder of the ledger beside a store."""
    return store.with_name(f"{store.name}.ledger")


def convert(
    source: str | Path,
    store: str | Path,
    *,
    keep_ids: bool = False,
    allow_gaps: bool = False,
    workers: int = 0,
    begin: Callable[[int], None] = lambda cases: None,
    tell: Callable[[Progress], None] = NOBODY,
) -> Converted:
    """Convert all cases in a file, a folder or a table (see find_cases) into a store, made where there is none.

    keep_ids: whether identifiers, UIDs, dates and file names stay as they are; otherwise names stand for them, made
    with the key that VOXMILL_KEY_FILE names, or one beside the store. allow_gaps: as read_image has it. workers: in how
    many processes; 0: in this one. begin and tell hear how many cases there are, and of every one that has ended.

    A case that cannot be read is a row of failures.parquet; the others go on. Raises InputError when there is no case
    in the source, OutputError when the store cannot be written, Stopped after a signal; run again, what is missing is
    done.
    """
    folder = create_store(store)
    pseudonyms = Pseudonyms(Key.for_store(folder, new=not ledger_of(folder).exists()), keep_ids)
    sources = find_cases(Path(source), pseudonyms)
    begin(len(sources.cases))
    with opened(ledger_of(folder)) as ledger:
        require_pseudonyms(ledger.folder, pseudonyms)
        job = Conversion(folder, pseudonyms, allow_gaps)
        ledger.disregard(job.key(case) for case in sources.cases if not is_store(folder / folder_name(case.name)))
        try:
            progress = run(job, sources.cases, ledger, workers=workers, tell=tell)
        finally:
            ledger.flush()
            unread = write_tables(folder, read_ledger(ledger.folder), sources.left_out)
    return Converted(folder, len(sources.cases), progress, len(sources.left_out), unread)


def require_pseudonyms(ledger: Path, pseudonyms: Pseudonyms) -> None:
    """Raise InputError where a store was begun with other pseudonyms: another key, or identifiers kept or not."""
    path, mine = ledger / PSEUDONYMS, {"key": pseudonyms.key.fingerprint, "keep_ids": pseudonyms.keep_ids}
    if not path.exists():
        with draft_of(path) as draft:
            draft.write_text(json.dumps(mine) + "\n")
    known = json.loads(path.read_text())
    if known["key"] != mine["key"]:
        raise InputError(
            "the store was begun with another key, so its cases would not be found again; give that key (STORE.key, or "
            "VOXMILL_KEY_FILE), or begin a new store"
        )
    if known["keep_ids"] != mine["keep_ids"]:
        kept = "keeps identifiers" if known["keep_ids"] else "does not keep identifiers"
        raise InputError(f"the store {kept}, and this conversion is to do otherwise; begin a new store for that")
