"""Weighted sums along one axis of boxes: convolutions with symmetric tables, the same bytes whatever the boxes are.

A few lines of a box at a time are laid side by side in a tile of float64: whichever axis they run along, sums are
then vectorised across lines. Every sum starts with the middle and takes one pair after the other, outwards.
"""

import math

import numpy as np

from voxmill_kernels.image.pairs import ALIGNMENT, LANES, add_pairs
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Bools, Floats


def convolve(boxes: Array, weights: Floats, axis: int, first: int, count: int) -> Floats:
    """Sums over boxes of their voxels before and after each along an axis, times weights: made[i] = Σ_j w[i, j] ∗ box[j].

    `boxes` is (inputs, z, y, x), of any type of numbers. `weights` is (outputs, inputs, reach + 1): those of the middle
    and of the voxels 1, 2, ... away. What is made has `count` voxels along the axis (0, 1, 2: z, y, x), the first of
    which has its middle at index `first`. Beyond its ends a box goes on with the values that it has there.
    """
    shape = boxes.shape[1:]
    outer, length, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    made = np.empty((len(weights), *shape[:axis], count, *shape[axis + 1 :]))
    lines = floats(boxes).reshape(len(boxes), outer, length, inner)
    sums = made.reshape(len(weights), outer, count, inner)
    if inner == 1:
        lines, sums = lines.transpose(0, 3, 2, 1), sums.transpose(0, 3, 2, 1)
    _convolve(lines, weights, weights.any(axis=2), first, sums)
    return made


def floats(box: Array) -> Array:
    """A box in the first that holds all its numbers of the types that the kernel is compiled for: float32, float64."""
    dtype = np.float32 if np.can_cast(box.dtype, np.float32) else np.float64
    return np.require(box, dtype, ["C", "W"])


@njit
def _convolve(lines: Array, weights: Floats, used: Bools, first: int, made: Floats) -> None:
    """LANES lines at a time: load, sum, store. `lines` is (inputs, blocks, length, lines); `used`: which weights are."""
    inputs, blocks, _, many = lines.shape
    outputs, count, reach = made.shape[0], made.shape[2], weights.shape[2] - 1
    tile, sums = _rows(count + 2 * reach), _rows(outputs * count)
    for block in range(blocks):
        for line in range(0, many, LANES):
            sums[:] = 0
            for one in range(inputs):
                _load(lines[one, block, :, line : line + LANES], first - reach, tile)
                for other in range(outputs):
                    if used[other, one]:
                        for row in range(count):
                            add_pairs(tile, row + reach, weights[other, one], sums, other * count + row)
            for other in range(outputs):
                _store(sums[other * count * LANES :], made[other, block, :, line : line + LANES])


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
def _store(sums: Floats, made: Floats) -> None:
    """Rows of sums, each into its lines, (count, lines)."""
    for row in range(made.shape[0]):
        for lane in range(made.shape[1]):
            made[row, lane] = sums[row * LANES + lane]
