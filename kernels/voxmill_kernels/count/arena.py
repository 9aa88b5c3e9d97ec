"""Batch: boxes of grey levels, packed in one arena. One box is a batch of one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.array import device_of
from voxmill_kernels.cuda.device import Buffer
from voxmill_kernels.jit import njit
from voxmill_kernels.levels import Levels
from voxmill_kernels.types import Array, Ints

OFFSET, DEPTH, HEIGHT, WIDTH, LEVELS = range(5)


@dataclass(frozen=True)
class Batch:
    """Boxes of grey levels, each within a border of zeros, so that no neighbour lies outside its box.

    arena: (voxels of all boxes and a tail,) uint8 or uint16; 0 is outside the region, n is the n-th level of its box.
    The tail of zeros is there to be read by what looks two voxels ahead of the last box, see `beyond`. It is on the
    device of the levels that were packed.
    table: (boxes, 5) int64: offset in the arena; depth, height, width with the border; how many levels.
    numbers: the level numbers of each box, ascending. counts: how many voxels of each box have each of its levels.
    border: how many zeros surround a box on each side.
    """

    arena: Array
    table: Ints
    numbers: tuple[Ints, ...]
    counts: tuple[Ints, ...]
    border: int

    def __len__(self) -> int:
        return len(self.table)

    @property
    def levels(self) -> list[int]:
        """How many grey levels each box has."""
        levels: list[int] = self.table[:, LEVELS].tolist()
        return levels

    @property
    def longest(self) -> Ints:
        """The longest side of each box (boxes,), without its border."""
        longest: Ints = self.table[:, DEPTH : WIDTH + 1].max(axis=1) - 2 * self.border
        return longest

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """The shape z, y, x of each box, without its border."""
        inner = self.table[:, DEPTH : WIDTH + 1] - 2 * self.border
        return [(z, y, x) for z, y, x in inner.tolist()]


def pack(boxes: Sequence[tuple[Levels, Array]], *, border: int = 1) -> Batch:
    """A batch of regions, each given by its grey levels and by where it lies in its box (z, y, x; not 0 inside).

    Of levels whose indices lie on a device the arena lies there too; all of a batch lie on the same one.

    Raises ValueError for boxes that are too large for a device.
    """
    rows, size = [], 0
    for levels, inside in boxes:
        depth, height, width = (side + 2 * border for side in inside.shape)
        rows.append((size, depth, height, width, len(levels.numbers)))
        size += depth * height * width
    table = np.array(rows, dtype=np.int64)
    tail = max(beyond(height, width) for _, _, height, width, _ in rows)
    narrow = max(row[LEVELS] for row in rows) <= np.iinfo(np.uint8).max
    arena = _arena(boxes, table, size + tail, np.uint8 if narrow else np.uint16, border)
    numbers, counts = (tuple(getattr(levels, name) for levels, _ in boxes) for name in ("numbers", "counts"))
    return Batch(arena, table, numbers, counts, border)


def _arena(
    boxes: Sequence[tuple[Levels, Array]], table: Ints, length: int, dtype: DTypeLike, border: int
) -> Array | Buffer:
    """The levels of all boxes in their places, where their indices are: here or on a device."""
    device = device_of(boxes[0][0].indices)
    if device is not None:
        from voxmill_kernels.count.cuda.arena import Frame, arena_of

        indices = [(levels.indices, inside) for levels, inside in boxes]
        return arena_of(indices, Frame(table[:, [OFFSET, HEIGHT, WIDTH]], length, dtype, border), device)
    arena = np.zeros(length, dtype=dtype)
    for row, (levels, inside) in zip(table, boxes, strict=True):
        _place(levels.indices, inside, arena, row, border)
    return arena


def beyond(height: int, width: int) -> int:
    """How far two steps along (1, 1, 1), from any voxel within a border, lead beyond the end of its box."""
    return (height + 1) * width + 1


@njit
def _place(indices: Array, inside: Array, arena: Array, row: Ints, border: int) -> None:
    depth, height, width = inside.shape
    voxel = 0
    for z in range(depth):
        for y in range(height):
            line = row[OFFSET] + ((z + border) * row[HEIGHT] + y + border) * row[WIDTH] + border
            for x in range(width):
                if inside[z, y, x] != 0:
                    arena[line + x] = indices[voxel]
                    voxel += 1
