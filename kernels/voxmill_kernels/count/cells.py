"""Cells: matrices of grey level by size (run length, zone, dependence) without their empty cells."""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints, Sums


@dataclass(frozen=True)
class Cells:
    """The cells of some matrices of level by size that are not zero, matrix by matrix.

    matrix: (cells,) int64, which of the matrices, from 0. level: (cells,) int64, index of the grey level, from 0.
    size: (cells,) int64, from 1. count: (cells,) int64; float64 where matrices are weighted. matrices: how many there
    are.
    """

    matrix: Ints
    level: Ints
    size: Ints
    count: Sums
    matrices: int = 1


def cells_of(matrices: Array) -> Cells:
    """The cells of matrices (n, levels, sizes), or of one (levels, sizes), whose first column is size 1."""
    stack = matrices if matrices.ndim == 3 else matrices[np.newaxis]
    if stack.dtype.kind == "f":
        matrix, level, size = np.nonzero(stack)
        return Cells(matrix, level, size + 1, stack[matrix, level, size], len(stack))
    filled = np.zeros(stack.shape[:2], dtype=np.int64)
    cells = np.empty((4, _count_cells(stack, filled)), dtype=np.int64)
    _collect(stack, filled, cells)
    return Cells(cells[0], cells[1], cells[2], cells[3], len(stack))


@njit
def _count_cells(matrices: Array, filled: Ints) -> int:
    """How many cells of each level are not zero; gives their sum."""
    total = 0
    for matrix in range(matrices.shape[0]):
        for level in range(matrices.shape[1]):
            cells = 0
            for column in range(matrices.shape[2]):
                cells += matrices[matrix, level, column] != 0
            filled[matrix, level] = cells
            total += cells
    return total


@njit
def _collect(matrices: Array, filled: Ints, cells: Ints) -> None:
    """Small sizes come first, and are the most: a level is left when all of its cells are found."""
    place = 0
    for matrix in range(matrices.shape[0]):
        for level in range(matrices.shape[1]):
            column, end = 0, place + filled[matrix, level]
            while place < end:
                count = matrices[matrix, level, column]
                column += 1
                if count != 0:
                    cells[0, place], cells[1, place] = matrix, level
                    cells[2, place], cells[3, place] = column, count
                    place += 1
