"""All five texture matrices of a box in one sweep.

The box is swept in strips of rows. For a whole strip at once, vectorised over its voxels, the sweep finds which
neighbours have the same level (a set of 13 bits forward, one backward), how many lie in the region and what their
levels add up to. The voxels of the strip then count:

- GLCM: one increment per offset.
- GLDM and NGTDM: from the numbers of the strip.
- GLRLM: from those sets, see `runs`.
- GLSZM: a voxel takes the zone of one neighbour behind it per group that hangs together, which joins those zones.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.arena import Batch, beyond
from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.runs import Runs, count_runs, finish_runs, room_for_runs
from voxmill_kernels.count.zones import Zones, join_zones, room_for_zones, zone_cells
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints

GLCM, GLDM, NGTDM, GLRLM, GLSZM = 1, 2, 4, 8, 16
EVERYTHING = GLCM | GLDM | NGTDM | GLRLM | GLSZM
FAMILIES = {"glcm": GLCM, "gldm": GLDM, "ngtdm": NGTDM, "glrlm": GLRLM, "glszm": GLSZM}
AHEAD, BEHIND, BEGINS = range(3)
STRIP = 4096
MAX_BYTES = 4 << 30

Shape2: TypeAlias = tuple[int, int]
Shape3: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class Matrices:
    """The texture matrices of one box: whole numbers; i and j count levels (from 0) as in the numbers of the box.

    glcm: (offsets, levels, levels) uint32: how often level j lies at an offset from level i; not symmetric.
    gldm: (levels, neighbours + 1) uint32: voxels of level i with j neighbours that depend on them.
    ngtdm: (levels, neighbours + 1) int64: column c sums |c * level - sum of neighbours| over the voxels of a level
    that have c neighbours in the region; divided by c and added up it is s_i.
    glrlm: (13, levels, longest side) uint32: runs of level i that are j + 1 voxels long; a direction in which no line
    holds two voxels of the region is all zeros, as in PyRadiomics, and so is one that leads out of its slice.
    glszm: the zones of level i and size j.
    """

    glcm: Counts
    gldm: Counts
    ngtdm: Ints
    glrlm: Counts
    glszm: Cells


NO_MATRICES = Matrices(
    glcm=np.zeros((0, 0, 0), dtype=np.uint32),
    gldm=np.zeros((0, 0), dtype=np.uint32),
    ngtdm=np.zeros((0, 0), dtype=np.int64),
    glrlm=np.zeros((0, 0, 0), dtype=np.uint32),
    glszm=Cells(*np.zeros((4, 0), dtype=np.int64)),
)
"""What is counted where nothing is wanted."""


class _Task(NamedTuple):
    """What is to be counted in a box: offsets and directions as steps in its arena; `wanted` by family.

    along: which of the 13 directions runs and zones go by. by_direction: whether a dependent neighbour (GLDM) is an
    equal one in one of these.
    """

    shape: tuple[int, int, int]
    border: int
    offsets: Ints
    directions: Ints
    along: Ints
    alpha: int
    by_direction: bool
    wanted: int


class _Counters(NamedTuple):
    """Matrices with a row (and column) 0 for what is outside, and runs."""

    glcm: Counts
    gldm: Counts
    ngtdm: Ints
    runs: Runs


class _Strip(NamedTuple):
    """What is known of the voxels of a strip: where those of the region are, and what surrounds every place.

    equal: (3, 2, length) sets of directions, in two bytes, low and high: with an equal neighbour ahead, with one
    behind, and in which a run of three or more begins. sets: (3, length) the same in one number.
    """

    places: NDArray[np.int32]
    equal: NDArray[np.uint8]
    sets: NDArray[np.uint16]
    dependent: Array
    near: Array
    total: Array


def sweep(
    batch: Batch, offsets: Ints, *, across: int | None = None, alpha: int = 0, wanted: int = EVERYTHING
) -> list[Matrices]:
    """The matrices of every box; those of families that are not `wanted` are left empty or zero.

    `offsets` are one of each pair ±offset, (n, 3) in z, y, x, none longer than the border of the batch: they are the
    neighbours of GLCM, GLDM and NGTDM. Runs and zones go by the 13 directions, or by the four of them that stay in a
    slice `across` an axis (0, 1, 2 for z, y, x). A neighbour depends on a voxel (GLDM) when its level differs by at
    most `alpha`.

    Raises ValueError when the matrices would need more than 4 GiB, and for offsets beyond the border.
    """
    along = directions_in(across)
    check_border(batch, offsets)
    return [_sweep_box(batch, box, offsets, along, alpha, wanted) for box in range(len(batch))]


def directions_in(across: int | None) -> Ints:
    """Which of the 13 directions stay in a slice `across` an axis; all of them for None."""
    return np.arange(len(DIRECTIONS)) if across is None else np.flatnonzero(DIRECTIONS[:, across] == 0)


def check_border(batch: Batch, offsets: Ints) -> None:
    """Raise ValueError for offsets beyond the border of the batch."""
    farthest = np.abs(offsets).max(initial=0)
    if farthest > batch.border:
        raise ValueError(f"offsets of up to {farthest} voxels lead out of a border of {batch.border}")


def _sweep_box(batch: Batch, box: int, offsets: Ints, along: Ints, alpha: int, wanted: int) -> Matrices:
    start, *sides, different = batch.table[box].tolist()
    shape = (sides[0], sides[1], sides[2])
    size, tail = shape[0] * shape[1] * shape[2], beyond(shape[1], shape[2])
    levels, numbers = batch.arena[start : start + size + tail], batch.numbers[box]
    counters = _counters(different, len(offsets), max(shape) - 2 * batch.border, wanted)
    zones = room_for_zones(int(batch.counts[box].sum()) if wanted & GLSZM else 0, shape)
    values = levels if numbers[-1] == len(numbers) else _numbered(levels[:size], numbers)
    by_direction = alpha == 0 and np.array_equal(offsets, DIRECTIONS[along])
    steps = (_steps(offsets, shape), _steps(DIRECTIONS, shape))
    task = _Task(shape, batch.border, *steps, along, alpha, by_direction, wanted)
    strip = _strip(shape, len(offsets), int(numbers[-1]))
    found = _sweep(levels, values, task, counters, strip, zones)
    if wanted & GLRLM:
        finish_runs(levels, shape, batch.border, batch.counts[box], task.directions, along, counters.runs)
    return Matrices(
        counters.glcm[:, 1:, 1:],
        counters.gldm[1:],
        counters.ngtdm[1:],
        counters.runs.counts[:, 1:, 1:],
        zone_cells(zones, int(found), different),
    )


def _counters(levels: int, offsets: int, longest: int, wanted: int) -> _Counters:
    glcm, around, runs = counter_shapes(levels, offsets, longest, wanted)
    return _Counters(
        np.zeros(glcm, np.uint32),
        np.zeros(around, np.uint32),
        np.zeros(around, np.int64),
        room_for_runs(runs),
    )


def counter_shapes(levels: int, offsets: int, longest: int, wanted: int) -> tuple[Shape3, Shape2, Shape3]:
    """The shapes that the counters of GLCM, of GLDM and NGTDM, and of GLRLM have, as far as they are wanted.

    `longest` is the longest side of the box. Raises ValueError when the matrices would need more than 4 GiB.
    """
    shapes = _counter_shapes(levels, offsets, longest, wanted)
    needed = _counter_bytes(*shapes)
    if needed > MAX_BYTES:
        found = f"{levels} grey levels in {offsets} directions need matrices of {needed / 2**30:.1f} GiB"
        raise ValueError(f"{found}, at most 4 are taken")
    return shapes


def check_counters(levels: Ints, offsets: int, longest: Ints, wanted: int) -> None:
    """Raise ValueError as `counter_shapes` does, for the first of boxes (n,): by how many levels, and longest side."""
    shapes = _counter_shapes(int(levels.max()), offsets, int(longest.max()), wanted)
    if _counter_bytes(*shapes) > MAX_BYTES:
        for its_levels, its_longest in zip(levels.tolist(), longest.tolist(), strict=True):
            counter_shapes(its_levels, offsets, its_longest, wanted)


def _counter_shapes(levels: int, offsets: int, longest: int, wanted: int) -> tuple[Shape3, Shape2, Shape3]:
    glcm = (offsets if wanted & GLCM else 0, levels + 1, levels + 1)
    around = (levels + 1, 2 * offsets + 1)
    return glcm, around, (len(DIRECTIONS) if wanted & GLRLM else 0, levels + 1, longest + 1)


def _counter_bytes(glcm: Shape3, around: Shape2, runs: Shape3) -> int:
    return 4 * math.prod(glcm) + (4 + 8) * math.prod(around) + 4 * math.prod(runs)


def _strip(shape: tuple[int, int, int], offsets: int, top: int) -> _Strip:
    """Room for a strip, in the narrowest types that hold its numbers: more voxels at once."""
    length = max(1, STRIP // shape[2]) * shape[2]
    count, total = np.min_scalar_type(2 * offsets), np.min_scalar_type(max(256, 2 * offsets * top))
    return _Strip(
        np.empty(length, dtype=np.int32),
        np.empty((3, 2, length), dtype=np.uint8),
        np.empty((3, length), dtype=np.uint16),
        *(np.empty(length, dtype=dtype) for dtype in (count, count, total)),
    )


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
            if wanted & GLCM:
                _count_pairs(levels, start, places, task.offsets, counters.glcm)
            if wanted & NGTDM:
                _sum_around(values, start, length, task.offsets, strip)
                _count_differences(levels, values, start, places, strip, counters.ngtdm)
            if wanted & (GLRLM | GLSZM) or (wanted & GLDM and task.by_direction):
                _find_equal(levels, start, length, task, strip)
            if wanted & GLDM:
                if not task.by_direction:
                    _find_dependent(values, start, length, task, strip.dependent)
                _count_dependences(levels, start, places, strip.dependent, counters.gldm)
            if wanted & GLRLM:
                count_runs(levels, start, places, task.directions, strip.sets[AHEAD], strip.sets[BEGINS], counters.runs)
            if wanted & GLSZM:
                found = join_zones(levels, start, places, width, z, strip.sets[BEHIND], zones, found)
    return found


@njit
def _find(levels: Array, start: int, length: int, places: NDArray[np.int32]) -> tuple[int, int, int]:
    """Where the region lies in a strip: the strip cut to it, and how many places it has."""
    count = 0
    for place in range(length):
        places[count] = place
        count += levels[start + place] != 0
    if count == 0:
        return start, 0, 0
    first = places[0]
    for index in range(count):
        places[index] -= first
    return start + first, places[count - 1] + 1, count


@njit
def _find_equal(levels: Array, start: int, length: int, task: _Task, strip: _Strip) -> None:
    """The sets of directions with equal neighbours, and how many such neighbours there are."""
    here, steps = levels[start : start + length], task.directions
    dependent = strip.dependent
    dependent[:length] = 0
    strip.equal[:, :, :length] = 0
    for k in task.along:
        ahead = levels[start + steps[k] : start + steps[k] + length]
        behind = levels[start - steps[k] : start - steps[k] + length]
        after = levels[start + 2 * steps[k] : start + 2 * steps[k] + length]
        bit = np.uint8(1 << k % 8)
        has_ahead, has_behind, begins = strip.equal[0, k // 8], strip.equal[1, k // 8], strip.equal[2, k // 8]
        for x in range(length):
            one, other = here[x] == ahead[x], here[x] == behind[x]
            has_ahead[x] |= bit if one else np.uint8(0)
            has_behind[x] |= bit if other else np.uint8(0)
            begins[x] |= bit if one and not other and here[x] == after[x] else np.uint8(0)
            dependent[x] += np.uint8(one) + np.uint8(other)
    for which in range(3):
        low, high, joined = strip.equal[which, 0], strip.equal[which, 1], strip.sets[which]
        for x in range(length):
            joined[x] = np.uint16(low[x]) | np.uint16(high[x]) << np.uint16(8)


@njit
def _sum_around(values: Array, start: int, length: int, steps: Ints, strip: _Strip) -> None:
    """How many neighbours lie in the region, and the sum of their level numbers."""
    strip.near[:length] = 0
    strip.total[:length] = 0
    for k in range(steps.shape[0]):
        ahead = values[start + steps[k] : start + steps[k] + length]
        behind = values[start - steps[k] : start - steps[k] + length]
        for x in range(length):
            strip.near[x] += np.uint8(ahead[x] != 0) + np.uint8(behind[x] != 0)
        for x in range(length):
            strip.total[x] += ahead[x]
            strip.total[x] += behind[x]


@njit
def _count_differences(levels: Array, values: Array, start: int, places: Array, strip: _Strip, ngtdm: Ints) -> None:
    for place in places:
        near = np.int64(strip.near[place])
        difference = near * np.int64(values[start + place]) - np.int64(strip.total[place])
        ngtdm[levels[start + place], near] += abs(difference)


@njit
def _find_dependent(values: Array, start: int, length: int, task: _Task, dependent: Array) -> None:
    """How many neighbours in the region have a level number that differs by at most alpha."""
    here = values[start : start + length]
    alpha = task.alpha
    dependent[:length] = 0
    for k in range(2 * task.offsets.shape[0]):
        step = task.offsets[k // 2] if k % 2 == 0 else -task.offsets[k // 2]
        other = values[start + step : start + step + length]
        for x in range(length):
            apart = np.int32(here[x]) - np.int32(other[x])
            dependent[x] += np.uint8(other[x] != 0 and -alpha <= apart <= alpha)


@njit
def _count_dependences(levels: Array, start: int, places: Array, dependent: Array, gldm: Counts) -> None:
    for place in places:
        gldm[levels[start + place], dependent[place]] += 1


@njit
def _count_pairs(levels: Array, start: int, places: Array, steps: Ints, glcm: Counts) -> None:
    """Neighbours outside are counted in column 0."""
    for place in places:
        at = start + place
        level = levels[at]
        for k in range(steps.shape[0]):
            glcm[k, level, levels[at + steps[k]]] += 1
