"""The columns of a table that are carried into a store: those that somebody has chosen, and no others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from voxmill.columns import require_free
from voxmill.discovery.cases import Further, Sources
from voxmill.discovery.tables import CHANNEL, LABEL
from voxmill.errors import InputError, SettingsError, brief, nearest
from voxmill.store.carried import CASE

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Carried:
    """What is carried: a table with a row for a case; None for nothing. left_out: columns that stay outside."""

    table: "pa.Table | None" = None
    left_out: tuple[str, ...] = ()


def carried_of(name: str, sources: Sources, wanted: Sequence[str], before: "pa.Table | None") -> Carried:
    """What is carried of a source of this name, in place of what was there of its cases.

    wanted: names of columns, or patterns of them. Columns that are in the store already are carried again. Raises
    SettingsError where there is no such column, InputError for one that is called like a column of a result, or has
    several values for a case.
    """
    further = sources.further
    if further is None:
        if wanted:
            raise SettingsError(f"carry: {name} is no table, and has no columns to carry; leave it out")
        return Carried(before)
    there = [column for column in further.table.column_names if column not in (LABEL, CHANNEL)]
    known = [] if before is None else [column for column in before.column_names if column in there]
    chosen = list(dict.fromkeys([*known, *_matching(there, wanted)]))
    left_out = tuple(column for column in there if column not in chosen)
    if not chosen:
        return Carried(before, left_out)
    require_free(name, chosen)
    return Carried(_joined(name, before, _by_case(name, further, chosen)), left_out)


def _matching(there: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    for one in wanted:
        found = [column for column in there if column == one or fnmatchcase(column, one)]
        if not found:
            raise SettingsError(f"carry: the table has no column {brief(one)} to carry{nearest(one, there)}")
        yield from found


def _by_case(name: str, further: Further, chosen: Sequence[str]) -> "pa.Table":
    """A row for each case; raises InputError where the rows of one differ."""
    import pyarrow as pa

    table = further.table.select(chosen)
    for rows in further.rows.values():
        if len(rows) > 1:
            _require_one_value(name, table, rows)
    first = table.take(pa.array([rows[0] for rows in further.rows.values()], pa.int64()))
    return first.add_column(0, CASE, pa.array(further.rows, pa.string()))


def _require_one_value(name: str, table: "pa.Table", rows: Sequence[int]) -> None:
    first, *others = table.take(list(rows)).to_pylist()
    for row, values in zip(rows[1:], others, strict=True):
        differing = [column for column in values if not _are_alike(values[column], first[column])]
        if differing:
            raise InputError(
                f"{name}: rows {rows[0] + 1} and {row + 1} are one case, and differ in {', '.join(differing)}; give a "
                "case one value, or do not carry that column"
            )


def _are_alike(one: object, other: object) -> bool:
    """Whether two values of a column are the same: one that is no number (NaN) equals none, itself neither."""
    return one == other or repr(one) == repr(other)


def _joined(name: str, before: "pa.Table | None", now: "pa.Table") -> "pa.Table":
    """What was carried of other cases, and what is now; of columns that are not there now, what was."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if before is None:
        return now
    others = before.filter(pc.invert(pc.is_in(before[CASE], now[CASE].combine_chunks())))
    rows = pc.index_in(now[CASE], value_set=before[CASE].combine_chunks())
    for column in before.column_names:
        if column not in now.column_names:
            now = now.append_column(column, before[column].take(rows))
    try:
        return pa.concat_tables([others, now], promote_options="default")
    except pa.ArrowException:
        raise InputError(
            f"{name}: a column that the store carries already has values of another type here; begin a new store, or "
            "give it the same type"
        ) from None
