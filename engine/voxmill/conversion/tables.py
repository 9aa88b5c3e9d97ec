"""A table of cases, CSV or Parquet → its rows, by the names of columns."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from voxmill.errors import InputError

IMAGE = "image"
"""The column, or the beginning of the names of columns, that a table must have."""
Row: TypeAlias = Mapping[str, str] | InputError
"""Values by lower-case names of columns, without the spaces around them; or why there are none."""


def read_rows(table: Path) -> list[Row]:
    """The rows of a table, a ragged one as what is wrong with it.

    Raises InputError for a table that cannot be read, has no rows, or no column of images.
    """
    columns, rows = _parquet(table) if table.suffix.lower() == ".parquet" else _csv(table)
    names = [name.strip().lower() for name in columns]
    if not rows or not any(name.partition(":")[0] == IMAGE for name in names):
        there = f"its columns are {', '.join(filter(None, names))}" if rows else "it has no rows"
        raise InputError(f"{table.name}: a table of cases has a column 'image', and {there}; add it")
    return [_row(names, values) for values in rows]


def _row(names: Sequence[str], values: Sequence[str]) -> Row:
    """A row; fields that are missing at its end are none where their columns have no name."""
    if len(values) > len(names) or any(names[len(values) :]):
        return InputError(f"it has {len(values)} of {len(names)} fields; give each column its field, empty if need be")
    return {name: value.strip() for name, value in zip(names, values, strict=False) if name}


def _csv(table: Path) -> tuple[list[str], list[list[str]]]:
    """Names of columns, and rows, without blank lines."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows: Iterator[list[str]] = (row for row in csv.reader(file) if row)
            return next(rows, []), list(rows)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{table.name}: this table cannot be read ({error}); save it as CSV in UTF-8") from None


def _parquet(table: Path) -> tuple[list[str], list[list[str]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(table)
    except (OSError, pa.ArrowException):
        raise InputError(f"{table.name}: this Parquet file is damaged, or it is none; write it again") from None
    rows = [["" if value is None else str(value) for value in row.values()] for row in found.to_pylist()]
    return found.column_names, rows
