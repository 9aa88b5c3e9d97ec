"""Neighbouring grey tone difference matrices (IBSI family IPET), in whole numbers."""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.count.arena import Batch, allocate, bounds, steps
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints


@dataclass(frozen=True)
class Ngtdm:
    """The NGTDM of one box, not yet divided.

    voxels: (levels,) int64: voxels of each level.
    differences: (levels, neighbours + 1) int64: column c sums |c * level - sum of neighbours| over the voxels of a
    level that have c neighbours in the region. Divided by c and added up they are s_i.
    """

    voxels: Ints
    differences: Ints


def count_ngtdm(batch: Batch, offsets: Ints) -> list[Ngtdm]:
    """Differences between a voxel and its neighbours in the region, by level and by how many neighbours there are.

    `offsets` holds all neighbours, both ways, (n, 3) in z, y, x.
    """
    flat, starts, tables = allocate([(n, len(offsets) + 2) for n in batch.levels], np.int64)
    _count(batch.arena, batch.table, np.concatenate(batch.numbers), offsets, flat, starts)
    return [Ngtdm(table[:, -1], table[:, :-1]) for table in tables]


@njit
def _count(arena: Array, table: Ints, numbers: Ints, offsets: Ints, flat: Ints, starts: Ints) -> None:
    """Each row: differences for 0, 1, … neighbours, then the number of voxels."""
    base = 0
    for box in range(table.shape[0]):
        row = table[box]
        step = steps(row, offsets)
        columns = step.shape[0] + 2
        first, last = bounds(row)
        number = numbers[base : base + row[4]]
        base += row[4]
        for voxel in range(first, last):
            level = arena[voxel]
            if level == 0:
                continue
            near = 0
            total = 0
            for a in range(step.shape[0]):
                other = arena[voxel + step[a]]
                if other != 0:
                    near += 1
                    total += number[other - 1]
            line = starts[box] + (level - 1) * columns
            flat[line + near] += abs(near * number[level - 1] - total)
            flat[line + columns - 1] += 1
