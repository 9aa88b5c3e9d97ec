"""Facts of a whole image, found in one pass: here the box of every label."""

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints

Index = tuple[int, int, int]


def boxes(labels: Array) -> list[tuple[int, Index, Index, int]]:
    """The bounding box of every label but 0.

    `labels` is unsigned, indexed z, y, x. Gives (label, start, stop, voxels) in the order of the labels; `start` is
    the first index inside, `stop` the first one outside.
    """
    table = np.zeros((int(labels.max()) + 1, 7), dtype=np.int64)
    table[:, :3] = np.iinfo(np.int64).max
    _extend(labels, table)
    return [
        (label, (int(row[0]), int(row[1]), int(row[2])), (int(row[3]), int(row[4]), int(row[5])), int(row[6]))
        for label, row in enumerate(table)
        if label and row[6]
    ]


@njit
def _extend(labels: Array, table: Ints) -> None:
    """Widen the row (start z y x, stop z y x, voxels) of every label that is met; a run along x at a time."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
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
