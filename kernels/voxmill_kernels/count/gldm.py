"""Grey level dependence matrices (PyRadiomics' GLDM; IBSI's NGLDM, REK0, counts the same way)."""

import numpy as np

from voxmill_kernels.count.arena import Batch, allocate, bounds, steps
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints


def count_gldm(batch: Batch, offsets: Ints, *, alpha: int = 0) -> list[Counts]:
    """How many voxels of level i depend on j of their neighbours: for each box (levels, neighbours + 1).

    `offsets` holds all neighbours, both ways, (n, 3) in z, y, x. A neighbour in the region depends when its level
    number differs by at most `alpha`.
    """
    flat, starts, matrices = allocate([(n, len(offsets) + 1) for n in batch.levels], np.uint32)
    numbers = np.concatenate(batch.numbers)
    _count(batch.arena, batch.table, numbers, offsets, alpha, flat, starts)
    return matrices


@njit
def _count(arena: Array, table: Ints, numbers: Ints, offsets: Ints, alpha: int, flat: Counts, starts: Ints) -> None:
    base = 0
    for box in range(table.shape[0]):
        row = table[box]
        step = steps(row, offsets)
        first, last = bounds(row)
        number = numbers[base : base + row[4]]
        base += row[4]
        for voxel in range(first, last):
            level = arena[voxel]
            if level == 0:
                continue
            dependent = 0
            for a in range(step.shape[0]):
                other = arena[voxel + step[a]]
                if other != 0 and abs(number[other - 1] - number[level - 1]) <= alpha:
                    dependent += 1
            flat[starts[box] + (level - 1) * (step.shape[0] + 1) + dependent] += 1
