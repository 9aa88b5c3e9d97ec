"""Local binary patterns of slices: samples on a circle against its centre, bit for bit scikit-image's.

Ojala, Pietikäinen, Mäenpää 2002 (IEEE TPAMI 24, 971-987), as skimage.feature.local_binary_pattern computes it.
"""

from math import ceil
from typing import NamedTuple

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Bools, Floats, Ints

METHODS = ("default", "ror", "uniform", "nri_uniform", "var")
_DEFAULT, _ROR, _UNIFORM, _NRI_UNIFORM, _VAR = range(5)

MOST_SAMPLES = {"default": 31, "ror": 31, "uniform": 1024, "nri_uniform": 127, "var": 1024}
"""Scikit-image keeps patterns in an int32, for nri_uniform the places of samples in an int8; else more tell no more."""
DIGITS = 5
"""To so many digits the positions of the samples are rounded."""


class Circle(NamedTuple):
    """Where samples lie around a voxel: how many rows down and columns right, in voxels."""

    rows: Floats
    columns: Floats


class Around(NamedTuple):
    """Along an axis, for each sample and place: the voxel before, the one after, and the way from one to the other."""

    before: Ints
    after: Ints
    ways: Floats


def circle(samples: int, radius: float) -> Circle:
    """So many samples at this radius, the first one to the right, then up; scikit-image takes the radius as float32."""
    angles = 2 * np.pi * np.arange(samples, dtype=np.float64) / samples
    single = float(np.float32(radius))
    return Circle(np.round(-single * np.sin(angles), DIGITS), np.round(single * np.cos(angles), DIGITS))


def reach(around: Circle) -> tuple[int, int]:
    """How many rows and columns away the voxels lie that samples are taken from."""
    return ceil(np.abs(around.rows).max()), ceil(np.abs(around.columns).max())


def patterns(slices: Floats, first: tuple[int, int], around: Circle, method: str) -> Floats:
    """The codes of the patterns, or the variances of the samples, of slices (slices, rows, columns).

    `slices` has so many rows and columns more on every side as the circle's reach, 0 outside of the image; `first` is
    the row and column in the image of the first voxel that is made. A variance of 0 is NaN.
    """
    far = reach(around)
    shape = (slices.shape[0], slices.shape[1] - 2 * far[0], slices.shape[2] - 2 * far[1])
    made = np.empty(shape)
    down = _around(first[0], shape[1], far[0], around.rows)
    right = _around(first[1], shape[2], far[1], around.columns)
    _patterns(slices, far, down, right, METHODS.index(method), made)
    return made


def _around(first: int, count: int, margin: int, offsets: Floats) -> Around:
    """Positions are rounded where they lie in the image, then counted from the beginning of the box."""
    positions = np.arange(first, first + count) + offsets[:, None]
    before, after = np.floor(positions), np.ceil(positions)
    start = first - margin
    return Around(before.astype(np.int64) - start, after.astype(np.int64) - start, positions - before)


@njit
def _patterns(slices: Floats, far: tuple[int, int], down: Around, right: Around, method: int, made: Floats) -> None:
    """Row by row; passes: the samples of all its voxels, then their codes."""
    count = down.ways.shape[0]
    texture, signs = np.empty((count, made.shape[2])), np.empty(count, dtype=np.bool_)
    for n in range(made.shape[0]):
        for row in range(made.shape[1]):
            for i in range(count):
                _sample(slices[n], i, row, down, right, texture[i])
            for column in range(made.shape[2]):
                if method == _VAR:
                    made[n, row, column] = _variance(texture[:, column])
                else:
                    centre = slices[n, row + far[0], column + far[1]]
                    for i in range(count):
                        signs[i] = texture[i, column] - centre >= 0.0
                    made[n, row, column] = _code(signs, method)


@njit
def _sample(image: Floats, i: int, row: int, down: Around, right: Around, texture: Floats) -> None:
    """Sample i of all voxels of a row: linear along columns, then along rows."""
    above, below, way = image[down.before[i, row]], image[down.after[i, row]], down.ways[i, row]
    for column in range(texture.size):
        before, after, across = right.before[i, column], right.after[i, column], right.ways[i, column]
        top = (1.0 - across) * above[before] + across * above[after]
        bottom = (1.0 - across) * below[before] + across * below[after]
        texture[column] = (1.0 - way) * top + way * bottom


@njit
def _variance(texture: Floats) -> float:
    """Of the samples, about their mean; NaN where it is 0."""
    total = squares = 0.0
    for value in texture:
        total += value
        squares += value * value
    variance = (squares - (total * total) / texture.size) / texture.size
    return variance if variance != 0.0 else np.nan


@njit
def _code(signs: Bools, method: int) -> float:
    if method == _DEFAULT:
        return float(_bits(signs))
    if method == _ROR:
        return float(_least_rotation(_bits(signs), signs.size))
    changes = 0
    for i in range(signs.size - 1):
        changes += signs[i] != signs[i + 1]
    if method == _UNIFORM:
        return float(signs.sum() if changes <= 2 else signs.size + 1)
    return float(_place(signs) if changes <= 2 else signs.size * (signs.size - 1) + 2)


@njit
def _bits(signs: Bools) -> int:
    """The pattern as a number, the first sample its lowest bit."""
    pattern = 0
    for i in range(signs.size):
        pattern |= int(signs[i]) << i
    return pattern


@njit
def _least_rotation(pattern: int, samples: int) -> int:
    least = pattern
    for _ in range(1, samples):
        pattern = (pattern >> 1) | ((pattern & 1) << (samples - 1))
        least = min(least, pattern)
    return least


@njit
def _place(signs: Bools) -> int:
    """The number of a uniform pattern: by how many samples are not below the centre, then by how far it is turned."""
    samples, ones = signs.size, signs.sum()
    if ones == 0:
        return 0
    if ones == samples:
        return samples * (samples - 1) + 1
    turned = ones - np.argmin(signs) if signs[0] else samples - np.argmax(signs)
    return 1 + (ones - 1) * samples + turned
