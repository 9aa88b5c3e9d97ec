"""Batch: boxes of grey levels, packed in one arena. One box is a batch of one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.levels import Levels
from voxmill_kernels.types import Array, Bools, Ints

OFFSET, DEPTH, HEIGHT, WIDTH, LEVELS = range(5)


@dataclass(frozen=True)
class Batch:
    """Boxes of grey levels, each within a border of zeros, so that no neighbour lies outside its box.

    arena: (voxels of all boxes,) uint8 or uint16; 0 is outside the region, n is the n-th level of its box.
    table: (boxes, 5) int64: offset in the arena; depth, height, width with the border; how many levels.
    numbers: the level numbers of each box, ascending.
    border: how many zeros surround a box on each side.
    """

    arena: Array
    table: Ints
    numbers: tuple[Ints, ...]
    border: int

    def __len__(self) -> int:
        return len(self.table)

    @property
    def levels(self) -> list[int]:
        """How many grey levels each box has."""
        return [int(n) for n in self.table[:, LEVELS]]

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """The shape z, y, x of each box, without its border."""
        inner = self.table[:, DEPTH : WIDTH + 1] - 2 * self.border
        return [(int(z), int(y), int(x)) for z, y, x in inner]


def pack(boxes: Sequence[tuple[Levels, Bools]], *, border: int = 1) -> Batch:
    """A batch of regions, each given by its grey levels and by where it lies in its box (z, y, x; C-contiguous)."""
    table = np.zeros((len(boxes), 5), dtype=np.int64)
    for row, (levels, inside) in zip(table, boxes, strict=True):
        row[DEPTH : WIDTH + 1] = np.array(inside.shape) + 2 * border
        row[LEVELS] = len(levels.numbers)
    sizes = table[:, DEPTH : WIDTH + 1].prod(axis=1)
    table[:, OFFSET] = np.cumsum(sizes) - sizes
    narrow = table[:, LEVELS].max() <= np.iinfo(np.uint8).max
    arena = np.zeros(int(sizes.sum()), dtype=np.uint8 if narrow else np.uint16)
    for row, (levels, inside) in zip(table, boxes, strict=True):
        _place(levels.indices, inside, arena, row, border)
    return Batch(arena, table, tuple(levels.numbers for levels, _ in boxes), border)


def allocate(shapes: Sequence[tuple[int, ...]], dtype: type) -> tuple[Array, Ints, list[Array]]:
    """Room for one array of zeros per box: all of it as one array, where each begins, and a view of each."""
    sizes = np.array([np.prod(shape, dtype=np.int64) for shape in shapes], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    flat: Array = np.zeros(int(sizes.sum()), dtype=dtype)
    views = [flat[a : a + n].reshape(shape) for a, n, shape in zip(starts, sizes, shapes, strict=True)]
    return flat, starts, views


@njit
def _place(indices: NDArray[np.uint16], inside: Bools, arena: Array, row: Ints, border: int) -> None:
    depth, height, width = inside.shape
    voxel = 0
    for z in range(depth):
        for y in range(height):
            line = row[OFFSET] + ((z + border) * row[HEIGHT] + y + border) * row[WIDTH] + border
            for x in range(width):
                if inside[z, y, x]:
                    arena[line + x] = indices[voxel]
                    voxel += 1


@njit
def bounds(row: Ints) -> tuple[int, int]:
    """First and last but one position in the arena of a box."""
    return row[OFFSET], row[OFFSET] + row[DEPTH] * row[HEIGHT] * row[WIDTH]


@njit
def steps(row: Ints, offsets: Ints) -> Ints:
    """How far offsets (n, 3) in z, y, x lead in the arena of this box."""
    return (offsets[:, 0] * row[HEIGHT] + offsets[:, 1]) * row[WIDTH] + offsets[:, 2]
