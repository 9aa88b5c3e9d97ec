"""Weighted sums along one axis of a box: convolution with a symmetric table, the same bytes whatever the box is.

A few lines of a box at a time are laid side by side in a tile of float64: whichever axis they run along, sums are
then vectorised across lines. Every sum starts with the middle and takes one pair after the other, outwards, each
product rounded together with the sum that it is added to.
"""

import math

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.image.pairs import ALIGNMENT, LANES, weigh_pairs
from voxmill_kernels.image.reading import readable
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats, Singles


def convolve(box: Array, weights: Floats, axis: int, first: int, count: int) -> Singles:
    """Weighted sums of the voxels before and after each along an axis, in float64, stored as float32.

    `box` is 3D, of any type of numbers. `weights` is (reach + 1,): that of the middle and of the voxels 1, 2, ... away.
    What is made has `count` voxels along the axis (0, 1, 2 for z, y, x), the first of which has its middle at index
    `first` of the box. Beyond its ends the box goes on with the values that it has there. Of a box on a device they
    are made there, with the same bytes.
    """
    if device := device_of(box):
        from voxmill_kernels.image.cuda import bands

        return bands.convolve(device, box, weights, axis, first, count)
    outer, length, inner = math.prod(box.shape[:axis]), box.shape[axis], math.prod(box.shape[axis + 1 :])
    made = np.empty((*box.shape[:axis], count, *box.shape[axis + 1 :]), dtype=np.float32)
    lines, sums = readable(box).reshape(outer, length, inner), made.reshape(outer, count, inner)
    if inner == 1:
        lines, sums = lines.transpose(2, 1, 0), sums.transpose(2, 1, 0)
    _convolve(lines, np.ascontiguousarray(weights, dtype=np.float64), first, sums)
    return made


def add_quotient(term: Singles, divisor: float, total: Singles) -> None:
    """Add a term divided by a number to a total of its shape: computed in float64, stored as float32.

    Both are in order, and on the same device, if on any.
    """
    if device := device_of(total):
        from voxmill_kernels.image.cuda import bands

        bands.add_quotient(device, term, divisor, total)
    else:
        _add_quotient(term, divisor, total)


@njit
def _add_quotient(term: Singles, divisor: float, total: Singles) -> None:
    terms, totals = term.reshape(-1), total.reshape(-1)
    for place in range(totals.shape[0]):
        totals[place] += terms[place] / divisor


@njit
def _convolve(lines: Array, weights: Floats, first: int, made: Singles) -> None:
    """LANES lines at a time: load, sum, store. `lines` and `made` are (blocks, length, lines)."""
    blocks, count, many = made.shape
    reach = weights.shape[0] - 1
    tile, sums = _rows(count + 2 * reach), _rows(count)
    for block in range(blocks):
        for line in range(0, many, LANES):
            _load(lines[block, :, line : line + LANES], first - reach, tile)
            for row in range(count):
                weigh_pairs(tile, row + reach, weights, sums, row)
            _store(sums, made[block, :, line : line + LANES])


@njit
def _rows(count: int) -> Floats:
    """So many rows of a tile, all zero, where vectors are read and written fastest."""
    room = np.zeros(count * LANES + ALIGNMENT // 8)
    start = (-room.ctypes.data % ALIGNMENT) // 8
    return room[start : start + count * LANES]


@njit
def _load(lines: Array, first: int, tile: Floats) -> None:
    """Rows `first` and on of some lines, (length, lines); before and after these, the nearest."""
    length, lanes = lines.shape
    for row in range(tile.shape[0] // LANES):
        along, place = min(max(first + row, 0), length - 1), row * LANES
        for lane in range(lanes):
            tile[place + lane] = lines[along, lane]


@njit
def _store(sums: Floats, made: Singles) -> None:
    """Rows of sums, each into its lines, (count, lines)."""
    for row in range(made.shape[0]):
        for lane in range(made.shape[1]):
            made[row, lane] = sums[row * LANES + lane]
