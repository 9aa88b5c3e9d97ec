"""Table: the rows that an extraction gives, and the forms in which they leave."""

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from voxmill._version import __version__
from voxmill.errors import SettingsError
from voxmill.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SUFFIXES = (".json", ".csv", ".parquet")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Row:
    """One region of one case.

    features: name → value, NaN where a feature is undefined for the region (a note says why). notes: what a reader
    should know. diagnostics: about the region, not features. error: why the region could not be measured, else None.
    """

    case: str
    region: str
    features: Mapping[str, float]
    notes: tuple[str, ...] = ()
    diagnostics: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    error: str | None = None


@dataclass(frozen=True)
class Table:
    """The rows of an extraction, and the settings that they were made with."""

    rows: tuple[Row, ...]
    settings: Settings

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows without features."""
        return tuple(row for row in self.rows if row.error is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all features, in the order in which they first occur."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.features))

    def to_dict(self) -> dict[str, Any]:
        """Version, settings and rows as plain lists and dictionaries, NaN as None: the content of the JSON file."""
        rows = [
            {
                "case": row.case,
                "region": row.region,
                "features": {name: None if math.isnan(value) else value for name, value in row.features.items()},
                "notes": list(row.notes),
                "diagnostics": dict(row.diagnostics),
                "error": row.error,
            }
            for row in self.rows
        ]
        return {"voxmill": __version__, "settings": self.settings.model_dump(mode="json"), "rows": rows}

    def to_arrow(self) -> "pa.Table":
        """An Arrow table: case, region, a float64 column per feature, notes, error."""
        import pyarrow as pa

        columns: dict[str, Any] = {
            "case": pa.array([row.case for row in self.rows], pa.string()),
            "region": pa.array([row.region for row in self.rows], pa.string()),
        }
        for name in self.columns:
            columns[name] = pa.array([row.features.get(name) for row in self.rows], pa.float64())
        columns["notes"] = pa.array(["; ".join(row.notes) for row in self.rows], pa.string())
        columns["error"] = pa.array([row.error for row in self.rows], pa.string())
        return pa.table(columns)

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas DataFrame with the columns of `to_arrow`; needs the extra `voxmill[pandas]`."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_csv(self) -> str:
        """Comma-separated values with the columns of `to_arrow`; every number keeps all its digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["case", "region", *self.columns, "notes", "error"])
        for row in self.rows:
            values = [_number(row.features.get(name)) for name in self.columns]
            writer.writerow([row.case, row.region, *values, "; ".join(row.notes), row.error or ""])
        return text.getvalue()

    def write(self, path: str | Path) -> None:
        """Write to a file whose suffix says how: .json, .csv or .parquet. The file appears whole or not at all."""
        path = Path(path)
        parse_output(path)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            if path.suffix == ".parquet":
                import pyarrow.parquet as pq

                pq.write_table(self.to_arrow(), draft)
            else:
                text = self.to_csv() if path.suffix == ".csv" else json.dumps(self.to_dict(), indent=1) + "\n"
                draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def parse_output(path: Path) -> Path:
    """A path that `Table.write` can write to; raises SettingsError otherwise, before any work is done."""
    if path.suffix not in SUFFIXES:
        raise SettingsError(
            f"{path}: the suffix says how to write, one of {', '.join(SUFFIXES)}; found {path.suffix!r}"
        )
    if not path.parent.is_dir():
        raise SettingsError(f"{path}: there is no folder {path.parent}; make it first")
    return path


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))
