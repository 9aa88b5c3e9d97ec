"""A table of cases (CSV, Parquet), as people write it: which images and which mask every row names."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill.errors import InputError
from voxmill.io.remote import Location, Remote

if TYPE_CHECKING:
    import pyarrow as pa

IMAGE, MASK = "image", "mask"
CASE = ("case", "id", "patient", "patientid")
"""Columns that name a case; the first one there counts. PyRadiomics' batch files have ID."""
LABEL, CHANNEL = "Label", "Label_channel"
"""Columns of PyRadiomics' batch files that choose a label, written exactly so: a `label` may be anything else."""
TABLES = (".csv", ".parquet")
SEPARATORS = ",;\t"
"""What is between the columns of CSV: where the comma is in decimals, programs write semicolons."""
LONGEST_LINE = 2**20
"""Letters of a first line that are looked at for its separator."""
CHUNK = 10_000
"""Rows that are Python's own at a time."""


@dataclass(frozen=True)
class Listed:
    """A row of a table, as it is written there; '' for what it has not.

    number: from 1. case: how it calls its case. images: paths by name. label, channel: what PyRadiomics' batch files
    choose. fault: what is wrong with the row itself.
    """

    number: int
    case: str
    images: Mapping[str, str]
    mask: str
    label: str
    channel: str
    fault: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"row {self.number}: "


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table of cases in memory, column by column; texts where it is CSV.

    ragged: what is wrong with rows, by number.
    """

    path: Path
    table: "pa.Table"
    ragged: Mapping[int, str]

    @property
    def rows(self) -> Iterator[Listed]:
        """Its rows, in their order."""
        names = {name: name.strip().lower() for name in self.table.column_names}
        rows = (row for batch in self.table.to_batches(CHUNK) for row in batch.to_pylist())
        for number, row in enumerate(rows, start=1):
            texts = {name: _text(value) for name, value in row.items()}
            listed = _listed(number, {names[name]: text for name, text in texts.items() if text}, texts)
            yield replace(listed, fault=self.ragged[number]) if number in self.ragged else listed

    @property
    def further(self) -> "pa.Table":
        """The columns that name neither case nor image nor mask."""
        kept = [name for name in self.table.column_names if not self._is_known(name)]
        return self.table.select(kept)

    @cached_property
    def case_column(self) -> str | None:
        """The column that names a case, in lower case; None where there is none."""
        there = {name.strip().lower() for name in self.table.column_names}
        return next((name for name in CASE if name in there), None)

    def _is_known(self, name: str) -> bool:
        plain = name.strip().lower()
        return _is_image(plain) or plain in (MASK, self.case_column)


def is_table(place: Location) -> bool:
    """Whether a path or URL is that of a file that is called like a table."""
    is_folder = place.is_folder if isinstance(place, Remote) else place.is_dir()
    return place.name.lower().endswith(TABLES) and not is_folder


def read_sheet(path: Path) -> Sheet:
    """The table of cases in a file; raises InputError where it cannot be read, or has no column of images or no row."""
    table, ragged = (_parquet(path), {}) if path.suffix.lower() == ".parquet" else _csv(path)
    columns = [name.strip().lower() for name in table.column_names]
    if not any(map(_is_image, columns)):
        there = f"its columns are {', '.join(columns)}" if columns else "it has no rows"
        raise InputError(f"{path.name}: a table of cases has a column 'image', and {there}; add it")
    if not table.num_rows:
        raise InputError(f"{path.name}: a table of cases has a row for each, and it has no rows; add them")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"{path.name}: it has several columns {', '.join(twice)}; keep one of each")
    alike = [name for name in columns if _is_image(name) and _image_of(name) == IMAGE]
    if len(alike) > 1:
        raise InputError(f"{path.name}: columns {', '.join(alike)} are of one image; keep one, or rename the others")
    _require_texts(path, table)
    return Sheet(path, table, ragged)


def _text(value: object) -> str:
    """A value as people write it: nothing where there is none, and whole numbers without a point.

    Where a column has an empty cell, pandas makes numbers with a point of all others.
    """
    if value is None or value != value:  # NaN alone differs from itself
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _require_texts(path: Path, table: "pa.Table") -> None:
    """Raise InputError where columns of cases, images, masks or labels hold what is neither text nor number."""
    for one in table.schema:
        if _names_something(one.name) and not _is_plain(one.type):
            raise InputError(f"{path.name}: column '{one.name}' holds {one.type}; save it as text")


def _is_plain(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    texts = types.is_string(kind), types.is_large_string(kind), types.is_string_view(kind), types.is_null(kind)
    return any((*texts, types.is_integer(kind), types.is_floating(kind), types.is_decimal(kind)))


def _names_something(column: str) -> bool:
    plain = column.strip().lower()
    return _is_image(plain) or plain in (MASK, *CASE) or column.strip() in (LABEL, CHANNEL)


def _is_image(column: str) -> bool:
    return column.partition(":")[0] == IMAGE


def _image_of(column: str) -> str:
    """What a column calls its image."""
    return column.partition(":")[2] or IMAGE


def _listed(number: int, values: Mapping[str, str], written: Mapping[str, str]) -> Listed:
    """A row from its values by lower-case name, none of them empty, and by the names that its columns have."""
    images = {_image_of(name): value for name, value in values.items() if _is_image(name)}
    case = next((values[name] for name in CASE if name in values), "")
    return Listed(number, case, images, values.get(MASK, ""), written.get(LABEL, ""), written.get(CHANNEL, ""))


def _csv(path: Path) -> "tuple[pa.Table, dict[int, str]]":
    """The rows of a file, without blank lines, as columns of texts; and what is wrong with rows, by number."""
    import pyarrow as pa

    ragged: dict[int, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            separator = _separator(file.readline(LONGEST_LINE))
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            names = next(reader, [])
            parts, number = [_texts([], names)], 0
            while rows := list(islice(filter(None, reader), CHUNK)):
                parts.append(_texts(rows, names))
                ragged |= {at: fault for at, row in enumerate(rows, number + 1) if (fault := _fault(row, names))}
                number += len(rows)
    except UnicodeDecodeError:
        raise InputError(
            f"{path.name}: this table is not in UTF-8, so letters of its names are not known; save it as CSV in UTF-8 "
            "(in Excel: CSV UTF-8)"
        ) from None
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path.name}: this table cannot be read ({error}); save it as CSV in UTF-8") from None
    return pa.concat_tables(parts), ragged


def _separator(line: str) -> str:
    """What separates the names in a first line: that by which most of them are known, or else there are most."""

    def names(separator: str) -> tuple[int, int]:
        found = [name.strip().lower() for name in next(csv.reader([line], delimiter=separator), [])]
        return sum(_is_image(name) or name in (MASK, *CASE) for name in found), len(found)

    return max(SEPARATORS, key=names)


def _fault(row: Sequence[str], names: Sequence[str]) -> str:
    """What is wrong with a row; fields that are missing at its end are none where their columns have no name."""
    if len(row) > len(names) or any(names[len(row) :]):
        return f"it has {len(row)} of {len(names)} fields; give each column its field, empty if need be"
    return ""


def _texts(rows: Sequence[Sequence[str]], names: Sequence[str]) -> "pa.Table":
    """Rows as columns, those that have a name; what a row is too short for is empty."""
    import pyarrow as pa

    columns = [[row[at] if at < len(row) else "" for row in rows] for at in range(len(names))]
    named = [(name, pa.array(column, pa.string())) for name, column in zip(names, columns, strict=True) if name]
    return pa.Table.from_arrays([column for _, column in named], [name for name, _ in named])


def _parquet(path: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).replace_schema_metadata(None)
    except (OSError, pa.ArrowException):
        raise InputError(f"{path.name}: this Parquet file is damaged, or it is none; write it again") from None
