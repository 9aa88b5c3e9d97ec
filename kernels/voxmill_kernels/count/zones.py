"""Zones of connected voxels of one level, joined while a box is swept (GLSZM)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.neighbourhood import DIRECTIONS, LOWEST, REPRESENTATIVES
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints
from voxmill_kernels.union_find import unite

SMALL_ZONE = 64


class Zones(NamedTuple):
    """Zones found so far; a zone that was joined to another names it as its parent, which has a smaller number.

    Labels live in two planes, the one that is swept and the one before it, taking turns; `back` leads from a place to
    its neighbour behind in each direction.
    """

    parent: NDArray[np.int32]
    size: NDArray[np.int32]
    level: NDArray[np.int32]
    label: NDArray[np.int32]
    back: Ints


def room_for_zones(voxels: int, shape: tuple[int, int, int]) -> Zones:
    """Room for the zones of a region of so many voxels in a box of this shape; none for no voxels."""
    parent, size, level = (np.empty(voxels, dtype=np.int32) for _ in range(3))
    label = np.empty(2 * shape[1] * shape[2] if voxels else 0, dtype=np.int32)
    return Zones(parent, size, level, label, np.empty(len(DIRECTIONS), dtype=np.int64))


@njit
def join_zones(
    levels: Array, start: int, places: Array, width: int, z: int, backward: Array, zones: Zones, found: int
) -> int:
    """Give the voxels of a strip their zones, and join those that meet; gives the number of zones before joining.

    `backward` is the set of equal neighbours behind each place.
    """
    plane = zones.label.shape[0] // 2
    here = z % 2 * plane
    for k in range(zones.back.shape[0]):
        behind_here = (z - DIRECTIONS[k, 0]) % 2 * plane - here
        zones.back[k] = behind_here - DIRECTIONS[k, 1] * width - DIRECTIONS[k, 2]
    first = start - z * plane + here
    for place in places:
        at = first + place
        behind = int(REPRESENTATIVES[backward[place]])
        if behind == 0:
            zone = found
            zones.parent[zone] = zone
            zones.level[zone] = levels[start + place]
            zones.size[zone] = 0
            found += 1
        else:
            zone = int(zones.label[at + zones.back[LOWEST[behind]]])
            behind &= behind - 1
            while behind != 0:
                other = int(zones.label[at + zones.back[LOWEST[behind]]])
                behind &= behind - 1
                if other != zone:
                    zone = unite(zones.parent, zone, other)
        zones.label[at] = zone
        zones.size[zone] += 1
    return found


def zone_cells(zones: Zones, found: int, levels: int) -> Cells:
    """The cells of the zones: small ones from a table, large ones from a list."""
    small = np.zeros((levels, SMALL_ZONE), dtype=np.int64)
    listed = int(_measure_zones(zones, found, small))
    return with_large(cells_of(small[:, 1:]), zones.level[:listed].astype(np.int64) << 32 | zones.size[:listed])


def with_large(cells: Cells, zones: Array) -> Cells:
    """The cells of small zones and, after them, those of large `zones`: level (from 1) << 32 | size."""
    if len(zones) == 0:
        return cells
    large, count = np.unique(zones, return_counts=True)
    return Cells(
        np.concatenate([cells.matrix, np.zeros_like(large)]),
        np.concatenate([cells.level, (large >> 32) - 1]),
        np.concatenate([cells.size, large & 0xFFFFFFFF]),
        np.concatenate([cells.count, count]),
    )


@njit
def _measure_zones(zones: Zones, found: int, small: Ints) -> int:
    """Add the size of every joined zone to its parent; count the small ones, move the large ones to the front."""
    for zone in range(found - 1, -1, -1):
        if zones.parent[zone] != zone:
            zones.size[zones.parent[zone]] += zones.size[zone]
    listed = 0
    for zone in range(found):
        if zones.parent[zone] != zone:
            continue
        if zones.size[zone] < small.shape[1]:
            small[zones.level[zone] - 1, zones.size[zone]] += 1
        else:
            zones.level[listed], zones.size[listed] = zones.level[zone], zones.size[zone]
            listed += 1
    return listed
