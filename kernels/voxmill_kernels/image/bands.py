"""Weighted sums along one axis of a box: convolution with a symmetric table, the same bytes whatever the box is.

A few lines of the box at a time are laid side by side in a tile of float64: whichever axis they run along, sums are
then vectorised across lines. Every sum starts with the middle and takes one pair after the other, outwards.
"""

import math

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats, Ints

LANES = 64
"""How many lines a tile holds."""


def convolve(box: Array, weights: Floats, axis: int, first: int, count: int) -> NDArray[np.float32]:
    """Weighted sums of the voxels before and after each along an axis, in float64, stored as float32.

    `box` is 3D, of any type of numbers. `weights` is (reach + 1,): that of the middle and of the voxels 1, 2, ... away.
    What is made has `count` voxels along the axis, the first of which has its middle at index `first` of the box.
    Beyond its ends the box goes on with the values that it has there.
    """
    outer, length, inner = math.prod(box.shape[:axis]), box.shape[axis], math.prod(box.shape[axis + 1 :])
    made = np.empty((outer, count, inner), dtype=np.float32)
    _convolve(floats(box).reshape(outer, length, inner), weights, first, made)
    return made.reshape(*box.shape[:axis], count, *box.shape[axis + 1 :])


def floats(box: Array) -> Array:
    """A box in the first that holds all its numbers of the types that the kernel is compiled for: float32, float64."""
    dtype = np.float32 if np.can_cast(box.dtype, np.float32) else np.float64
    return np.require(box, dtype, ["C", "W"])


@njit
def _convolve(box: Array, weights: Floats, first: int, made: NDArray[np.float32]) -> None:
    """Passes over LANES lines each: load, sum, store."""
    outer, length, inner = box.shape
    count, reach = made.shape[1], weights.shape[0] - 1
    tile, sums = np.zeros((count + 2 * reach, LANES)), np.empty((count, LANES))
    sources, targets = box.reshape(-1), made.reshape(-1)
    origins, places = np.zeros(LANES, dtype=np.int64), np.zeros(LANES, dtype=np.int64)
    for line in range(0, outer * inner, LANES):
        lanes = min(LANES, outer * inner - line)
        for lane in range(lanes):
            block, column = divmod(line + lane, inner)
            origins[lane] = block * length * inner + column
            places[lane] = block * count * inner + column
        _load(sources, origins[:lanes], inner, length, first - reach, tile)
        _sum(tile, weights, sums)
        for row in range(count):
            for lane in range(lanes):
                targets[places[lane] + row * inner] = sums[row, lane]


@njit
def _load(sources: Array, origins: Ints, step: int, length: int, first: int, tile: Floats) -> None:
    """Rows `first` and on of some lines of `length` voxels; before and after these, the nearest."""
    for row in range(tile.shape[0]):
        along = min(max(first + row, 0), length - 1) * step
        for lane in range(origins.shape[0]):
            tile[row, lane] = sources[origins[lane] + along]


@njit
def _sum(tile: Floats, weights: Floats, sums: Floats) -> None:
    """The weighted sums of the rows around each; two pairs at a time, to spare the memory."""
    reach, lanes = weights.shape[0] - 1, sums.shape[1]
    for row in range(sums.shape[0]):
        middle = row + reach
        total, own, weight = sums[row], tile[middle], weights[0]
        for lane in range(lanes):
            total[lane] = weight * own[lane]
        for away in range(1, reach, 2):
            near, far = weights[away], weights[away + 1]
            before, after = tile[middle - away], tile[middle + away]
            first, last = tile[middle - away - 1], tile[middle + away + 1]
            for lane in range(lanes):
                pair = near * (before[lane] + after[lane])
                total[lane] = (total[lane] + pair) + far * (first[lane] + last[lane])
        if reach % 2:
            weight, before, after = weights[reach], tile[middle - reach], tile[middle + reach]
            for lane in range(lanes):
                total[lane] += weight * (before[lane] + after[lane])
