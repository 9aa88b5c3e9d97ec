"""Grey level size zone matrices (IBSI family 9SAK), as cells."""

import numpy as np

from voxmill_kernels.count.arena import Batch, steps
from voxmill_kernels.count.cells import Cells
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints


def count_glszm(batch: Batch, directions: Ints) -> list[Cells]:
    """How many zones of connected voxels of level i are j voxels large: for each box the cells that are not empty.

    `directions` are the neighbours that connect, one of each pair ±offset, (n, 3) in z, y, x.
    """
    parents = np.empty(len(batch.arena), dtype=np.int32 if len(batch.arena) < 2**31 else np.int64)
    return [_zones(batch.arena, row, directions, parents) for row in batch.table]


def _zones(arena: Array, row: Ints, directions: Ints, parents: Array) -> Cells:
    zones = _join(arena, row, directions, parents)
    sizes = np.zeros((zones, 2), dtype=np.int64)
    _measure(arena, row, parents, sizes)
    keys, counts = np.unique(sizes[:, 0] * (len(arena) + 1) + sizes[:, 1], return_counts=True)
    return Cells(keys // (len(arena) + 1), keys % (len(arena) + 1), counts)


@njit
def _root(parents: Array, voxel: int) -> int:
    while parents[voxel] != voxel:
        parents[voxel] = parents[parents[voxel]]
        voxel = parents[voxel]
    return voxel


@njit
def _join(arena: Array, row: Ints, directions: Ints, parents: Array) -> int:
    """Union-find in one pass: every voxel joins the zones behind it; gives the number of zones."""
    step = steps(row, directions)
    first = row[0]
    zones = 0
    for voxel in range(row[1] * row[2] * row[3]):
        level = arena[first + voxel]
        if level == 0:
            continue
        parents[first + voxel] = voxel
        zones += 1
        for a in range(step.shape[0]):
            if arena[first + voxel - step[a]] != level:
                continue
            mine = _root(parents[first:], voxel)
            other = _root(parents[first:], voxel - step[a])
            if mine != other:
                parents[first + max(mine, other)] = min(mine, other)
                zones -= 1
    return zones


@njit
def _measure(arena: Array, row: Ints, parents: Array, sizes: Ints) -> None:
    """The level index and the size of every zone; the first voxel of a zone is its root and comes first."""
    first = row[0]
    zone_of = np.empty(row[1] * row[2] * row[3], dtype=np.int32)
    zones = 0
    for voxel in range(row[1] * row[2] * row[3]):
        level = arena[first + voxel]
        if level == 0:
            continue
        root = _root(parents[first:], voxel)
        if root == voxel:
            zone_of[voxel] = zones
            sizes[zones, 0] = level - 1
            zones += 1
        sizes[zone_of[root], 1] += 1
