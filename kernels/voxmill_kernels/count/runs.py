"""Runs of voxels of one level along the 13 directions, counted while a box is swept (GLRLM).

Only the first voxels of runs longer than two walk along them. The runs of two follow from how many neighbours are
equal, those of one from how many voxels are left.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.neighbourhood import DIRECTIONS, LOWEST, SPREAD
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints

FULL = 15


class Runs(NamedTuple):
    """Runs found so far.

    counts: (13, levels + 1, longest side + 1) by direction, level (row 0 is empty) and length; column 0 counts equal
    neighbours ahead. tally: by level, equal neighbours ahead in four bits per direction; filled: how often that has
    been added to.
    """

    counts: Counts
    tally: NDArray[np.uint64]
    filled: NDArray[np.uint8]


def room_for_runs(shape: tuple[int, int, int]) -> Runs:
    """Room for counts of this shape."""
    return Runs(np.zeros(shape, np.uint32), np.zeros(shape[1], np.uint64), np.zeros(shape[1], np.uint8))


@njit
def count_runs(levels: Array, start: int, places: Array, steps: Ints, ahead: Array, begins: Array, runs: Runs) -> None:
    """Count what the voxels of a strip tell of runs.

    By place, `ahead` is the set of directions with an equal neighbour ahead, `begins` of those in which a run longer
    than two begins.
    """
    _count_equal(levels, start, places, ahead, runs)
    _count_long(levels, start, places, steps, begins, runs.counts)


@njit
def _count_equal(levels: Array, start: int, places: Array, ahead: Array, runs: Runs) -> None:
    """Equal neighbours ahead, for all directions at once."""
    tally, filled = runs.tally, runs.filled
    for place in places:
        level = levels[start + place]
        tally[level] += SPREAD[ahead[place] & 127] | SPREAD[ahead[place] >> 7] << np.uint64(28)
        filled[level] += 1
        if filled[level] == FULL:
            _empty(level, runs)


@njit
def _empty(level: int, runs: Runs) -> None:
    """Move the tally of a level to where it has room."""
    for k in range(runs.counts.shape[0]):
        runs.counts[k, level, 0] += np.uint32(runs.tally[level] >> np.uint64(4 * k) & np.uint64(15))
    runs.tally[level] = 0
    runs.filled[level] = 0


@njit
def _count_long(levels: Array, start: int, places: Array, steps: Ints, begins: Array, counts: Counts) -> None:
    """Runs longer than two."""
    for place in places:
        left = np.int64(begins[place])
        while left != 0:
            k = LOWEST[left]
            left &= left - 1
            level = levels[start + place]
            at = start + place + 3 * steps[k]
            length = 3
            while levels[at] == level:
                at += steps[k]
                length += 1
            counts[k, level, length] += 1


@njit
def finish_runs(
    levels: Array, shape: tuple[int, int, int], border: int, voxels: Ints, steps: Ints, along: Ints, runs: Runs
) -> None:
    """Runs of two and of one: what is left; directions without a line of two voxels are emptied.

    `shape` and `border` are those of the box, `voxels` how many have each level, `along` which directions count.
    """
    counts = runs.counts
    for level in range(1, counts.shape[1]):
        _empty(level, runs)
    for k in along:
        any_longer = False
        for level in range(1, counts.shape[1]):
            twos = int(counts[k, level, 0])
            covered = 0
            for length in range(3, counts.shape[2]):
                twos -= (length - 1) * int(counts[k, level, length])
                covered += length * int(counts[k, level, length])
            if twos > 0:
                counts[k, level, 2] = twos
            counts[k, level, 1] = voxels[level - 1] - covered - 2 * twos
            any_longer = any_longer or counts[k, level, 0] > 0
        if not any_longer and not _shares_line(levels, shape, border, steps[k], k):
            counts[k] = 0


@njit
def _shares_line(levels: Array, shape: tuple[int, int, int], border: int, step: int, k: int) -> bool:
    """Whether any line along direction k holds two voxels of the region, next to each other or not."""
    dz, dy, dx = DIRECTIONS[k, 0], DIRECTIONS[k, 1], DIRECTIONS[k, 2]
    depth, height, width = shape
    for z in range(border, depth - border):
        for y in range(border, height - border):
            for x in range(border, width - border):
                at = (z * height + y) * width + x
                if levels[at] == 0:
                    continue
                to_z, to_y, to_x = z + dz, y + dy, x + dx
                while to_z < depth - border and border <= to_y < height - border and border <= to_x < width - border:
                    at += step
                    if levels[at] != 0:
                        return True
                    to_z, to_y, to_x = to_z + dz, to_y + dy, to_x + dx
    return False
