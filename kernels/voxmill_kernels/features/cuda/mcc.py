"""Maximal correlation of many matrices on the device that has counted them; what the CPU's features say of it holds."""

from collections.abc import Iterator

import numpy as np

from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.features.mcc import MORE_STEPS, maximal_correlation
from voxmill_kernels.types import Floats, Ints

UNKNOWN, WITHOUT_PAIRS = -1, -2
"""What a kernel gives where it has found no correlation."""
SHARE = 4
"""The matrices that are worked on at a time take this part of the memory that is left, or there is but one."""


def mean_correlations(counted: Counted) -> Floats:
    """MCC of every box of a batch (boxes,): the mean over its co-occurrence matrices, made symmetric, that hold pairs.

    1 for boxes with one grey level; NaN where no matrix holds a pair.
    """
    correlations = _correlations(counted)
    means = np.full(len(correlations), np.nan)
    for box, row in enumerate(correlations):
        known = row[row != WITHOUT_PAIRS]
        if len(known):
            means[box] = known.mean()
    one_level = (counted.layout.boxes["levels"] == 1) & ~np.isnan(means)
    return np.where(one_level, 1.0, means)


def _correlations(counted: Counted) -> Floats:
    """By box and offset; on the CPU for matrices that are too large for a block, or need another search."""
    device, glcm = counted.device, counted.buffers["glcm"]
    table = _table(counted)
    found = np.full(len(table), float(UNKNOWN))
    fits = np.flatnonzero(_shared(table[:, 1]) <= device.shared_bytes)
    if len(fits):
        found[fits] = device.download(_launched(device, table[fits], glcm))
    for place in np.flatnonzero(found == UNKNOWN):
        start, levels = table[place, :2].tolist()
        matrix = device.download(glcm[start : start + levels**2]).reshape(levels, levels)
        found[place] = maximal_correlation(matrix) if matrix.any() else WITHOUT_PAIRS
    return found.reshape(len(counted.layout.boxes), -1)


def _table(counted: Counted) -> Ints:
    """All matrices, box by box (n, 3), without their room yet."""
    shapes, starts = counted.layout.shapes["pairs"], counted.layout.boxes["pairs"]
    offsets, levels = shapes[0, 0], shapes[:, 1]
    first = starts[:, np.newaxis] + np.arange(offsets) * levels[:, np.newaxis] ** 2
    return np.stack([first.ravel(), np.repeat(levels, offsets), np.zeros(first.size, dtype=np.int64)], axis=1)


def _launched(device: Device, table: Ints, glcm: Buffer) -> Buffer:
    """What kernels have found of these matrices, of as many at a time as there is room for."""
    cells = _four(table[:, 1]) ** 2
    most = max(int(cells.max()), min(int(cells.sum()), device.free_bytes // 8 // SHARE))
    room, found = device.empty(most, np.float64), device.empty(len(table), np.float64)
    for part in _parts(cells, most):
        matrices = table[part]
        matrices[:, 2] = np.cumsum(cells[part]) - cells[part]
        shared = int(_shared(matrices[:, 1]).max())
        arguments = [device.upload(matrices.ravel()), glcm, room, found[part]]
        device.launch("correlate_pairs", len(matrices), arguments, shared=shared)
    return found


def _parts(cells: Ints, most: int) -> Iterator[slice]:
    """As many matrices at a time as have so many cells together, at most."""
    ends, first = np.cumsum(cells), 0
    while first < len(cells):
        last = int(np.searchsorted(ends, most + ends[first] - cells[first], side="right"))
        yield slice(first, last)
        first = last


def _shared(levels: Ints) -> Ints:
    """Bytes of its memory that a block uses for a matrix of so many levels."""
    return 8 * (3 * _four(levels) + 2 * (levels + MORE_STEPS + 1) + 4) + 4 * levels


def _four(size: Ints) -> Ints:
    """The next multiple of four."""
    return -(-size // 4) * 4
