"""Regions packed in one arena: here, or on the device that their levels lie on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.array import device_of
from voxmill_kernels.count.arena import HEIGHT, LEVELS, OFFSET, WIDTH, Batch, beyond
from voxmill_kernels.device import Buffer
from voxmill_kernels.jit import njit
from voxmill_kernels.levels import Levels
from voxmill_kernels.types import Array, Ints


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
