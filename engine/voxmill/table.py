"""Table: the rows that an extraction gives, and the forms in which they leave."""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill._version import __version__
from voxmill.computing import CPU_NAME
from voxmill.drafts import draft_of
from voxmill.errors import SHOWN, OutputError, SettingsError, counted
from voxmill.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PREFIX = "diagnostics_"
"""What the names of PyRadiomics' diagnostics begin with."""
KEY = ("case", "region")
"""The columns that tell the rows of one image and mask apart."""
STORE_KEY = ("case", "image", "mask", "region")
"""The columns that tell the rows of a store apart, as in the tables of a run."""
ERROR = "error"
"""The column that says why a row has no features."""


@dataclass(frozen=True, repr=False)
class Row:
    """One region of one case.

    features: name → value, NaN where a feature is undefined for the region (a note says why). notes: what a reader
    should know. diagnostics: about the region, not features: its label, how many voxels it has, and the shape of its
    box (z, y, x), None where it has no voxel; with the setting `diagnostics` also PyRadiomics' `diagnostics_*`, tuples
    in x, y, z. error: why the region could not be measured, else None. left_out: how many images it could not be
    measured in (notes say why). image, mask: their names in the store that was measured, '' where these are not known;
    None of an extraction of one image and its mask.
    """

    case: str
    region: str
    features: Mapping[str, float]
    notes: tuple[str, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    left_out: int = 0
    image: str | None = None
    mask: str | None = None

    @property
    def called(self) -> str:
        """The case, of a store with its image and mask: `case/image/mask`."""
        return "/".join(filter(None, (self.case, self.image, self.mask)))

    @property
    def label(self) -> int | None:
        """The number of the label that the region is, or is a component of; None for a union of labels."""
        label: int | None = self.diagnostics.get("label")
        return label

    def __repr__(self) -> str:
        found = counted(len(self.features), "feature") if self.error is None else f"failed, {self.error}"
        return f"<Row {self.called}, {self.region}: {found}>"


@dataclass(frozen=True, repr=False)
class Table:
    """The rows of an extraction, and the settings that they were made with.

    device: what measured them, a GPU by its name, or cpu; rows that the CPU had to make in its place say so in notes.
    Tables that differ in nothing else are equal, as rows are the same on any device. carried: of a store, the columns
    that were carried into it, with a row for each of the rows. key: the columns that tell rows apart, whatever rows
    there are.
    """

    rows: tuple[Row, ...]
    settings: Settings
    device: str = field(default=CPU_NAME, compare=False)
    carried: "pa.Table | None" = None
    key: tuple[str, ...] = KEY

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows without features."""
        return tuple(row for row in self.rows if row.error is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all features, in the order in which they first occur."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.features))

    @property
    def reported(self) -> tuple[str, ...]:
        """The names of PyRadiomics' diagnostics, in the order in which they first occur."""
        names = (name for row in self.rows for name in row.diagnostics)
        return tuple(dict.fromkeys(name for name in names if name.startswith(PREFIX)))

    @property
    def summary(self) -> str:
        """How many rows and features there are, for people."""
        text = f"{counted(len(self.rows), 'row')} of {counted(len(self.columns), 'feature')}"
        return f"{text}, {len(self.failed)} of them failed" if self.failed else text

    @property
    def remarks(self) -> str:
        """How many rows have notes, and how many images were left out, for people; empty where there are no notes."""
        noted, left_out = sum(bool(row.notes) for row in self.rows), sum(row.left_out for row in self.rows)
        if not noted:
            return ""
        text = f"{counted(noted, 'row')} with notes"
        return f"{text}, {counted(left_out, 'image')} left out" if left_out else text

    def __repr__(self) -> str:
        return f"<Table: {self.summary}>"

    def to_dict(self) -> dict[str, Any]:
        """Version, settings, device and rows as plain lists and dictionaries: the content of the JSON file.

        JSON knows neither NaN nor infinity: both are None, and the row's notes say why. What is carried has a key of
        its own where there is any: what is neither number nor truth as text.
        """
        rows = [
            {
                **{name: getattr(row, name) for name in self.key},
                "label": row.label,
                **carried,
                "features": {name: value if math.isfinite(value) else None for name, value in row.features.items()},
                "notes": list(row.notes),
                "diagnostics": {name: _plain(value) for name, value in row.diagnostics.items()},
                ERROR: row.error,
            }
            for row, carried in zip(self.rows, self._carried, strict=True)
        ]
        settings = self.settings.model_dump(mode="json")
        return {"voxmill": __version__, "settings": settings, "device": self.device, "rows": rows}

    @property
    def _carried(self) -> Iterator[dict[str, Any]]:
        """What JSON says of the columns that are carried, row by row."""
        if self.carried is None:
            yield from ({} for _ in self.rows)
            return
        for row in self.carried.to_pylist():
            yield {"carried": {name: _jsonable(value) for name, value in row.items()}}

    def to_arrow(self) -> "pa.Table":
        """An Arrow table.

        Its columns: case, of a store image and mask, region, label, those that are carried, PyRadiomics' diagnostics, a
        float64 column per feature, notes, error.

        Diagnostics are there with the setting of that name: numbers as int64 or float64, all else as text, tuples and
        settings as Python writes them.
        """
        import pyarrow as pa

        columns: dict[str, Any] = {
            **{name: pa.array([getattr(row, name) for row in self.rows], pa.string()) for name in self.key},
            "label": pa.array([row.label for row in self.rows], pa.int64()),
        }
        if self.carried is not None:
            columns |= {name: self.carried[name] for name in self.carried.column_names}
        for name in self.reported:
            columns[name] = _arrow([row.diagnostics.get(name) for row in self.rows])
        for name in self.columns:
            columns[name] = pa.array([row.features.get(name) for row in self.rows], pa.float64())
        columns["notes"] = pa.array(["; ".join(row.notes) for row in self.rows], pa.string())
        columns[ERROR] = pa.array([row.error for row in self.rows], pa.string())
        return pa.table(columns)

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas DataFrame with the columns of `to_arrow`; raises ImportError without the extra `voxmill[pandas]`."""
        try:
            import pandas  # noqa: F401 - Arrow's own words would not say what to install
        except ImportError:
            raise ImportError("to_pandas needs pandas: pip install 'voxmill[pandas]'") from None
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_csv(self) -> str:
        """Comma-separated values with the columns of `to_arrow`; every number keeps all its digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        further = (
            {} if self.carried is None else {name: _texts(self.carried[name]) for name in self.carried.column_names}
        )
        reported, columns = self.reported, self.columns
        writer.writerow([*self.key, "label", *further, *reported, *columns, "notes", ERROR])
        for at, row in enumerate(self.rows):
            key = [getattr(row, name) for name in self.key]
            first = [*key, row.label, *(column[at] for column in further.values())]
            about = [_text(row.diagnostics.get(name)) for name in reported]
            values = [_number(row.features.get(name)) for name in columns]
            writer.writerow([*first, *about, *values, "; ".join(row.notes), row.error or ""])
        return text.getvalue()

    def write(self, path: str | Path) -> None:
        """Write to a file whose suffix says how: .json, .csv or .parquet. The file appears whole or not at all.

        Raises SettingsError for another suffix, OutputError when writing fails, with the cause.
        """
        path = parse_output(Path(path))
        with draft_of(path, follow=True) as draft:
            WRITERS[path.suffix.lower()](self, draft)


def parse_output(path: Path) -> Path:
    """A path that `Table.write` can write to, found out before any work is done.

    Raises SettingsError for a suffix that says nothing, OutputError for a place where no file can be.
    """
    name = path.name[:SHOWN]
    if path.suffix.lower() not in WRITERS:
        raise SettingsError(f"{name}: the suffix says how to write, one of {', '.join(WRITERS)}; found {path.suffix!r}")
    try:
        reason = _obstacle(Path(os.path.realpath(path)))
    except (OSError, ValueError) as error:
        reason = f"{getattr(error, 'strerror', None) or error}; choose another file"
    if reason:
        raise OutputError(f"{name}: cannot be written: {reason}")
    return path


def _obstacle(path: Path) -> str:
    """Why no file can be written here, as far as that can be seen without writing; empty when nothing is in the way."""
    with suppress(FileNotFoundError):
        path.stat()  # raises for a name that is too long, and for folders that may not be entered
    if not path.parent.is_dir():
        return "there is no such folder; make it first"
    if path.is_dir():
        return "this is a folder; give the name of a file"
    return "" if os.access(path.parent, os.W_OK) else "its folder is not yours to write to"


def _write_json(table: Table, path: Path) -> None:
    path.write_text(json.dumps(table.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_csv(table: Table, path: Path) -> None:
    path.write_text(table.to_csv(), encoding="utf-8", newline="")


def _write_parquet(table: Table, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table.to_arrow(), path)


WRITERS: Mapping[str, Callable[[Table, Path], None]] = {
    ".json": _write_json,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(column: "pa.ChunkedArray") -> list[str | None]:
    """A column that is carried, as Arrow writes it in CSV; what it has no text for as Python does."""
    import pyarrow as pa

    try:
        texts: list[str | None] = column.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        return list(map(_text, column.to_pylist()))
    return texts


def _arrow(values: Sequence[object]) -> "pa.Array":
    """A column of diagnostics: numbers where all are, text otherwise."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds in ({int}, {float}):
        return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
    return pa.array([_text(value) for value in values], pa.string())


def _jsonable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What is carried as JSON can hold it: numbers and truths as they are, None for what is no number, else text."""
    return _plain(value) if isinstance(value, float | int) else _text(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """A diagnostic as JSON can hold it: tuples are lists, what is no number is None."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
