"""carried.parquet in a store: what else is known of its cases, in columns that somebody chose to carry there."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill.drafts import draft_of
from voxmill.errors import InputError
from voxmill.store.layout import CARRIED
from voxmill.store.tables import read_table

if TYPE_CHECKING:
    import pyarrow as pa

CASE = "case"
"""Its first column; the others are carried."""
DAMAGED = "the table of what is carried is damaged; delete it, and convert again with --carry"


def read_carried(store: Path) -> "pa.Table | None":
    """The table, with a row for a case; None where nothing is carried.

    Raises InputError where it is damaged, or a link out of the store.
    """
    table = read_table(store, CARRIED, texts=[CASE], damaged=DAMAGED)
    if table is not None and table.column_names[:1] != [CASE]:
        raise InputError(f"{CARRIED}: {DAMAGED}")
    return table


def write_carried(store: Path, table: "pa.Table | None", cases: Iterable[str]) -> None:
    """Write the rows of these cases, by case; nothing where nothing is carried. Raises OutputError."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if table is None:
        return
    kept = table.filter(pc.is_in(table[CASE], pa.array(sorted(cases), pa.string()))).sort_by(CASE)
    with draft_of(store / CARRIED) as draft:
        pq.write_table(kept, draft, compression="zstd")


def carried_to(table: "pa.Table | None", cases: Iterable[str]) -> "pa.Table | None":
    """The columns that are carried, a row for each of these cases: nulls where nothing is known of one."""
    import pyarrow as pa

    if table is None:
        return None
    rows: dict[Any, int] = {case: row for row, case in enumerate(table[CASE].to_pylist())}
    return table.drop_columns([CASE]).take(pa.array([rows.get(case) for case in cases], pa.int64()))
