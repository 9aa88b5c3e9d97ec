"""What conversion could not bring into a store: it is told of whenever the store is measured."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from voxmill.cohort.layout import FAILURES
from voxmill.discovery.cases import PASSED_OVER
from voxmill.errors import InputError

STEP = "convert"
"""The step at which it failed, in the table of a run."""
COLUMNS = ("case", "image", "mask", "file", "step", "reason", "sentence")


def lost_in(store: Path, names: Callable[[str], bool]) -> tuple[Mapping[str, str], ...]:
    """Cases, images and masks that the table of failures in a store tells of, as failures of a run, in its order.

    What is of a kind that is never read is none of them. What belongs to no case goes by the name of its file. `names`
    tells whether a case of this name is wanted. Raises InputError for a table that cannot be read.
    """
    return tuple(_told(row) for row in _rows(store / FAILURES) if row["step"] != PASSED_OVER and names(row["case"]))


def _rows(table: Path) -> Iterator[Mapping[str, str]]:
    """Rows of a table of failures, texts throughout; none where there is no table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not table.exists():
        return
    try:
        rows = pq.read_table(table, columns=list(COLUMNS)).to_pylist()
    except (OSError, pa.ArrowException):
        raise InputError(
            f"{table.name}: the table of failures in the store is damaged; convert into the store again to write it"
        ) from None
    yield from ({name: row.get(name) or "" for name in COLUMNS} for row in rows)


def _told(row: Mapping[str, str]) -> Mapping[str, str]:
    where = {"case": row["case"] or row["file"], "image": row["image"], "mask": row["mask"]}
    return {**where, "step": STEP, "reason": row["reason"] or InputError.__name__, "sentence": row["sentence"]}
