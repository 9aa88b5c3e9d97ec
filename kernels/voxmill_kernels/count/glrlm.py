"""Grey level run length matrices (IBSI family TP0I)."""

import numpy as np

from voxmill_kernels.count.arena import Batch, allocate, bounds, steps
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints


def count_glrlm(batch: Batch, directions: Ints) -> list[Counts]:
    """How many runs of level i are j voxels long: for each box (directions, levels, longest side).

    A direction in which no line holds two voxels of the region is all zeros: PyRadiomics does not count it.
    """
    shapes = [(len(directions), n, max(shape)) for n, shape in zip(batch.levels, batch.shapes, strict=True)]
    flat, starts, matrices = allocate(shapes, np.uint32)
    _count(batch.arena, batch.table, directions, batch.border, flat, starts)
    return matrices


@njit
def _count(arena: Array, table: Ints, directions: Ints, border: int, flat: Counts, starts: Ints) -> None:
    """Walk each run from its first voxel on; then drop the directions that hold no line of two."""
    for box in range(table.shape[0]):
        row = table[box]
        step = steps(row, directions)
        levels = row[4]
        longest = max(row[1], row[2], row[3]) - 2 * border
        for a in range(step.shape[0]):
            start = starts[box] + a * levels * longest
            matrix = flat[start : start + levels * longest]
            only_single = _walk(arena, row, step[a], longest, matrix)
            if only_single and not _shares_line(arena, row, directions[a], border):
                matrix[:] = 0


@njit
def _walk(arena: Array, row: Ints, step: int, longest: int, matrix: Counts) -> bool:
    """Count the runs of one direction; gives whether all of them are one voxel long."""
    only_single = True
    first, last = bounds(row)
    for voxel in range(first, last):
        level = arena[voxel]
        if level == 0 or arena[voxel - step] == level:
            continue
        further = 0
        while arena[voxel + (further + 1) * step] == level:
            further += 1
        matrix[(level - 1) * longest + further] += 1
        only_single = only_single and further == 0
    return only_single


@njit
def _shares_line(arena: Array, row: Ints, direction: Ints, border: int) -> bool:
    """Whether any line along `direction` holds two voxels of the region, next to each other or not."""
    step = (direction[0] * row[2] + direction[1]) * row[3] + direction[2]
    for z in range(border, row[1] - border):
        for y in range(border, row[2] - border):
            for x in range(border, row[3] - border):
                at = row[0] + (z * row[2] + y) * row[3] + x
                if arena[at] == 0:
                    continue
                reach = 1
                while (
                    border <= z + reach * direction[0] < row[1] - border
                    and border <= y + reach * direction[1] < row[2] - border
                    and border <= x + reach * direction[2] < row[3] - border
                ):
                    if arena[at + reach * step] != 0:
                        return True
                    reach += 1
    return False
