"""Facts of a whole image, found in one pass: here the box of every label."""

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints

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
