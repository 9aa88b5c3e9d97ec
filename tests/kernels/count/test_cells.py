"""Cells: a matrix without its empty cells, and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kernel_cases import dense, read_only
from voxmill_kernels.count.cells import cells_of
from voxmill_kernels.types import Counts

matrices = arrays(
    np.uint32, array_shapes(min_dims=3, max_dims=3, max_side=5), elements=st.sampled_from([0, 1, 2, 4_000_000_000])
)


@given(matrix=matrices)
def test_there_and_back(matrix: Counts) -> None:
    cells = cells_of(read_only(matrix))
    filled = np.argwhere(matrix)
    np.testing.assert_array_equal(np.stack([cells.matrix, cells.level, cells.size - 1], axis=1), filled)
    assert cells.count.dtype == np.int64
    largest = int(filled[:, 2].max(initial=-1)) + 1
    np.testing.assert_array_equal(dense(cells, matrix.shape[1]), matrix[:, :, :largest])


@given(matrix=matrices)
def test_one_matrix_is_the_only_one_of_many(matrix: Counts) -> None:
    alone, among = cells_of(matrix[0]), cells_of(matrix[:1])
    assert alone.matrices == among.matrices == 1
    for part in ("matrix", "level", "size", "count"):
        np.testing.assert_array_equal(getattr(alone, part), getattr(among, part))
