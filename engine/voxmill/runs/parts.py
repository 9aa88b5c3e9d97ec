"""The parts of a ledger: files of records, which never change once they have their names."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from voxmill.errors import InputError, OutputError
from voxmill.runs.records import Outcome, Record

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = tuple(Record.__dataclass_fields__)
ENDS = ("key", "outcome")


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


def table_of(rows: Sequence[Sequence[str]]) -> "pa.Table":
    """The texts of records as a table."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else [()] * len(FIELDS)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(FIELDS, columns, strict=True)})


def save(tables: Iterable["pa.Table"], file: BinaryIO) -> None:
    """Write tables as one, a batch for each."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in FIELDS])
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(file, schema, options=options) as writer:
        for table in tables:
            writer.write_table(table)


def regrouped(files: Iterable["PartFile"], rows: int) -> Iterator["pa.Table"]:
    """The records in files, in tables of at least so many rows."""
    import pyarrow as pa

    group: list[pa.RecordBatch] = []
    for batch in (batch for file in files for batch in file.batches(FIELDS)):
        group.append(batch)
        if sum(one.num_rows for one in group) >= rows:
            yield pa.Table.from_batches(group).combine_chunks()
            group = []
    if group:
        yield pa.Table.from_batches(group).combine_chunks()


@dataclass(frozen=True)
class PartFile:
    """A part that is open: it can be read even after it was taken away."""

    name: str
    source: Any

    def batches(self, fields: Sequence[str]) -> Iterator["pa.RecordBatch"]:
        """Some of its columns, batch by batch; InputError where it is damaged."""
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(included_fields=[FIELDS.index(field) for field in fields])
        try:
            reader = pa.ipc.open_file(self.source, options=options)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number).select(list(fields))
        except (pa.ArrowException, KeyError, OSError):
            raise InputError(
                f"{self.name}: this part of a ledger is damaged; delete it, and its cases are done again"
            ) from None


@contextmanager
def opened_parts(folder: Path, parts: Sequence[Part] | None = None) -> Iterator[list[PartFile]]:
    """Parts of a ledger, or all of them, open for reading; all that there are at one moment.

    Raises OutputError when one of those parts has gone: who writes them knows them all.
    """
    import pyarrow as pa

    with ExitStack() as stack:
        files = None
        while files is None:
            chosen = parts_in(folder) if parts is None else parts
            try:
                files = [PartFile(one.name, stack.enter_context(pa.OSFile(str(folder / one.name)))) for one in chosen]
            except FileNotFoundError:  # what replaces it is there by now
                stack.close()
                if parts is not None:
                    raise OutputError(
                        f"{folder.name}: a part of the ledger has gone, and this process took none away; leave the "
                        "folder to one run at a time, and run the command again"
                    ) from None
        yield files


def outcomes_in(file: PartFile) -> Iterator[tuple[str, Outcome]]:
    """Every key in a part, and how its case ended."""
    for batch in file.batches(ENDS):
        yield from zip(batch["key"].to_pylist(), map(Outcome, batch["outcome"].to_pylist()), strict=True)


def records_in(file: PartFile) -> Iterator[Record]:
    """The records in a part."""
    for batch in file.batches(FIELDS):
        yield from map(Record.of_texts, zip(*(column.to_pylist() for column in batch.columns), strict=True))
