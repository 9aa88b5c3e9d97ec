"""Local binary patterns in space: samples on a sphere around every voxel, as PyRadiomics 3.0.1 takes and sums them.

Banerjee, Moelker, Niessen, van Walsum 2013 (ACCV Workshops 2012, LNCS 7728). Samples are bit for bit those of SciPy's
ndimage.map_coordinates of order 3, and so is their kurtosis that of scipy.stats; sums over patterns are not.
"""

from math import ceil
from typing import Any, NamedTuple

import numpy as np

from voxmill_kernels.image.box import Box, Index
from voxmill_kernels.image.sphere import harmonics
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Bools, Floats, Ints

PAIRWISE = 128
"""So many numbers NumPy adds in eight sums; more it halves."""


class Axis(NamedTuple):
    """Along an axis, for each sample and index: the first of four coefficients, their weights, whether it is inside.

    (samples, indices), weights (samples, 4, indices).
    """

    first: Ints
    weights: Floats
    inside: Bools


class Numbers(NamedTuple):
    """What samples are kept as: whole numbers between limits, float32, or as they are."""

    whole: bool
    single: bool
    low: float
    high: float


def reach(points: Floats) -> int:
    """How many voxels away the coefficients lie that samples at these points are made of."""
    return ceil(float(np.abs(points).max())) + 2


def patterns(coefficients: Box, centres: Array, start: Index, points: Floats, levels: int) -> Floats:
    """The L2 norms of the levels of every voxel's pattern, then the kurtosis of its samples: (z, y, x, levels + 1).

    `centres` are the voxels of a window that begins at `start`, of their own type; `coefficients` hold those of their
    spline with `reach` more voxels on every side, where the image has them; `points` (points, 3) are z, y, x of the
    samples. A sample outside of the image is 0; of whole numbers it is rounded, halves away from zero. The kurtosis (3
    less) is NaN where samples do not vary: by no more than the last digit of their mean. Where a sample is NaN, all is.
    """
    made = np.empty((*centres.shape, levels + 1))
    margin = reach(points)
    axes = [_axis(coefficients.shape[n], start[n], centres.shape[n], points[:, n], margin) for n in range(3)]
    extended = _extended(coefficients, start, centres.shape, margin)
    of_levels = [harmonics(points, level) for level in range(levels)]
    parts, signs = (np.concatenate([one[n] for one in of_levels], axis=-1) for n in range(2))
    values = np.ascontiguousarray(centres, dtype=np.float64)
    _patterns(extended, values, (axes[0], axes[1], axes[2]), _numbers(centres.dtype), (parts, signs), made)
    return made


def _axis(size: int, start: int, count: int, offsets: Floats, margin: int) -> Axis:
    """Positions are rounded where they lie in the image (of this size), then counted from the extended coefficients."""
    positions = np.arange(start, start + count) + offsets[:, None]
    whole = np.floor(positions)
    y = positions - whole
    z = 1.0 - y
    before, near, far = z * z * z / 6.0, (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0, (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0
    weights = np.stack([before, near, far, 1.0 - before - near - far], axis=1)
    return Axis(whole.astype(np.int64) - 1 - (start - margin), weights, (positions >= 0) & (positions <= size - 1))


def _extended(coefficients: Box, start: Index, shape: tuple[int, ...], margin: int) -> Floats:
    """The coefficients of a window and of a margin around it, mirrored at the borders of the image."""
    voxels = coefficients.voxels
    for axis in range(3):
        wanted = np.arange(start[axis] - margin, start[axis] + shape[axis] + margin)
        around = max(2 * coefficients.shape[axis] - 2, 1)
        there = np.minimum(wanted % around, around - wanted % around) if around > 1 else 0 * wanted
        voxels = voxels.take(there - coefficients.start[axis], axis=axis)
    return np.ascontiguousarray(voxels)


def _numbers(dtype: np.dtype[Any]) -> Numbers:
    if dtype.kind == "f":
        return Numbers(whole=False, single=dtype.itemsize == 4, low=-np.inf, high=np.inf)
    limits = np.iinfo(dtype)
    return Numbers(whole=True, single=False, low=float(limits.min), high=float(limits.max))


@njit
def _patterns(
    coefficients: Floats,
    centres: Floats,
    axes: tuple[Axis, Axis, Axis],
    numbers: Numbers,
    parts: tuple[Floats, Floats],
    made: Floats,
) -> None:
    """Row by row; passes: the samples of all its voxels; of each voxel the norms of its levels and the kurtosis."""
    z_axis, y_axis, _ = axes
    count, levels = z_axis.first.shape[0], made.shape[3] - 1
    samples = np.zeros((count, centres.shape[2]))
    values, singles, sums = np.empty(count), np.empty(count, dtype=np.float32), np.empty(2 * levels - 1)
    constants = np.array([count, np.finfo(np.float64).eps, 3.0])
    singles_constants = np.array([count, np.finfo(np.float32).eps, 3.0]).astype(np.float32)
    for z in range(centres.shape[0]):
        for y in range(centres.shape[1]):
            for v in range(count):
                if z_axis.inside[v, z] and y_axis.inside[v, y]:
                    _sample(coefficients, axes, (v, z, y), samples[v])
                    _keep(samples[v], numbers)
                else:
                    samples[v] = 0.0
            for x in range(centres.shape[2]):
                values[:] = samples[:, x]
                if np.isnan(values.sum()):
                    made[z, y, x] = np.nan
                    continue
                _norms(values, centres[z, y, x], parts, sums, made[z, y, x, :levels])
                if numbers.single:
                    singles[:] = values
                    made[z, y, x, levels] = _kurtosis(singles, singles_constants)
                else:
                    made[z, y, x, levels] = _kurtosis(values, constants)


@njit
def _sample(coefficients: Floats, axes: tuple[Axis, Axis, Axis], at: Index, samples: Floats) -> None:
    """One sample of all voxels of a row, in stretches in which their coefficients begin equally far from them."""
    z_axis, y_axis, x_axis = axes
    v, z, y = at
    samples[:] = 0.0
    begin = 0
    while begin < samples.size:
        shift, end = x_axis.first[v, begin] - begin, begin + 1
        while end < samples.size and x_axis.first[v, end] - end == shift:
            end += 1
        w = x_axis.weights[v]
        weights = (w[0, begin:end], w[1, begin:end], w[2, begin:end], w[3, begin:end])
        for i in range(4):
            for j in range(4):
                row = coefficients[z_axis.first[v, z] + i, y_axis.first[v, y] + j, begin + shift :]
                _add(row, z_axis.weights[v, i, z], y_axis.weights[v, j, y], weights, samples[begin:end])
        begin = end
    for x in range(samples.size):
        if not x_axis.inside[v, x]:
            samples[x] = 0.0


@njit
def _add(
    row: Floats, along_z: float, along_y: float, weights: tuple[Floats, Floats, Floats, Floats], sums: Floats
) -> None:
    """The four terms of a row, in SciPy's order."""
    first, second, third, fourth = weights
    for x in range(sums.size):
        total = sums[x] + row[x] * along_z * along_y * first[x]
        total += row[x + 1] * along_z * along_y * second[x]
        total += row[x + 2] * along_z * along_y * third[x]
        sums[x] = total + row[x + 3] * along_z * along_y * fourth[x]


@njit
def _keep(samples: Floats, numbers: Numbers) -> None:
    """Samples as their image's type holds them."""
    if numbers.whole:
        for x in range(samples.size):
            value = samples[x]
            samples[x] = min(max(np.trunc(value + (0.5 if value > 0.0 else -0.5)), numbers.low), numbers.high)
    elif numbers.single:
        for x in range(samples.size):
            samples[x] = np.float32(samples[x])


@njit
def _norms(values: Floats, centre: float, parts: tuple[Floats, Floats], sums: Floats, norms: Floats) -> None:
    """For each level the L2 norm, over the points, of its kernel times the pattern: where values reach the centre.

    `sums` is room to work in.
    """
    of_points, signs = parts
    for level in range(norms.size):
        begin, count = level * level, 2 * level + 1
        sums[:count] = 0.0
        for v in range(values.size):
            if values[v] >= centre:
                for j in range(count):
                    sums[j] += of_points[v, begin + j]
        for j in range(count):
            sums[j] *= signs[begin + j]
        squares = 0.0
        for u in range(values.size):
            total = 0.0
            for j in range(count):
                total += of_points[u, begin + j] * sums[j]
            squares += total * total
        norms[level] = np.sqrt(squares)


@njit
def _kurtosis(values: Array, constants: Array) -> float:
    """Of float32 or float64, in their own arithmetic, as scipy.stats.kurtosis; it overwrites them.

    `constants`: how many values there are, the type's epsilon, and 3.
    """
    count, epsilon, three = constants[0], constants[1], constants[2]
    mean = _sum(values) / count
    for v in range(values.size):
        values[v] = (values[v] - mean) * (values[v] - mean)
    second, least = _sum(values) / count, epsilon * mean
    for v in range(values.size):
        values[v] *= values[v]
    fourth = _sum(values) / count
    return np.nan if second <= least * least else fourth / (second * second) - three


@njit
def _sum(values: Array) -> float:
    """In NumPy's order; there are eight values at least."""
    count = values.size
    if count > PAIRWISE:
        half = count // 2 - count // 2 % 8
        return _sum(values[:half]) + _sum(values[half:])
    a, b, c, d, e, f, g, h = values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
    whole = count - count % 8
    for i in range(8, whole, 8):
        a, b, c, d = a + values[i], b + values[i + 1], c + values[i + 2], d + values[i + 3]
        e, f, g, h = e + values[i + 4], f + values[i + 5], g + values[i + 6], h + values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, count):
        total += values[i]
    return total
