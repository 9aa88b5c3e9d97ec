"""The tables of a run: features, wide and long, failures and inputs; the same bytes however the cases were done."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voxmill.cohort.layout import FAILED, FAILURES, FEATURES, INPUTS, LONG, Layout
from voxmill.cohort.packing import unpack_names, unpack_values
from voxmill.columns import FIRST, LAST
from voxmill.drafts import draft_of
from voxmill.errors import InputError, several

if TYPE_CHECKING:
    import pyarrow as pa

    from voxmill.cohort.ordering import Ranked

DIGESTS = ("case", "image", "mask", "image_sha256", "mask_sha256")
LONG_COLUMNS = ("case", "image", "mask", "region", "feature", "value")


@dataclass(frozen=True, eq=False)
class Entries:
    """The cases of a run by rank: their names, and their places in the table that further columns are carried from."""

    names: Sequence[str]
    places: Sequence[int]
    further: "pa.Table | None" = None


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a run, open for writing, case after case."""

    layout: Layout
    entries: Entries
    features: Any
    inputs: Any
    long: Any = None
    told: list[Mapping[str, str]] = field(default_factory=list)
    """The inputs of the newest case that are written: others of its name, which lie beside it, may share them."""

    def add(self, results: "Sequence[Ranked]") -> None:
        """Write the results of cases, of the next ranks."""
        import pyarrow as pa

        inputs = list(self._inputs(results))
        if inputs:
            self.inputs.write_table(pa.Table.from_pylist(inputs, _texts(DIGESTS)))
        rows = [(rank, row) for rank, result in results for row in sorted(result["rows"], key=_place)]
        if not rows:
            return
        table = self._table(rows)
        self.features.write_table(table)
        if self.long is not None:
            for batch in table.to_batches(LONG_ROWS):
                self.long.write_table(_lengthened(pa.Table.from_batches([batch]), self.layout))

    def _inputs(self, results: "Sequence[Ranked]") -> Iterator[Mapping[str, str]]:
        """What was measured: each image and mask of a case once."""
        for rank, result in results:
            for one in sorted(result["inputs"], key=_place):
                row = {"case": self.entries.names[rank], **one}
                if self.told and self.told[0]["case"] != row["case"]:
                    self.told.clear()
                if row not in self.told:
                    self.told.append(row)
                    yield row

    def _table(self, rows: "Sequence[Ranked]") -> "pa.Table":
        """Rows as columns."""
        import pyarrow as pa

        ranks = [rank for rank, _ in rows]
        columns: dict[str, Any] = {"case": [self.entries.names[rank] for rank in ranks]}
        columns |= {name: [row[name] for _, row in rows] for name in (*FIRST, *LAST) if name != "case"}
        if self.entries.further is not None:
            carried = self.entries.further.take(pa.array([self.entries.places[rank] for rank in ranks], pa.int64()))
            columns |= {name: carried[name] for name in carried.column_names}
        for name, kind in self.layout.diagnostics.items():
            values = [row["diagnostics"].get(name) for _, row in rows]
            columns[name] = [value if value is None else kind(value) for value in values]
        columns |= self._values([row for _, row in rows])
        schema = self.layout.schema
        return pa.table({name: columns[name] for name in schema.names}, schema=schema)

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> "dict[str, pa.Array]":
        """The columns of features; null where a row has no such feature, NaN where it has no number."""
        import pyarrow as pa

        place = {name: at for at, name in enumerate(self.layout.features)}
        values = np.zeros((len(place), len(rows)))
        missing = np.ones(values.shape, bool)
        for at, row in enumerate(rows):
            places = [place[name] for name in unpack_names(row["names"])]
            values[places, at] = unpack_values(row["values"])
            missing[places, at] = False
        return {name: pa.array(values[at], mask=missing[at]) for name, at in place.items()}


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    """Rows of a case go by image and mask; those of a mask keep the order of its regions."""
    return row["image"], row["mask"]


LONG_ROWS = 100
"""Rows that become long at a time: each has a value for every feature."""


def _lengthened(table: "pa.Table", layout: Layout) -> "pa.Table":
    """A row for each value that there is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array(layout.features, pa.string())
    count = len(names)
    at = np.repeat(np.arange(table.num_rows), count)
    columns = {name: table[name].take(pa.array(at)) for name in LONG_COLUMNS[:4]}
    values = np.stack([table[name].to_numpy() for name in layout.features]) if count else np.zeros((0, len(table)))
    there = np.stack([table[name].is_valid().to_numpy() for name in layout.features]) if count else values == 1
    columns["feature"] = pc.take(names, pa.array(np.tile(np.arange(count), table.num_rows)))
    columns["value"] = pa.array(values.T.ravel())
    return pa.table(columns).filter(pa.array(there.T.ravel()))


@contextmanager
def opened(folder: Path, layout: Layout, entries: Entries, *, long: bool) -> Iterator[Tables]:
    """The tables in a folder, which appear whole at the end; raises OutputError where they cannot be written."""
    import pyarrow as pa

    lengthy = pa.schema([*_texts(LONG_COLUMNS[:5]), pa.field("value", pa.float64())])
    with ExitStack() as stack:
        features = stack.enter_context(_parquet(folder / FEATURES, layout.schema))
        inputs = stack.enter_context(_parquet(folder / INPUTS, _texts(DIGESTS)))
        lengthened = stack.enter_context(_parquet(folder / LONG, lengthy)) if long else None
        yield Tables(layout, entries, features, inputs, lengthened)


def write_failures(folder: Path, failures: Sequence[Mapping[str, str]]) -> None:
    """Write what could not be measured, sorted; raises OutputError where that is impossible."""
    import pyarrow as pa

    ordered = sorted(failures, key=lambda row: [row.get(name, "") for name in FAILED])
    texts = [{name: row.get(name, "") for name in FAILED} for row in ordered]
    with _parquet(folder / FAILURES, _texts(FAILED)) as writer:
        writer.write_table(pa.Table.from_pylist(texts, _texts(FAILED)))


def require_csv(source: str, further: "pa.Schema") -> None:
    """Raise InputError for columns of a table that CSV cannot hold."""
    import pyarrow as pa
    import pyarrow.csv as pc

    unfit = []
    for one in further:
        try:
            pc.CSVWriter(pa.BufferOutputStream(), pa.schema([one])).close()
        except pa.ArrowException:
            unfit.append(f"{one.name} ({one.type})")
    if unfit:
        raise InputError(
            f"{source}: CSV cannot hold column {several(unfit)}; leave out --csv, or take it out of the table"
        )


def write_csv(source: Path, path: Path) -> None:
    """Write a Parquet file as CSV, some rows at a time; every number keeps all its digits."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    with draft_of(path) as draft, pq.ParquetFile(source) as file, pc.CSVWriter(draft, file.schema_arrow) as writer:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group))


def _texts(names: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string()) for name in names])


@contextmanager
def _parquet(path: Path, schema: "pa.Schema") -> Iterator[Any]:
    """A Parquet file, written whole: the same options whatever is in it, and nothing about who wrote it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    with (
        draft_of(path) as draft,
        pq.ParquetWriter(draft, schema, version="2.6", compression="zstd", use_dictionary=texts) as writer,
    ):
        yield writer
