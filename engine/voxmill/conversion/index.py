"""The tables of a store, made from the ledger: index.parquet, a row per image, and failures.parquet."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill.conversion.origins import Origins, write_owned
from voxmill.discovery.cases import LeftOut
from voxmill.drafts import draft_of
from voxmill.runs.records import Outcome, Record
from voxmill.store.layout import FAILURES, INDEX

COLUMNS = (
    "case",
    "patient",
    "study",
    "day",
    "image",
    "series",
    "shape",
    "spacing_mm",
    "dtype",
    "masks",
    "regions",
    "notes",
)
FAILED = ("case", "patient", "study", "image", "mask", "file", "step", "reason", "sentence")

Row = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How the cases of a store have ended, by name: the newest record of each, and a failure until it is done."""

    done: Mapping[str, Record]
    failed: Mapping[str, Record]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Ended":
        """From all records of a ledger, in order."""
        done: dict[str, Record] = {}
        failed: dict[str, Record] = {}
        for record in records:
            if record.outcome is Outcome.DONE:
                done[record.case] = record
                failed.pop(record.case, None)
            else:
                failed[record.case] = record
        return cls(done, failed)

    @property
    def images(self) -> list[Row]:
        """A row for every image in the store."""
        abouts = {case: one.result["about"] for case, one in self.done.items()}
        days = _days(abouts)
        return [
            {"case": case, **abouts[case], "day": days[case], **row}
            for case, one in self.done.items()
            for row in one.result["images"]
        ]

    @property
    def failures(self) -> list[Row]:
        """A row for every image and mask that could not be read, and for cases of which no more is known."""
        parts = [
            {"case": case, **_whose(one), **row} for case, one in self.done.items() for row in one.result["failures"]
        ]
        return parts + [row for case, one in self.failed.items() for row in _of_failed(case, one)]

    @property
    def not_read(self) -> Counter[str]:
        """How many cases failed as a whole, and how many images and masks of the others."""
        rows = (row for one in self.done.values() for row in one.result["failures"])
        parts = Counter("mask" if row["mask"] else "image" for row in rows)
        return Counter(case=len(self.failed)) + parts

    @property
    def outdated(self) -> int:
        """How many cases are in the store as they were before they failed."""
        return sum(case in self.done for case in self.failed)


def write_tables(
    store: Path, ended: Ended, left_out: Sequence[LeftOut], origins: Origins, *, keep_ids: bool = False
) -> None:
    """Write both tables, and beside the store that of its owner, sorted: the same however the cases were done.

    keep_ids: whether failures.parquet tells files too.
    """
    images, failures = ended.images, ended.failures
    outside = [
        {"file": one.name or None, "image": one.image or None, "step": one.step, "sentence": one.sentence}
        for one in left_out
    ]
    owned = [
        *(origins.of_row(row) for row in failures),
        *(origins.of_left_out(row, one) for row, one in zip(outside, left_out, strict=True)),
    ]
    further = sorted({name for row in images for name in row} - set(COLUMNS))
    _write(store / INDEX, images, (*COLUMNS, *further))
    columns = (*FAILED, *(("source",) if keep_ids else ()))
    _write(store / FAILURES, owned if keep_ids else failures + outside, columns)
    write_owned(store, owned, FAILED)


def _of_failed(case: str, record: Record) -> Iterator[Row]:
    """A row for every image of a case that could not be read, or one for all of it."""
    parts: Sequence[Row] = record.result.get("failures") or ({},)
    for part in parts:
        how = {"step": record.step, "reason": record.reason, "sentence": record.sentence}
        yield {"case": case, **_whose(record), **how, **part}


def _whose(record: Record) -> Row:
    about = record.result.get("about", {})
    return {name: about.get(name) for name in ("patient", "study")}


def _days(abouts: Mapping[str, Row]) -> dict[str, int | None]:
    """Of every case, the days since the first study of its patient that is in the store."""
    first: dict[str, int] = {}
    for about in abouts.values():
        if about.get("day") is not None:
            first[about["patient"]] = min(about["day"], first.get(about["patient"], about["day"]))
    return {
        case: None if about.get("day") is None else about["day"] - first[about["patient"]]
        for case, about in abouts.items()
    }


def _write(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write a table: numbers as numbers, text as text, lists and what has values of several kinds as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: [str(row.get(name) or "") for name in columns])
    table = pa.table({name: _column([row.get(name) for row in ordered]) for name in columns})
    with draft_of(path) as draft:
        pq.write_table(table, draft, compression="zstd")


def _column(values: Sequence[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    there = [value for value in values if value is not None]
    if there and all(isinstance(value, int | float) for value in there):
        whole = all(isinstance(value, int) for value in there)
        return pa.array(values, pa.int64() if whole else pa.float64())
    return pa.array(
        [value if value is None or isinstance(value, str) else json.dumps(value) for value in values], pa.string()
    )
