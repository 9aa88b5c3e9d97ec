"""The tables of a store, made from the ledger: index.parquet, a row per image, and failures.parquet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from voxmill.discovery.cases import LeftOut
from voxmill.drafts import draft_of
from voxmill.runs.records import Outcome, Record

INDEX, FAILURES = "index.parquet", "failures.parquet"
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
FAILED = ("case", "image", "mask", "file", "step", "reason", "sentence")

Row = dict[str, Any]


def write_tables(store: Path, records: Iterable[Record], left_out: Sequence[LeftOut]) -> int:
    """Write both tables, sorted, so that they have the same bytes however the cases were done.

    Of a case the newest record counts, and a failure only until it is done. Gives how many images and masks of cases
    could not be read.
    """
    done: dict[str, Record] = {}
    failed: dict[str, Record] = {}
    for record in records:
        if record.outcome is Outcome.DONE:
            done[record.case] = record
            failed.pop(record.case, None)
        else:
            failed[record.case] = record
    abouts = {case: one.result["about"] for case, one in done.items()}
    days = _days(abouts)
    images = [
        {"case": case, **abouts[case], "day": days[case], **row}
        for case, one in done.items()
        for row in one.result["images"]
    ]
    failures = [{"case": case, **row} for case, one in done.items() for row in one.result["failures"]]
    failures += [
        {"case": case, "step": one.step, "reason": one.reason, "sentence": one.sentence} for case, one in failed.items()
    ]
    count = len(failures)
    failures += [{"file": one.name, "sentence": one.sentence} for one in left_out]
    further = sorted({name for row in images for name in row} - set(COLUMNS))
    _write(store / INDEX, images, (*COLUMNS, *further))
    _write(store / FAILURES, failures, FAILED)
    return count


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
