"""Facts of a whole image, found in one pass: here the box of every label."""

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints

Index = tuple[int, int, int]


def boxes(labels: Array, *, highest: int = (1 << 24) - 1) -> list[tuple[int, Index, Index, int]]:
    """The bounding box of every label but 0.

    `labels` is unsigned, indexed z, y, x. Gives (label, start, stop, voxels) in the order of the labels; `start` is
    the first index inside, `stop` the first one outside.

    Raises ValueError when a label is higher than `highest`, a power of two less one.
    """
    unions = np.zeros(labels.shape[:2], dtype=labels.dtype)
    _unite(labels, unions)
    union = int(np.bitwise_or.reduce(unions, axis=None))
    if union > highest:
        raise ValueError(f"a label is higher than {highest}")
    table = np.zeros((union + 1, 7), dtype=np.int64)
    table[:, :3] = np.iinfo(np.int64).max
    _extend(labels, unions, table)
    present = np.flatnonzero(table[:, 6])
    return [
        (label, (row[0], row[1], row[2]), (row[3], row[4], row[5]), row[6])
        for label, row in zip(present.tolist(), table[present].tolist(), strict=True)
    ]


@njit
def _unite(labels: Array, unions: Array) -> None:
    """All labels of a row along x, their bits joined: 0 where there is none, and never less than the highest."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            union = labels[z, y, 0]
            for x in range(width):
                union |= labels[z, y, x]
            unions[z, y] = union


@njit
def _extend(labels: Array, unions: NDArray[np.unsignedinteger], table: Ints) -> None:
    """Widen the row (start z y x, stop z y x, voxels) of every label that is met; a run along x at a time."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            if unions[z, y] == 0:
                continue
            x = 0
            while x < width:
                label = labels[z, y, x]
                first = x
                while x < width and labels[z, y, x] == label:
                    x += 1
                if label == 0:
                    continue
                row = table[label]
                row[0] = min(row[0], z)
                row[1] = min(row[1], y)
                row[2] = min(row[2], first)
                row[3] = max(row[3], z + 1)
                row[4] = max(row[4], y + 1)
                row[5] = max(row[5], x)
                row[6] += x - first
