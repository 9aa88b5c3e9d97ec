"""Cells: a matrix of grey level by size (run length, zone, dependence) without its empty cells."""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.types import Array, Ints


@dataclass(frozen=True)
class Cells:
    """The cells of a matrix of level by size that are not zero, in the order of level, then size.

    level: (cells,) int64, index of the grey level, from 0. size: (cells,) int64, from 1. count: (cells,) int64.
    """

    level: Ints
    size: Ints
    count: Ints


def cells_of(matrix: Array) -> Cells:
    """The cells of a matrix (levels, sizes) whose first column is size 1."""
    flat = matrix.ravel()
    full = np.flatnonzero(flat)
    return Cells(full // matrix.shape[1], full % matrix.shape[1] + 1, flat[full].astype(np.int64))


def dense(cells: Cells, levels: int) -> Ints:
    """The matrix (levels, largest size) of these cells."""
    matrix = np.zeros((levels, int(cells.size.max(initial=0))), dtype=np.int64)
    matrix[cells.level, cells.size - 1] = cells.count
    return matrix
