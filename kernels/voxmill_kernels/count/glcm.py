"""Grey level co-occurrence matrices (IBSI family LFYI)."""

import numpy as np

from voxmill_kernels.count.arena import Batch, allocate, bounds, steps
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints


def count_glcm(batch: Batch, offsets: Ints) -> list[Counts]:
    """How often level j lies at an offset from level i: for each box (offsets, levels, levels), not symmetric.

    `offsets` is (n, 3) in z, y, x, none longer than the border of the batch.
    """
    flat, starts, matrices = allocate([(len(offsets), n, n) for n in batch.levels], np.uint32)
    _count(batch.arena, batch.table, offsets, flat, starts)
    return matrices


@njit
def _count(arena: Array, table: Ints, offsets: Ints, flat: Counts, starts: Ints) -> None:
    for box in range(table.shape[0]):
        row = table[box]
        step = steps(row, offsets)
        first, last = bounds(row)
        levels = row[4]
        for voxel in range(first, last):
            level = arena[voxel]
            if level == 0:
                continue
            for a in range(step.shape[0]):
                other = arena[voxel + step[a]]
                if other != 0:
                    flat[starts[box] + (a * levels + level - 1) * levels + other - 1] += 1
