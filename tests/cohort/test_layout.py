"""The columns of features.parquet: the same whichever case was done first."""

from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from voxmill.cohort.layout import Columns, Layout
from voxmill.cohort.packing import pack_features
from voxmill.errors import InputError


def row(*names: str, **diagnostics: object) -> dict[str, Any]:
    return {**pack_features(dict.fromkeys(names, 1.0)), "diagnostics": diagnostics}


ROWS = {
    (0, 0): row("a_b_c", "d_e_f", diagnostics_x=1),
    (0, 1): row("g_h_i", "a_b_c", diagnostics_y=1.5),
    (1, 0): row("d_e_f", diagnostics_x=2, diagnostics_z=None),
    (2, 0): row("j_k_l", diagnostics_y="text"),
}


def layout_of(order: tuple[tuple[int, int], ...]) -> Layout:
    columns = Columns()
    for rank in order:
        columns.add(rank, ROWS[rank])
    return columns.layout(None)


def test_whatever_the_order_columns_come_as_they_first_occur() -> None:
    for order in permutations(ROWS):
        layout = layout_of(order)
        assert layout.features == ("a_b_c", "d_e_f", "g_h_i", "j_k_l")
        assert list(layout.diagnostics.items()) == [
            ("diagnostics_x", int),
            ("diagnostics_y", str),
            ("diagnostics_z", str),
        ]


def test_no_table_has_two_columns_of_one_name() -> None:
    layout = Layout(("wavelet-LLH_glcm_Contrast",), further=pa.schema([("wavelet-LLH_glcm_Contrast", pa.string())]))
    with pytest.raises(InputError, match="column wavelet-LLH_glcm_Contrast is called like one of the result"):
        _ = layout.schema
