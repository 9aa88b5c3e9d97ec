"""The parts of a ledger: files of records, which never change once they have their names."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from voxmill.errors import InputError
from voxmill.grouping import grouped
from voxmill.runs.records import Outcome, Record

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = tuple(Record.__dataclass_fields__)
ENDS = ("key", "outcome")
RECORD_BYTES = 500
"""What a record takes beside its texts, as Python holds it."""


@dataclass(frozen=True, order=True)
class Part:
    """A file of records: its number, how often what is in it has been joined, and which lock its writer held.

    In order, the oldest first. Parts of early versions tell no lock.
    """

    number: int
    size: int
    writer: str = ""

    @property
    def name(self) -> str:
        """The name of its file."""
        return "-".join(("part", f"{self.number:08}", str(self.size), *filter(None, [self.writer]))) + ".arrow"


def parts_in(folder: Path) -> list[Part]:
    """The parts in a folder, the oldest first."""
    told = (path.stem.split("-")[1:] for path in folder.glob("part-*-*.arrow"))
    return sorted(Part(int(number), int(size), *writer) for number, size, *writer in told)


def bytes_of(row: Sequence[str]) -> int:
    """What the texts of a record take of memory."""
    return RECORD_BYTES + sum(map(len, row))


def table_of(rows: Sequence[Sequence[str]]) -> "pa.Table":
    """The texts of records as a table."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else [()] * len(FIELDS)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(FIELDS, columns, strict=True)})


def save(tables: Iterable["pa.Table"], file: BinaryIO) -> None:
    """Write tables as one, a batch for each."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in FIELDS], metadata={"digests": "SHA-256"})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(file, schema, options=options) as writer:
        for table in tables:
            for batch in table.to_batches():
                writer.write_batch(batch, custom_metadata=_digests(batch))


def regrouped(paths: Iterable[Path]) -> Iterator["pa.Table"]:
    """The records in parts, in fewer tables, each of a bounded size."""
    import pyarrow as pa

    batches = (batch for path in paths for batch in batches_in(path, FIELDS))
    for group in grouped(batches, lambda batch: batch.nbytes + RECORD_BYTES * batch.num_rows):
        yield pa.Table.from_batches(group).combine_chunks()


def batches_in(path: Path, fields: Sequence[str]) -> Iterator["pa.RecordBatch"]:
    """Some columns of a part, batch by batch; FileNotFoundError where it has gone, InputError where it is damaged.

    One part is open at a time: there may be more of them than a process may have open files.
    """
    import pyarrow as pa

    options = pa.ipc.IpcReadOptions(included_fields=[FIELDS.index(field) for field in fields])
    with pa.OSFile(str(path)) as source, _damage_told(path):
        reader = pa.ipc.open_file(source, options=options)
        for number in range(reader.num_record_batches):
            batch, noted = reader.get_batch_with_custom_metadata(number)
            found = batch.select(list(fields))
            if reader.schema.metadata:  # parts of early versions have no digests
                _require_digests(found, noted)
            yield found


def outcomes_in(path: Path) -> Iterator[tuple[str, Outcome]]:
    """Every key in a part, and how its case ended; raises as `batches_in` does."""
    for batch in batches_in(path, ENDS):
        yield from zip(batch["key"].to_pylist(), map(Outcome, batch["outcome"].to_pylist()), strict=True)


def records_in(path: Path) -> Iterator[Record]:
    """The records in a part; raises as `batches_in` does."""
    for batch in batches_in(path, FIELDS):
        yield from map(Record.of_texts, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _require_digests(batch: "pa.RecordBatch", noted: "pa.KeyValueMetadata | None") -> None:
    """Raise ValueError where a batch is not what was written."""
    batch.validate(full=True)
    if noted is None or any(noted[name] != digest for name, digest in _digests(batch).items()):
        raise ValueError


def _digests(batch: "pa.RecordBatch") -> dict[bytes, bytes]:
    """By column, the SHA-256 of its texts: how many are missing, where each ends, and all of them."""
    found = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        _, offsets, content = column.buffers()
        digest = hashlib.sha256(f"{column.null_count} of {batch.num_rows}".encode())
        ends = memoryview(offsets or b"")[: 4 * (len(column) + 1)]
        digest.update(ends)
        digest.update(memoryview(content or b"")[: int.from_bytes(ends[-4:], "little")])
        found[name.encode()] = digest.hexdigest().encode()
    return found


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """While inside, what shows that a part is damaged is an InputError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, KeyError, OSError, ValueError, SystemError, IndexError, OverflowError):
        sentence = f"{path.name}: this part of a ledger is damaged; delete it, and its cases are done again"
        raise InputError(sentence) from None
