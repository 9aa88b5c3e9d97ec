"""The tiles of boxes that blocks work on: enough of them to keep a device busy, and no more."""

import numpy as np

from voxmill_kernels.device import Device
from voxmill_kernels.types import Ints

MOST = 1 << 15
"""How many places of a box a block looks at, at most; a count that a block keeps to itself has 16 bits."""
LEAST = 1 << 11
"""Into smaller tiles no box is cut: a block clears its counts and adds them to those of the box, whatever its tile."""
RESIDENT = 4
"""How many blocks a multiprocessor holds, at most: its threads have some 64 registers each."""


def blocks_at_once(device: Device, shared: int) -> int:
    """How many blocks, each with so many bytes shared, a device runs at the same time.

    A multiprocessor has little more memory to share than one block may ask for.
    """
    return device.multiprocessors * min(RESIDENT, max(1, device.shared_bytes // max(1, shared)))


def cut(sizes: Ints, boxes: Ints, blocks: int) -> Ints:
    """Tiles of these boxes (indices) of so many places, (tiles, 3): box, first place and last one (exclusive).

    All blocks of a device at once, and each but once, is what is aimed at (not measured): with fewer tiles than
    `blocks` multiprocessors idle, with more of them private counts are cleared and added up more often. Boxes are cut
    evenly, so that no block waits for another; small ones stay whole.
    """
    size = min(max(-(-int(sizes.sum()) // max(1, blocks)), LEAST), MOST)
    counts = np.maximum(-(-sizes // MOST), np.maximum(1, (sizes + size // 2) // size))
    ends = counts.cumsum()
    box = np.arange(len(sizes)).repeat(counts)
    place, whole, of = np.arange(len(box)) - (ends - counts)[box], sizes[box], counts[box]
    table = np.empty((len(box), 3), dtype=np.int64)
    table[:, 0], table[:, 1], table[:, 2] = boxes[box], place * whole // of, (place + 1) * whole // of
    return table
