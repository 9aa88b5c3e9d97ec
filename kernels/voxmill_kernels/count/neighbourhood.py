"""Tables of the 13 neighbours behind a voxel: a set of them is a number of 13 bits, bit k for direction k."""

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.offsets import directions

DIRECTIONS = directions(1)
SETS = np.arange(1 << len(DIRECTIONS))


def _lowest() -> NDArray[np.uint8]:
    """Of each set, its lowest bit; 0 for the empty one."""
    table = np.zeros(len(SETS), dtype=np.uint8)
    for k in reversed(range(len(DIRECTIONS))):
        table[SETS >> k & 1 == 1] = k
    return table


def _spread() -> NDArray[np.uint64]:
    """Of each set of seven, a number with a 1 in four bits of its own for each member."""
    table = np.zeros(1 << 7, dtype=np.uint64)
    for k in range(7):
        table |= (np.arange(1 << 7, dtype=np.uint64) >> np.uint64(k) & np.uint64(1)) << np.uint64(4 * k)
    return table


def _representatives() -> NDArray[np.uint16]:
    """Of each set, one neighbour of every group that hangs together by itself (26-connected)."""
    chosen = np.zeros_like(SETS)
    left = SETS.copy()
    while left.any():
        first = left & -left
        chosen |= first
        left &= ~_group_of(first)
    return chosen.astype(np.uint16)


def _group_of(members: NDArray[np.int64]) -> NDArray[np.int64]:
    """All neighbours of each set that hang together with its `members`."""
    apart = np.abs(DIRECTIONS[:, None] - DIRECTIONS[None]).max(axis=2)
    touching = [int(sum(1 << k for k in np.flatnonzero(row <= 1))) for row in apart]
    group = np.zeros_like(members)
    reach = members
    while not np.array_equal(reach, group):
        group = reach
        for k, near in enumerate(touching):
            reach = reach | np.where(group >> k & 1, near & SETS, 0)
    return group


LOWEST = _lowest()
SPREAD = _spread()
REPRESENTATIVES = _representatives()
