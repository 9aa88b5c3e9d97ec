"""The ledger: an append-only folder of parts, each a file of many records, written by one process at a time.

A part is an Arrow file that gets its name when all of it lies on the disk, so that no part is ever half there. Of a run
that is killed, what came after its last part is done again. Many parts of a size become one of the next size.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from voxmill.errors import InputError, OutputError
from voxmill.runs.lock import locked
from voxmill.runs.records import Outcome, Record

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 1
LOCK, ABOUT = "lock", "ledger.json"
BATCH = 500
"""The most records that are not on the disk yet."""
SECONDS = 2.0
"""How long they may be so."""
MANY = 32
"""Parts of a size that become one."""
FIELDS = tuple(Record.__dataclass_fields__)


@dataclass(frozen=True, order=True)
class Part:
    """A file of records: its number, and how often what is in it has been joined. In order, the oldest first."""

    number: int
    size: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"part-{self.number:08}-{self.size}.arrow"


class Ledger:
    """The ledger of a run, open for writing: `outcomes` by key, `parts` in order. `opened` gives one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = _parts(folder)
        self.outcomes = {key: outcome for part in self.parts for key, outcome in _outcomes(folder / part.name)}
        self._waiting: list[Record] = []
        self._written = time.monotonic()

    def add(self, record: Record) -> None:
        """Note how a case ended; it is on the disk SECONDS later, or after `flush`."""
        self.outcomes[record.key] = record.outcome
        self._waiting.append(record)
        self.tick()

    def disregard(self, keys: Iterable[str]) -> None:
        """Take these cases for not done, whatever is written: what came out of them is not there any more."""
        for key in keys:
            self.outcomes.pop(key, None)

    def tick(self) -> None:
        """Write what has waited long enough; called now and then, it is also a sign of life for others."""
        if len(self._waiting) >= BATCH or time.monotonic() - self._written >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write all records that wait. Raises OutputError when that is impossible."""
        self._written = time.monotonic()
        try:
            (self.folder / LOCK).touch()
            if self._waiting:
                self.write(_table(self._waiting), Part(self.parts[-1].number + 1 if self.parts else 1, 0))
                self._waiting = []
                self._join()
        except OSError as error:
            raise OutputError(
                f"{self.folder.name}: the ledger cannot be written: {error.strerror or error}; run the command again "
                "when that is mended: what is in the ledger stays done"
            ) from None

    def _join(self) -> None:
        """One part in place of the newest ones, while MANY have one size; it is whole before the others go."""
        import pyarrow as pa

        while len(newest := self._newest()) >= MANY:
            tables = [_read(self.folder / part.name) for part in newest]
            self.parts = self.parts[: -len(newest)]
            self.write(pa.concat_tables(tables), Part(newest[-1].number, newest[-1].size + 1))
            for part in newest:
                (self.folder / part.name).unlink()

    def _newest(self) -> Sequence[Part]:
        """The last parts, as far back as they have the size of the very last."""
        smaller = takewhile(lambda part: part.size == self.parts[-1].size, reversed(self.parts))
        return list(smaller)[::-1]

    def write(self, table: "pa.Table", part: Part) -> None:
        """Write a part, whole or not at all; raises OSError."""
        path = self.folder / part.name
        draft = path.with_suffix(".draft")
        try:
            _save(table, draft)
            draft.replace(path)
            _settle(self.folder)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        self.parts.append(part)


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """The ledger in a folder, made where there is none, for this process alone.

    Raises OutputError when another process writes to it or it cannot be made, InputError when a part is damaged.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder.name}: the folder of a run cannot be made: {error.strerror or error}") from None
    with locked(folder / LOCK):
        _check_version(folder, new=True)
        for left in folder.glob("*.draft"):
            left.unlink()
        ledger = Ledger(folder)
        try:
            yield ledger
        finally:
            ledger.flush()


def read_ledger(folder: Path) -> Iterator[Record]:
    """The records in a folder that nobody else writes to, of every key the newest; none where there is no ledger."""
    _check_version(folder, new=False)
    paths = [folder / part.name for part in _parts(folder)]
    newest = {key: (path, row) for path in paths for row, (key, _) in enumerate(_outcomes(path))}
    for path in paths:
        for row, values in enumerate(_read(path).to_pylist()):
            if newest[values["key"]] == (path, row):
                yield Record(
                    **{**values, "outcome": Outcome(values["outcome"]), "result": json.loads(values["result"])}
                )


def forget(ledger: Ledger, keys: frozenset[str]) -> None:
    """Take the records of these keys out of a ledger, for good. Raises OutputError when that is impossible."""
    ledger.flush()
    kept = [record for record in read_ledger(ledger.folder) if record.key not in keys]
    old, ledger.parts = ledger.parts, []
    ledger.outcomes = {record.key: record.outcome for record in kept}
    number = old[-1].number + 1 if old else 1
    try:
        ledger.write(_table(kept), Part(number, max((part.size for part in old), default=0)))
        for part in old:
            (ledger.folder / part.name).unlink()
    except OSError as error:
        raise OutputError(f"{ledger.folder.name}: records cannot be erased: {error.strerror or error}") from None


def _parts(folder: Path) -> list[Part]:
    """The parts in a folder, the oldest first."""
    numbers = (path.stem.split("-")[1:] for path in folder.glob("part-*-*.arrow"))
    return sorted(Part(int(number), int(size)) for number, size in numbers)


def _check_version(folder: Path, *, new: bool) -> None:
    about = folder / ABOUT
    try:
        found = json.loads(about.read_text())["format_version"]
    except FileNotFoundError:
        if new:
            about.write_text(json.dumps({"format_version": FORMAT_VERSION}) + "\n")
        return
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{about.name}: this is no ledger of a run, or it is damaged") from None
    if found != FORMAT_VERSION:
        raise InputError(
            f"{about.name}: a ledger of format {found}, and this version of Voxmill has format {FORMAT_VERSION}; "
            "use the version that made it"
        )


def _table(records: Iterable[Record]) -> "pa.Table":
    import pyarrow as pa

    rows = [{**asdict(record), "result": json.dumps(dict(record.result), allow_nan=False)} for record in records]
    return pa.table({name: pa.array([str(row[name]) for row in rows], pa.string()) for name in FIELDS})


def _save(table: "pa.Table", path: Path) -> None:
    """Write a table, and come back when it lies on the disk."""
    import pyarrow as pa

    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with path.open("wb") as file:
        with pa.ipc.new_file(file, table.schema, options=options) as writer:
            writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Come back when the names in a folder lie on the disk, where a system can tell."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _outcomes(path: Path) -> Iterator[tuple[str, Outcome]]:
    table = _read(path)
    yield from zip(table["key"].to_pylist(), map(Outcome, table["outcome"].to_pylist()), strict=True)


def _read(path: Path) -> "pa.Table":
    """A part; InputError where it is none."""
    import pyarrow as pa

    try:
        table = pa.ipc.open_file(pa.py_buffer(path.read_bytes())).read_all()
        return table.select(FIELDS)
    except (pa.ArrowException, KeyError):
        raise InputError(
            f"{path.name}: this part of a ledger is damaged; delete it, and its cases are done again"
        ) from None
