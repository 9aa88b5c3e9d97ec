"""The tables of a run: features, wide and long, failures and inputs; the same bytes however the cases were done."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxmill.cohort.layout import CSV, FAILED, FAILURES, FEATURES, INPUTS, LONG, Forms, Layout
from voxmill.cohort.packing import unpack_names, unpack_values
from voxmill.columns import FIRST, LAST
from voxmill.drafts import draft_of
from voxmill.errors import InputError, several
from voxmill.grouping import grouped

if TYPE_CHECKING:
    import pyarrow as pa

    from voxmill.cohort.ordering import Ranked

DIGESTS = ("case", "image", "mask", "image_sha256", "mask_sha256")
LONG_COLUMNS = ("case", "image", "mask", "region", "feature", "value")
NUMBER_BYTES = 8
LEAST_BYTES = 2**25
"""What is written at a time of tables that are not huge: numbers, and the texts that they come as."""
NOTED_BYTES = 900
"""What Parquet's writer keeps of every column of every group until the end (measured)."""
OUT_OF_RANGE = "<value out of range"
"""What Arrow writes of a time beyond all dates."""
LONG_VALUES, CSV_VALUES, LEAST_ROWS = 2**17, 2**18, 64
"""Values that become long, or text, at a time; and the fewest rows of CSV, as every column has its price there."""


@dataclass(frozen=True, eq=False)
class Entries:
    """The cases of a run by rank: their names, and their places in the table that further columns are carried from."""

    names: Sequence[str]
    places: Sequence[int]
    further: "pa.Table | None" = None


class Values(NamedTuple):
    """The numbers of rows, feature × row, and where there is none."""

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a run, open for writing, case after case."""

    layout: Layout
    entries: Entries
    features: Any
    inputs: Any
    long: Any = None
    csv: Any = None
    told: list[Mapping[str, str]] = field(default_factory=list)
    """The inputs of the newest case that are written: others of its name, which lie beside it, may share them."""

    def write(self, results: "Iterable[Ranked]", rows: int) -> None:
        """Write the results of all cases, by rank, that have so many rows; groups of them follow from these alone."""
        row_bytes = NUMBER_BYTES * len(self.layout.schema)
        if self.entries.further is not None:
            row_bytes += self.entries.further.nbytes // max(1, self.entries.further.num_rows)
        most = _group_bytes(rows, len(self.layout.schema))
        for group in grouped(results, lambda one: one.bytes + row_bytes * len(one.result["rows"]), most):
            self._add(group)

    def _add(self, results: "Sequence[Ranked]") -> None:
        """Write the results of cases, of the next ranks."""
        import pyarrow as pa

        inputs = list(self._inputs(results))
        if inputs:
            self.inputs.write_table(pa.Table.from_pylist(inputs, _texts(DIGESTS)))
        rows = [(one.rank, row) for one in results for row in sorted(one.result["rows"], key=_place)]
        if not rows:
            return
        values = self._values([row for _, row in rows])
        table = self._table(rows, values)
        self.features.write_table(table)
        if self.csv is not None:
            self.csv.write_table(table)
        if self.long is not None:
            for part in _lengthened(table, values, self.layout):
                self.long.write_table(part)

    def _inputs(self, results: "Sequence[Ranked]") -> Iterator[Mapping[str, str]]:
        """What was measured: each image and mask of a case once."""
        for one in results:
            for put in sorted(one.result["inputs"], key=_place):
                row = {"case": self.entries.names[one.rank], **put}
                if self.told and self.told[0]["case"] != row["case"]:
                    self.told.clear()
                if row not in self.told:
                    self.told.append(row)
                    yield row

    def _table(self, rows: "Sequence[tuple[int, Mapping[str, Any]]]", values: Values) -> "pa.Table":
        """Rows as columns."""
        import pyarrow as pa

        ranks = [rank for rank, _ in rows]
        columns: dict[str, Any] = {"case": [self.entries.names[rank] for rank in ranks]}
        columns |= {name: [row[name] for _, row in rows] for name in (*FIRST, *LAST) if name != "case"}
        if self.entries.further is not None:
            carried = self.entries.further.take(pa.array([self.entries.places[rank] for rank in ranks], pa.int64()))
            columns |= {name: carried[name] for name in carried.column_names}
        for name, kind in self.layout.diagnostics.items():
            found = [row["diagnostics"].get(name) for _, row in rows]
            columns[name] = [value if value is None else kind(value) for value in found]
        for name, numbers, missing in zip(self.layout.features, *values, strict=True):
            columns[name] = pa.array(numbers, mask=missing)
        schema = self.layout.schema
        return pa.table({name: columns[name] for name in schema.names}, schema=schema)

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> Values:
        """The numbers of features; missing where a row has no such feature, NaN where it has no number."""
        place = {name: at for at, name in enumerate(self.layout.features)}
        values = np.zeros((len(place), len(rows)))
        missing = np.ones(values.shape, bool)
        for at, row in enumerate(rows):
            places = [place[name] for name in unpack_names(row["names"])]
            values[places, at] = unpack_values(row["values"])
            missing[places, at] = False
        return Values(values, missing)


def _group_bytes(rows: int, columns: int) -> int:
    """How much of so many rows is written at a time: more of very many, as every group of Parquet has its price."""
    return max(LEAST_BYTES, int(columns * math.sqrt(rows * NUMBER_BYTES * NOTED_BYTES)))


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    """Rows of a case go by image and mask; those of a mask keep the order of its regions."""
    return row["image"], row["mask"]


def _lengthened(table: "pa.Table", numbers: Values, layout: Layout) -> "Iterator[pa.Table]":
    """A row for each value that there is, of some rows at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names, count = pa.array(layout.features, pa.string()), len(layout.features)
    some = max(1, LONG_VALUES // max(1, count))
    for first in range(0, table.num_rows, some):
        values = numbers.values[:, first : first + some].T.ravel()
        there = np.flatnonzero(numbers.missing[:, first : first + some].T.ravel() == 0)
        rows = table.slice(first, some).select(LONG_COLUMNS[:4]).take(pa.array(there // max(1, count)))
        features = pc.take(names, pa.array(there % max(1, count)))
        yield rows.append_column("feature", features).append_column("value", pa.array(values[there]))


@contextmanager
def opened(folder: Path, layout: Layout, entries: Entries, forms: Forms) -> Iterator[Tables]:
    """The tables in a folder, which appear whole at the end; raises OutputError where they cannot be written."""
    import pyarrow as pa

    lengthy = pa.schema([*_texts(LONG_COLUMNS[:5]), pa.field("value", pa.float64())])
    with ExitStack() as stack:
        csv = stack.enter_context(_csv(folder / CSV, layout.schema)) if forms.csv else None
        features = stack.enter_context(_parquet(folder / FEATURES, layout.schema))
        inputs = stack.enter_context(_parquet(folder / INPUTS, _texts(DIGESTS)))
        long = stack.enter_context(_parquet(folder / LONG, lengthy)) if forms.long else None
        yield Tables(layout, entries, features, inputs, long, csv)


def write_failures(folder: Path, failures: Sequence[Mapping[str, str]]) -> None:
    """Write what could not be measured, sorted; raises OutputError where that is impossible."""
    import pyarrow as pa

    ordered = sorted(failures, key=lambda row: [row.get(name, "") for name in FAILED])
    texts = [{name: row.get(name, "") for name in FAILED} for row in ordered]
    with _parquet(folder / FAILURES, _texts(FAILED)) as writer:
        writer.write_table(pa.Table.from_pylist(texts, _texts(FAILED)))


def require_csv(source: str, further: "pa.Table") -> None:
    """Raise InputError for columns of a table that CSV cannot hold, or not as they are."""
    unfit = [f"{one.name} ({one.type})" for one in further.schema if not _fits_csv(further.select([one.name]))]
    if unfit:
        raise InputError(
            f"{source}: CSV cannot hold column {several(unfit)}; leave out --csv, or take it out of the table"
        )


def _fits_csv(column: "pa.Table") -> bool:
    """Whether a column can be written: values of no structure, text that is UTF-8, times that have a date."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    try:
        column.validate(full=True)
        with pyarrow.csv.CSVWriter(os.devnull, column.schema) as writer:
            writer.write_table(column)
        kind = column.schema.types[0]
        written = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not pa.types.is_temporal(written):
            return True
        return not pc.any(pc.starts_with(column[0].cast(written).cast(pa.string()), OUT_OF_RANGE)).as_py()
    except pa.ArrowException:
        return False


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


@contextmanager
def _csv(path: Path, schema: "pa.Schema") -> Iterator[Any]:
    """A CSV file, written whole; every number keeps all its digits."""
    import pyarrow.csv as pc

    options = pc.WriteOptions(batch_size=max(LEAST_ROWS, CSV_VALUES // len(schema)))
    with draft_of(path) as draft, pc.CSVWriter(draft, schema, write_options=options) as writer:
        yield writer
