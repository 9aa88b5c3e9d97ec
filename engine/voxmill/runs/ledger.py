"""The ledger: an append-only folder of parts, each a file of many records, written by one process at a time.

A part is an Arrow file that gets its name when all of it lies on the disk, so that no part is ever half there. Of a run
that is killed, what came after its last part is done again. Many parts of a size become one of the next size. Others
may read while one writes: what a part holds never changes, and a part goes only after what replaces it has come.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from voxmill.errors import InputError, OutputError
from voxmill.grouping import GROUP_BYTES, grouped
from voxmill.runs.disk import DISK, Disk
from voxmill.runs.lock import Lock, locked
from voxmill.runs.parts import Part, bytes_of, outcomes_in, parts_in, records_in, regrouped, save, table_of
from voxmill.runs.records import Outcome, Record

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
LOCK, ABOUT = "lock", "ledger.json"
SECONDS = 2.0
"""How long records may not be on the disk yet, if they are no more than a group of them holds."""
MANY = 32
"""Parts of a size that become one."""


class Ledger:
    """The ledger of a run, open for writing: `outcomes` by key, `parts` in order. `opened` gives one."""

    def __init__(self, folder: Path, lock: Lock, disk: Disk = DISK) -> None:
        self.folder, self._lock, self._disk = folder, lock, disk
        self.parts = parts_in(folder)
        self.outcomes = _outcomes(folder, self.parts)
        self._waiting: list[tuple[str, ...]] = []
        self._waiting_bytes = 0
        self._written = time.monotonic()

    def add(self, record: Record) -> None:
        """Note how a case ended; it is on the disk SECONDS later, or after `flush`."""
        self.outcomes[record.key] = record.outcome
        self._waiting.append(texts := record.texts)
        self._waiting_bytes += bytes_of(texts)
        self.tick()

    def disregard(self, keys: Iterable[str]) -> None:
        """Take these cases for not done, whatever is written: what came out of them is not there any more."""
        for key in keys:
            self.outcomes.pop(key, None)

    def tick(self) -> None:
        """Write what has waited long enough; to be called now and then."""
        if self._waiting_bytes >= GROUP_BYTES or time.monotonic() - self._written >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all records that wait. Raises OutputError when that is impossible, or another process writes here."""
        self._written = time.monotonic()
        try:
            if self._waiting:
                self.write([table_of(self._waiting)], self.part(self.parts[-1].number + 1 if self.parts else 1, 0))
                self._waiting, self._waiting_bytes = [], 0
                self._join()
        except OSError as error:
            raise OutputError(
                f"{self.folder.name}: the ledger cannot be written: {error.strerror or error}; run the command again "
                "when that is mended: what is in the ledger stays done"
            ) from None

    def _join(self) -> None:
        """One part in place of the newest ones, while MANY have one size; it is whole before the others go."""
        while len(newest := self._newest()) >= MANY:
            paths = [self.folder / part.name for part in newest]
            self.write(regrouped(paths), self.part(newest[-1].number, newest[-1].size + 1))
            self.parts = [*self.parts[: -len(newest) - 1], self.parts[-1]]
            self.remove(newest)

    def part(self, number: int, size: int) -> Part:
        """A part that this process writes."""
        return Part(number, size, self._lock.name)

    def _newest(self) -> Sequence[Part]:
        """The last parts, as far back as they have the size of the very last."""
        smaller = takewhile(lambda part: part.size == self.parts[-1].size, reversed(self.parts))
        return list(smaller)[::-1]

    def write(self, tables: Iterable["pa.Table"], part: Part) -> None:
        """Write a part, whole or not at all; raises OSError, and OutputError when another process writes here."""
        _place(self.folder / part.name, lambda file: save(tables, file), self._disk, self._lock)
        self.parts.append(part)

    def remove(self, parts: Iterable[Part]) -> None:
        """Take parts away that others have replaced; raises OSError, and OutputError as `write` does."""
        self._lock.require()
        for part in parts:
            self._disk.remove(self.folder / part.name)
        self._disk.settle(self.folder)


@contextmanager
def opened(folder: Path, disk: Disk = DISK) -> Iterator[Ledger]:
    """The ledger in a folder, made where there is none, for this process alone.

    Raises OutputError when another process writes to it, when it cannot be made and where it is a link, InputError when
    a part is damaged.
    """
    require_no_link(folder)
    with ExitStack() as stack:
        try:
            _make(folder, disk)
            lock = stack.enter_context(locked(folder / LOCK, disk))
            _begin(folder, disk, lock)
        except OSError as error:
            raise OutputError(
                f"{folder.name}: cannot be written to: {error.strerror or error}; make room, or ask for permission to "
                "write there"
            ) from None
        _check_version(folder)
        ledger = Ledger(folder, lock, disk)
        try:
            yield ledger
        finally:
            ledger.flush()


def read_outcomes(folder: Path) -> dict[str, Outcome]:
    """How the cases in a folder ended last, by key; none where there is no ledger.

    Another may write meanwhile. Raises InputError as `read_ledger` does.
    """
    if not (folder / ABOUT).exists():
        return {}
    _check_version(folder)
    parts = parts_in(folder)
    while True:
        try:
            return _outcomes(folder, parts)
        except FileNotFoundError:
            before, parts = parts, parts_in(folder)
            if parts == before:
                raise _gone(folder) from None


def _outcomes(folder: Path, parts: Iterable[Part]) -> dict[str, Outcome]:
    return {key: outcome for part in parts for key, outcome in outcomes_in(folder / part.name)}


def require_no_link(folder: Path) -> None:
    """Raise OutputError where the folder of a ledger, or another of ours, is a link, which may lead to what is not."""
    if folder.is_symlink():
        raise OutputError(
            f"{folder.name}: this is a link, which is not followed; put the folder itself in its place, or take it away"
        )


def read_ledger(folder: Path) -> Iterator[Record]:
    """The records in a folder, of every key the newest; none where there is no ledger.

    Another may write meanwhile, and take parts away that others replace: then the rest is read from those. Raises
    InputError where a part is damaged, or has gone though nothing replaces it.
    """
    if (folder / ABOUT).exists():
        _check_version(folder)
    parts, wanted = parts_in(folder), None
    while True:
        try:
            newest = _newest(folder, parts)
            wanted = newest if wanted is None else {key: newest[key] for key in wanted if key in newest}
            yield from _taken(folder, parts, wanted)
        except FileNotFoundError:
            before, parts = parts, parts_in(folder)
            if parts == before:
                raise _gone(folder) from None
        else:
            return


def _gone(folder: Path) -> InputError:
    return InputError(f"{folder.name}: a part of the ledger cannot be opened, though it is there")


def _newest(folder: Path, parts: Iterable[Part]) -> dict[str, tuple[Part, int]]:
    """The part and the row of every key's newest record."""
    return {key: (part, row) for part in parts for row, (key, _) in enumerate(outcomes_in(folder / part.name))}


def _taken(folder: Path, parts: Iterable[Part], wanted: dict[str, tuple[Part, int]]) -> Iterator[Record]:
    """The records that are wanted, by key, part and row; each is wanted no more then."""
    for part in parts:
        for row, record in enumerate(records_in(folder / part.name)):
            if wanted.get(record.key) == (part, row):
                del wanted[record.key]
                yield record


def forget(ledger: Ledger, keys: frozenset[str]) -> None:
    """Take the records of these keys out of a ledger, for good. Raises OutputError when that is impossible."""
    ledger.flush()
    old, kept = ledger.parts, (record for record in read_ledger(ledger.folder) if record.key not in keys)
    ledger.parts = []
    part = ledger.part(old[-1].number + 1 if old else 1, max((one.size for one in old), default=0))
    try:
        ledger.write(map(table_of, grouped((record.texts for record in kept), bytes_of)), part)
        ledger.remove(old)
    except OSError as error:
        ledger.parts = parts_in(ledger.folder)
        raise OutputError(f"{ledger.folder.name}: records cannot be erased: {error.strerror or error}") from None
    ledger.disregard(keys)


def _make(folder: Path, disk: Disk) -> None:
    """Make a folder, and those that it is in, so that each lies on the disk; raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        disk.settle(one.parent)


def _begin(folder: Path, disk: Disk, lock: Lock) -> None:
    """Sweep away what was left half written, and say what the folder is; raises OSError."""
    for left in folder.glob("*.draft"):
        disk.remove(left)
    if not (folder / ABOUT).exists():
        about = json.dumps({"format_version": FORMAT_VERSION}) + "\n"
        _place(folder / ABOUT, lambda file: file.write(about.encode()), disk, lock)


def _place(path: Path, fill: Callable[[BinaryIO], object], disk: Disk, lock: Lock) -> None:
    """Write a file that has its name as soon as all of it lies on the disk; raises OSError.

    Who writes may sleep at any moment, and wake when the lock is another's: raises OutputError then. Should it sleep
    again before the rename, its name is still no other's.
    """
    draft = path.with_suffix(".draft")
    try:
        disk.write(draft, fill)
        lock.require()
        disk.rename(draft, path)
        disk.settle(path.parent)
    except (OSError, OutputError):
        disk.remove(draft)
        raise


def _check_version(folder: Path) -> None:
    about = folder / ABOUT
    try:
        found = json.loads(about.read_text())["format_version"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{about.name}: this is no ledger of a run, or it is damaged") from None
    if found != FORMAT_VERSION:
        raise InputError(
            f"{about.name}: a ledger of format {found}, and this version of Voxmill has format {FORMAT_VERSION}; "
            "use the version that made it"
        )
