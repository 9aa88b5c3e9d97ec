"""STORE.failures.csv: what could not be read as the owner of a store knows it, with files, series and real names.

It lies beside the store, as STORE.key does, and is for its owner alone. What is not of the source that is converted
keeps the row that it had.
"""

import csv
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from voxmill.discovery.cases import CaseSource, LeftOut, names_of
from voxmill.drafts import draft_of
from voxmill.io.remote import Location, Remote

Row = dict[str, Any]
OWN = ("series", "source")
"""Columns that failures.parquet lacks: SeriesInstanceUID, and the file, or the folder of several, within the source."""


@dataclass(frozen=True)
class Origins:
    """Where what failed lies: of cases of a source, and as a table that was written before says.

    reveal: a sentence with identifiers in it. before: rows of that table, by case, image and mask.
    """

    root: Location = Path()
    reveal: Callable[[str, Iterable[str]], str] = lambda text, _: text
    cases: Mapping[str, CaseSource] = field(default_factory=dict)
    before: Mapping[tuple[str, str, str], Mapping[str, str]] = field(default_factory=dict)

    def of_row(self, row: Row) -> Row:
        """A row of failures.parquet with what the owner knows."""
        case = self.cases.get(row["case"])
        images = [] if case is None else [one for one in case.images if row.get("image") in (one.name, None, "")]
        if case is None or not images:
            return {**row, **self.before.get(_place(row), {})}
        masks = [mask.path for one in images for mask in one.masks if mask.name == row.get("mask")]
        series = {one.series.series_uid for one in images if one.series is not None}
        files = masks[:1] or [file for one in images for file in one.files]
        return {
            **row,
            "sentence": self.reveal(row["sentence"], case.secrets),
            "series": series.pop() if len(series) == 1 else "",
            "source": self._within(files),
        }

    def of_left_out(self, row: Row, left_out: LeftOut) -> Row:
        """The same of what belongs to no case."""
        if left_out.place is None:
            return {**row, "series": left_out.series, "source": left_out.listed}
        sentence = self.reveal(left_out.sentence, names_of(left_out.place))
        source = self._within([left_out.place])
        return {**row, "sentence": sentence, "series": left_out.series, "source": source}

    def _within(self, places: Sequence[Location]) -> str:
        """The path of a file in the source, or of the folder of several."""
        paths = [_plain(place) for place in places]
        path = paths[0] if len(paths) == 1 else PurePath(os.path.commonpath(paths))
        root = _plain(self.root)
        folder = next((one for one in (root, root.parent) if path.is_relative_to(one) and path != one), None)
        return str(path if folder is None else path.relative_to(folder))


def owned_of(store: Path) -> Path:
    """The table of the owner beside a store."""
    return store.with_name(f"{store.name}.failures.csv")


def read_owned(store: Path) -> Mapping[tuple[str, str, str], Mapping[str, str]]:
    """What the table beside a store says of cases, by case, image and mask; nothing where there is none."""
    try:
        with owned_of(store).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error):
        return {}
    return {_place(row): {name: row.get(name) or "" for name in (*OWN, "sentence")} for row in rows if row.get("case")}


def write_owned(store: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write the table, for the owner alone; where there are no rows, none is left."""
    path, columns = owned_of(store), (*columns, *OWN)
    texts = sorted([str(row.get(name) or "") for name in columns] for row in rows)
    if not texts:
        path.unlink(missing_ok=True)
        return
    with draft_of(path) as draft:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            csv.writer(file).writerows([columns, *texts])


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["case"], row.get("image") or "", row.get("mask") or ""


def _plain(place: Location) -> PurePath:
    return place.path if isinstance(place, Remote) else Path(os.path.abspath(place))
