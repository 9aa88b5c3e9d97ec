"""Weighted sums along one axis of boxes: convolutions with symmetric tables, the same bytes whatever the boxes are.

A few lines of a box at a time are laid side by side in a tile of float64: whichever axis they run along, sums are
then vectorised across lines. Every sum starts with the middle and takes one pair after the other, outwards, each
product rounded together with the sum that it is added to.
"""

import math

import numpy as np

from voxmill_kernels.image.pairs import ALIGNMENT, LANES, add_pairs, add_pairs_twice
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Bools, Floats

COMPILED = (np.int16, np.float32, np.float64)
"""CT has int16; other whole numbers are few."""


def convolve(boxes: Array, weights: Floats, axis: int, first: int, count: int) -> Floats:
    """Boxes convolved along an axis and added up: output i is Σ_j weights[i, j] ∗ boxes[j].

    `boxes` is (inputs, z, y, x), of any type of numbers. `weights` is (outputs, inputs, reach + 1): those of the middle
    and of the voxels 1, 2, ... away. What is made has `count` voxels along the axis (0, 1, 2: z, y, x), the first of
    which has its middle at index `first`. Beyond its ends a box goes on with the values that it has there.
    """
    shape = boxes.shape[1:]
    outer, length, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    made = np.empty((len(weights), *shape[:axis], count, *shape[axis + 1 :]))
    lines = compiled(boxes).reshape(len(boxes), outer, length, inner)
    sums = made.reshape(len(weights), outer, count, inner)
    if inner == 1:
        lines, sums = lines.transpose(0, 3, 2, 1), sums.transpose(0, 3, 2, 1)
    used: Bools = abs(weights).max(axis=2) > 0
    _convolve(lines, weights, used, first, sums)
    return made


def compiled(box: Array) -> Array:
    """A box in the first that holds all its numbers of the types that the kernel is compiled for."""
    dtype = next(one for one in COMPILED if np.can_cast(box.dtype, one))
    return np.require(box, dtype, ["C", "W"])


@njit
def _convolve(lines: Array, weights: Floats, used: Bools, first: int, made: Floats) -> None:
    """LANES lines at a time: load, sum, store. `lines`: (inputs, blocks, length, lines); `used`: by which weights."""
    inputs, blocks, _, many = lines.shape
    outputs, count, reach = made.shape[0], made.shape[2], weights.shape[2] - 1
    tile, sums = _rows(count + 2 * reach), _rows(outputs * count)
    for block in range(blocks):
        for line in range(0, many, LANES):
            sums[:] = 0
            for one in range(inputs):
                _load(lines[one, block, :, line : line + LANES], first - reach, tile)
                _sum(tile, weights[:, one], used[:, one], count, sums)
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
def _sum(tile: Floats, weights: Floats, used: Bools, count: int, sums: Floats) -> None:
    """Add the weighted rows of a tile to the sums of every output, (outputs, count) rows; to those of two at once."""
    outputs, reach = weights.shape[0], weights.shape[1] - 1
    if outputs == 2 and used.all():
        for row in range(count):
            add_pairs_twice(tile, row + reach, weights[0], sums, row, weights[1], count + row)
    else:
        for output in range(outputs):
            if used[output]:
                for row in range(count):
                    add_pairs(tile, row + reach, weights[output], sums, output * count + row)


@njit
def _store(sums: Floats, made: Floats) -> None:
    """Rows of sums, each into its lines, (count, lines)."""
    for row in range(made.shape[0]):
        for lane in range(made.shape[1]):
            made[row, lane] = sums[row * LANES + lane]
