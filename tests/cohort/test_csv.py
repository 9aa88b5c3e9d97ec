"""Columns that are carried through: which values CSV can hold."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from voxmill.cohort.tables import require_csv
from voxmill.errors import InputError


@pytest.mark.parametrize(
    "column, kind",
    [
        (pa.array([b"\xff\x00"]), "binary"),
        (pa.array([b"\xff\x00"]).view(pa.string()), "string"),
        (pa.array([2**62], pa.timestamp("us")), r"timestamp\[us\]"),
        (pa.array([0], pa.timestamp("us", "Nowhere")), r"timestamp\[us, tz=Nowhere\]"),
        (pa.array([2**30], pa.date32()), r"date32\[day\]"),
        (pa.array([2**36 * 86_400_000], pa.date64()), r"date64\[ms\]"),
        (pa.array([2**30], pa.time32("s")), r"time32\[s\]"),
        (pa.array([2**62], pa.timestamp("us")).dictionary_encode(), r"dictionary<values=timestamp\[us\].*>"),
        (pa.array([2**30], pa.date32()).dictionary_encode(), r"dictionary<values=date32\[day\].*>"),
        (pa.array([None], pa.list_(pa.int8())), "list<item: int8>"),
        (pa.nulls(1, pa.month_day_nano_interval()), "month_day_nano_interval"),
    ],
)
def test_values_that_csv_cannot_hold(column: pa.Array, kind: str) -> None:
    with pytest.raises(InputError, match=rf"^cases: CSV cannot hold column x \({kind}\); leave out --csv"):
        require_csv("cases", pa.table({"age": [61], "x": column}))


def test_values_that_csv_can_hold() -> None:
    values = [
        b"text",
        "a\n'b'",
        "",
        None,
        0.1,
        float("nan"),
        True,
        Decimal("1.10"),
        datetime(2026, 1, 1),
        date(1, 1, 1),
    ]
    columns = {f"x{at}": pa.array([value]) for at, value in enumerate(values)}
    encoded = {f"{name} encoded": column.dictionary_encode() for name, column in columns.items()}
    require_csv("cases", pa.table({**columns, **encoded, "seconds": pa.array([5], pa.duration("s"))}))
