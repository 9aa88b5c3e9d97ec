"""Facts of a whole image, found in one pass: the box of every label; moments and extremes of intensities."""

import math
from dataclasses import dataclass

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats, Ints

Index = tuple[int, int, int]


def boxes(labels: Array, *, highest: int = (1 << 24) - 1) -> list[tuple[int, Index, Index, int]]:
    """The bounding box of every label but 0.

    `labels` is unsigned, indexed z, y, x. Gives (label, start, stop, voxels) in the order of the labels; `start` is
    the first index inside, `stop` the first one outside.

    Raises ValueError when a label is higher than `highest`, a power of two less one.
    """
    table = np.zeros((min(highest + 1, 256), 7), dtype=np.int64)
    unions = np.empty(labels.shape[1], dtype=labels.dtype)
    plane = 0
    while plane < labels.shape[0]:
        plane = _extend(labels, plane, unions, table)
        union = int(np.bitwise_or.reduce(unions))
        if union > highest:
            raise ValueError(f"a label is higher than {highest}")
        if union >= len(table):
            table = np.pad(table, ((0, (1 << union.bit_length()) - len(table)), (0, 0)))
    present = np.flatnonzero(table[:, 6])
    return [
        (label, (row[0], row[1], row[2]), (row[3], row[4], row[5]), row[6])
        for label, row in zip(present.tolist(), table[present].tolist(), strict=True)
    ]


@njit
def _extend(labels: Array, begin: int, unions: Array, table: Ints) -> int:
    """Widen the boxes of the labels in the planes from `begin` on; each plane is read while it is near.

    Gives the plane that holds a label too high for the table, else the number of planes; `unions` are of its rows.
    """
    for z in range(begin, labels.shape[0]):
        _unite(labels, z, unions)
        union = unions[0]
        for y in range(unions.shape[0]):
            union |= unions[y]
        if union >= table.shape[0]:
            return z
        for y in range(unions.shape[0]):
            if unions[y] != 0:
                _extend_along(labels[z, y], z, y, table)
    return labels.shape[0]


@njit
def _unite(labels: Array, z: int, unions: Array) -> None:
    """All labels of a row along x, their bits joined: 0 where there is none, and never less than the highest."""
    for y in range(labels.shape[1]):
        union = labels[z, y, 0]
        for x in range(labels.shape[2]):
            union |= labels[z, y, x]
        unions[y] = union


@njit
def _extend_along(labels: Array, z: int, y: int, table: Ints) -> None:
    """Widen the box (start z y x, stop z y x, voxels) of every label in a row, a run at a time."""
    width = labels.shape[0]
    x = 0
    while x < width:
        label = labels[x]
        first = x
        while x < width and labels[x] == label:
            x += 1
        if label == 0:
            continue
        box = table[label]
        seen = box[6] > 0
        box[0] = min(box[0], z) if seen else z
        box[1] = min(box[1], y) if seen else y
        box[2] = min(box[2], first) if seen else first
        box[3] = max(box[3], z + 1)
        box[4] = max(box[4], y + 1)
        box[5] = max(box[5], x)
        box[6] += x - first


@dataclass(frozen=True)
class Moments:
    """How many voxels there are, the sum of their intensities, and the sum of the squares.

    Of whole numbers of up to 32 bits the sums are whole numbers; of others, parts (rounded sums and what they lost)
    whose exact sum is rounded once, at the end. Moments of boxes that share no voxel can be added, in any order.
    """

    voxels: int
    total: tuple[int | float, ...]
    squares: tuple[int | float, ...]

    @classmethod
    def of(cls, box: Array) -> "Moments":
        """The moments of a box, z, y, x."""
        if box.dtype.kind != "f" and box.dtype.itemsize <= 4:
            totals = np.zeros((len(box), 3), dtype=np.int64)
            _add_whole(box, totals)
            total, high, low = (sum(column) for column in totals.T.tolist())
            return cls(box.size, (total,), ((high << 32) + low,))
        sums = np.zeros((len(box), 4))
        _add_real(box, sums)
        return cls(box.size, tuple(sums[:, :2].ravel().tolist()), tuple(sums[:, 2:].ravel().tolist()))

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.voxels + other.voxels, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """The mean."""
        return _sum(self.total) / self.voxels

    @property
    def deviation(self) -> float:
        """The standard deviation, with the divisor n - 1, as ITK's StatisticsImageFilter; NaN for one voxel."""
        total, squares = _sum(self.total), _sum(self.squares)
        if self.voxels < 2:
            return math.nan
        return math.sqrt(max(squares - total * total / self.voxels, 0.0) / (self.voxels - 1))


@dataclass(frozen=True)
class Extremes:
    """The lowest and the highest intensity as float64; NaN where a voxel is NaN.

    Extremes of boxes can be added, in any order.
    """

    lowest: float
    highest: float

    @classmethod
    def of(cls, box: Array) -> "Extremes":
        """The extremes of a box, z, y, x."""
        return cls(float(box.min()), float(box.max()))

    def __add__(self, other: "Extremes") -> "Extremes":
        lowest, highest = np.minimum(self.lowest, other.lowest), np.maximum(self.highest, other.highest)
        return Extremes(float(lowest), float(highest))


def _sum(parts: tuple[int | float, ...]) -> float:
    """Rounded once; fsum alone would round every whole number first. NaN where a part is no number."""
    if not all(map(math.isfinite, parts)):
        return math.nan
    whole = sum(part for part in parts if isinstance(part, int))
    return math.fsum((whole, *(part for part in parts if isinstance(part, float))))


@njit
def _add_whole(box: Array, sums: Ints) -> None:
    """Per plane: the sum, and the sum of the squares in two halves of 32 bits, so that it cannot overflow."""
    for z in range(box.shape[0]):
        for y in range(box.shape[1]):
            row = box[z, y]
            total, high, low = np.int64(0), np.int64(0), np.int64(0)
            for x in range(row.shape[0]):
                value = np.int64(row[x])
                square = np.uint64(value * value)
                total += value
                high += np.int64(square >> np.uint64(32))
                low += np.int64(square & np.uint64(0xFFFFFFFF))
            sums[z, 0] += total
            sums[z, 1] += high
            sums[z, 2] += low


@njit
def _add_real(box: Array, sums: Floats) -> None:
    """Per plane: the sum and the sum of the squares, each with what its roundings lost (Neumaier, 1974)."""
    for z in range(box.shape[0]):
        total, lost, squares, lost_squares = 0.0, 0.0, 0.0, 0.0
        for y in range(box.shape[1]):
            row = box[z, y]
            for x in range(row.shape[0]):
                value = np.float64(row[x])
                total, lost = _add(total, lost, value)
                squares, lost_squares = _add(squares, lost_squares, value * value)
        sums[z, 0], sums[z, 1], sums[z, 2], sums[z, 3] = total, lost, squares, lost_squares


@njit
def _add(total: float, lost: float, value: float) -> tuple[float, float]:
    larger = total + value
    if abs(total) >= abs(value):
        return larger, lost + ((total - larger) + value)
    return larger, lost + ((value - larger) + total)
