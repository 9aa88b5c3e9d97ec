"""All five texture matrices of a box in one sweep.

The box is swept in strips of rows. For a whole strip at once, vectorised over its voxels, the sweep finds which
neighbours have the same level (a set of 13 bits forward, one backward), how many lie in the region and what their
levels add up to. The voxels of the strip then count:

- GLCM: one increment per offset.
- GLDM and NGTDM: from the numbers of the strip.
- GLRLM: only the first voxels of runs longer than one walk along them; the rest of a level's voxels are runs of one.
- GLSZM: a voxel takes the zone of one neighbour behind it per group that hangs together, which joins those zones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.arena import DEPTH, LEVELS, OFFSET, WIDTH, Batch
from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.neighbourhood import DIRECTIONS, LOWEST
from voxmill_kernels.count.zones import Zones, join_zones, room_for_zones, zone_cells
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints

GLCM, GLDM, NGTDM, GLRLM, GLSZM = 1, 2, 4, 8, 16
EVERYTHING = GLCM | GLDM | NGTDM | GLRLM | GLSZM
FAMILIES = {"glcm": GLCM, "gldm": GLDM, "ngtdm": NGTDM, "glrlm": GLRLM, "glszm": GLSZM}
STRIP = 4096
MAX_BYTES = 4 << 30


@dataclass(frozen=True)
class Matrices:
    """The texture matrices of one box: whole numbers; i and j count levels (from 0) as in the numbers of the box.

    glcm: (offsets, levels, levels) uint32: how often level j lies at an offset from level i; not symmetric.
    gldm: (levels, neighbours + 1) uint32: voxels of level i with j neighbours that depend on them.
    ngtdm: (levels, neighbours + 1) int64: column c sums |c * level - sum of neighbours| over the voxels of a level
    that have c neighbours in the region; divided by c and added up it is s_i.
    glrlm: (13, levels, longest side) uint32: runs of level i that are j + 1 voxels long; a direction in which no line
    holds two voxels of the region is all zeros, as in PyRadiomics.
    glszm: the zones of level i and size j.
    """

    glcm: Counts
    gldm: Counts
    ngtdm: Ints
    glrlm: Counts
    glszm: Cells


class _Task(NamedTuple):
    """What is to be counted in a box: offsets and directions as steps in its arena; `wanted` by family."""

    shape: tuple[int, int, int]
    border: int
    offsets: Ints
    directions: Ints
    alpha: int
    wanted: int


class _Counters(NamedTuple):
    """Matrices with a row (and column) 0 for what is outside."""

    glcm: Counts
    gldm: Counts
    ngtdm: Ints
    runs: Counts


class _Strip(NamedTuple):
    """What is known of the voxels of a strip: where those of the region are, and what surrounds every place."""

    places: NDArray[np.int32]
    forward: NDArray[np.uint16]
    backward: NDArray[np.uint16]
    dependent: Array
    near: Array
    total: Array


def sweep(batch: Batch, offsets: Ints, *, alpha: int = 0, wanted: int = EVERYTHING) -> list[Matrices]:
    """The matrices of every box; those of families that are not `wanted` are left empty or zero.

    `offsets` are one of each pair ±offset, (n, 3) in z, y, x, none longer than the border of the batch: they are the
    neighbours of GLCM, GLDM and NGTDM. Runs and zones always go by the 13 directions. A neighbour depends on a voxel
    (GLDM) when its level differs by at most `alpha`.

    Raises ValueError when the matrices would need more than 4 GiB, and for offsets beyond the border.
    """
    if np.abs(offsets).max() > batch.border:
        raise ValueError(f"offsets of up to {np.abs(offsets).max()} voxels lead out of a border of {batch.border}")
    return [_sweep_box(batch, box, offsets, alpha, wanted) for box in range(len(batch))]


def _sweep_box(batch: Batch, box: int, offsets: Ints, alpha: int, wanted: int) -> Matrices:
    row = batch.table[box]
    shape = (int(row[DEPTH]), int(row[DEPTH + 1]), int(row[WIDTH]))
    part = slice(int(row[OFFSET]), int(row[OFFSET]) + shape[0] * shape[1] * shape[2])
    levels, numbers = batch.arena[part], batch.numbers[box]
    counters = _counters(int(row[LEVELS]), len(offsets), max(batch.shapes[box]), wanted)
    zones = room_for_zones(int(batch.counts[box].sum()) if wanted & GLSZM else 0, shape)
    values = levels if numbers[-1] == len(numbers) else _numbered(levels, numbers)
    task = _Task(shape, batch.border, _steps(offsets, shape), _steps(DIRECTIONS, shape), alpha, wanted)
    strip = _strip(shape, len(offsets), int(numbers[-1]))
    found = _sweep(levels, values, task, counters, strip, zones)
    if wanted & GLRLM:
        _finish_runs(levels, task, batch.counts[box], counters.runs)
    return Matrices(
        counters.glcm[:, 1:, 1:],
        counters.gldm[1:],
        counters.ngtdm[1:],
        counters.runs[:, 1:, 1:],
        zone_cells(zones, int(found), int(row[LEVELS])),
    )


def _counters(levels: int, offsets: int, longest: int, wanted: int) -> _Counters:
    shapes = (
        (offsets if wanted & GLCM else 0, levels + 1, levels + 1),
        (levels + 1, 2 * offsets + 1),
        (levels + 1, 2 * offsets + 1),
        (len(DIRECTIONS) if wanted & GLRLM else 0, levels + 1, longest + 1),
    )
    needed = 4 * sum(int(np.prod(shape, dtype=np.float64)) for shape in shapes)
    if needed > MAX_BYTES:
        raise ValueError(f"{levels} grey levels need matrices of {needed / 2**30:.1f} GiB, at most 4 are taken")
    glcm, gldm, ngtdm, runs = shapes
    return _Counters(
        np.zeros(glcm, np.uint32), np.zeros(gldm, np.uint32), np.zeros(ngtdm, np.int64), np.zeros(runs, np.uint32)
    )


def _strip(shape: tuple[int, int, int], offsets: int, top: int) -> _Strip:
    """Room for a strip, in the narrowest types that hold its numbers: more voxels at once."""
    length = max(1, STRIP // shape[2]) * shape[2]
    count, total = np.min_scalar_type(2 * offsets), np.min_scalar_type(max(256, 2 * offsets * top))
    types = (np.int32, np.uint16, np.uint16, count, count, total)
    return _Strip(*(np.empty(length, dtype=dtype) for dtype in types))


def _numbered(levels: Array, numbers: Ints) -> Array:
    """The arena with level numbers in place of indices, where levels are missing in between."""
    table = np.concatenate([[0], numbers])
    return table.astype(np.min_scalar_type(table[-1]))[levels]


def _steps(offsets: Ints, shape: tuple[int, int, int]) -> Ints:
    """How far offsets (n, 3) in z, y, x lead in a box of this shape."""
    return (offsets[:, 0] * shape[1] + offsets[:, 1]) * shape[2] + offsets[:, 2]


@njit
def _sweep(levels: Array, values: Array, task: _Task, counters: _Counters, strip: _Strip, zones: Zones) -> int:
    """Strip by strip, as the module says; gives the number of zones before they were joined."""
    depth, height, width = task.shape
    border, wanted = task.border, task.wanted
    rows = strip.places.shape[0] // width
    found = 0
    for z in range(border, depth - border):
        for y in range(border, height - border, rows):
            start = (z * height + y) * width
            length = (min(y + rows, height - border) - y) * width
            start, length, count = _find(levels, start, length, strip.places)
            if count == 0:
                continue
            places = strip.places[:count]
            if wanted & (GLDM | NGTDM):
                _sum_around(values, start, length, task, strip)
                _count_sums(levels, values, start, places, strip, counters.gldm, counters.ngtdm)
            if wanted & GLCM:
                _count_pairs(levels, start, places, task.offsets, counters.glcm)
            if wanted & (GLRLM | GLSZM):
                _find_equal(levels, start, length, task.directions, strip)
            if wanted & GLRLM:
                _count_runs(levels, start, places, task.directions, strip, counters.runs)
            if wanted & GLSZM:
                found = join_zones(levels, start, places, width, z, strip.backward, zones, found)
    return found


@njit
def _find(levels: Array, start: int, length: int, places: NDArray[np.int32]) -> tuple[int, int, int]:
    """Where the region lies in a strip: the strip cut to it, and how many places it has."""
    count = 0
    for place in range(length):
        if levels[start + place] != 0:
            places[count] = place
            count += 1
    if count == 0:
        return start, 0, 0
    first = places[0]
    for index in range(count):
        places[index] -= first
    return start + first, places[count - 1] + 1, count


@njit
def _find_equal(levels: Array, start: int, length: int, steps: Ints, strip: _Strip) -> None:
    """The sets of neighbours, forward and backward, that have the same level."""
    here = levels[start : start + length]
    strip.forward[:length] = 0
    strip.backward[:length] = 0
    for k in range(steps.shape[0]):
        ahead = levels[start + steps[k] : start + steps[k] + length]
        behind = levels[start - steps[k] : start - steps[k] + length]
        bit = np.uint16(1 << k)
        for x in range(length):
            strip.forward[x] |= bit if here[x] == ahead[x] else np.uint16(0)
        for x in range(length):
            strip.backward[x] |= bit if here[x] == behind[x] else np.uint16(0)


@njit
def _sum_around(values: Array, start: int, length: int, task: _Task, strip: _Strip) -> None:
    """How many neighbours lie in the region, how many of them depend, and the sum of their level numbers."""
    here = values[start : start + length]
    steps, alpha = task.offsets, task.alpha
    strip.dependent[:length] = 0
    strip.near[:length] = 0
    strip.total[:length] = 0
    for k in range(2 * steps.shape[0]):
        step = steps[k // 2] if k % 2 == 0 else -steps[k // 2]
        other = values[start + step : start + step + length]
        for x in range(length):
            strip.near[x] += np.uint8(other[x] != 0)
        for x in range(length):
            strip.total[x] += other[x]
        if alpha == 0:
            for x in range(length):
                strip.dependent[x] += np.uint8(here[x] == other[x])
        else:
            for x in range(length):
                apart = np.int32(here[x]) - np.int32(other[x])
                strip.dependent[x] += np.uint8(other[x] != 0 and -alpha <= apart <= alpha)


@njit
def _count_sums(
    levels: Array, values: Array, start: int, places: Array, strip: _Strip, gldm: Counts, ngtdm: Ints
) -> None:
    for place in places:
        level = levels[start + place]
        near = np.int64(strip.near[place])
        gldm[level, strip.dependent[place]] += 1
        ngtdm[level, near] += abs(near * np.int64(values[start + place]) - np.int64(strip.total[place]))


@njit
def _count_pairs(levels: Array, start: int, places: Array, steps: Ints, glcm: Counts) -> None:
    """Neighbours outside are counted in column 0."""
    for k in range(steps.shape[0]):
        matrix = glcm[k]
        for place in places:
            at = start + place
            matrix[levels[at], levels[at + steps[k]]] += 1


@njit
def _count_runs(levels: Array, start: int, places: Array, steps: Ints, strip: _Strip, runs: Counts) -> None:
    """Runs longer than one: their first voxel has an equal neighbour ahead and none behind."""
    for place in places:
        begins = np.int64(strip.forward[place] & ~strip.backward[place])
        while begins != 0:
            k = LOWEST[begins]
            begins &= begins - 1
            level = levels[start + place]
            at = start + place + steps[k]
            length = 1
            while levels[at] == level:
                at += steps[k]
                length += 1
            runs[k, level, length] += 1


@njit
def _finish_runs(levels: Array, task: _Task, counts: Ints, runs: Counts) -> None:
    """What the longer runs leave over are runs of one; directions without a line of two voxels are emptied."""
    for k in range(runs.shape[0]):
        any_longer = False
        for level in range(1, runs.shape[1]):
            covered = 0
            for length in range(2, runs.shape[2]):
                covered += length * runs[k, level, length]
            runs[k, level, 1] = counts[level - 1] - covered
            any_longer = any_longer or covered > 0
        if not any_longer and not _shares_line(levels, task, k):
            runs[k] = 0


@njit
def _shares_line(levels: Array, task: _Task, k: int) -> bool:
    """Whether any line along a direction holds two voxels of the region, next to each other or not."""
    dz, dy, dx = DIRECTIONS[k, 0], DIRECTIONS[k, 1], DIRECTIONS[k, 2]
    depth, height, width = task.shape
    border, step = task.border, task.directions[k]
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
