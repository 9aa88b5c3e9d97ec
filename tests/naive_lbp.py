"""Slow, obvious oracles of local binary patterns: each voxel by its definition.

In slices: Ojala, Pietikäinen, Mäenpää 2002, in the terms of scikit-image's local_binary_pattern. In space: PyRadiomics
3.0.1, imageoperations.getLBP3DImage. Plain loops; sums are exact, rounded once. Images are indexed z, y, x.
"""

from __future__ import annotations

from cmath import exp as complex_exp
from collections.abc import Sequence
from itertools import pairwise, product
from math import acos, atan2, ceil, copysign, cos, dist, factorial, floor, fsum, pi, sin, sqrt
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from naive_resampling import cubic, spline_coefficients

Image = NDArray[Any]
Floats = NDArray[np.float64]
Point = tuple[float, float, float]


def slice_codes(image: Image, samples: int, radius: float, method: str) -> Floats:
    """The code of every voxel of a slice (rows, columns), or the variance around it."""
    made = np.empty(image.shape)
    for row, column in np.ndindex(image.shape):
        around = [linear(image, *_on_circle(row, column, n, samples, radius)) for n in range(samples)]
        if method == "var":
            mean = fsum(around) / samples
            made[row, column] = fsum((value - mean) ** 2 for value in around) / samples
        else:
            made[row, column] = code([value >= float(image[row, column]) for value in around], method)
    return made


def _on_circle(row: int, column: int, n: int, samples: int, radius: float) -> tuple[float, float]:
    angle = 2 * pi * n / samples
    return row + round(-radius * sin(angle), 5), column + round(radius * cos(angle), 5)


def linear(image: Image, row: float, column: float) -> float:
    """The mean of the voxels around, weighted by nearness; 0 outside of the image."""
    terms = []
    for r, c in product({floor(row), ceil(row)}, {floor(column), ceil(column)}):
        if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]:
            terms.append((1 - abs(row - r)) * (1 - abs(column - c)) * float(image[r, c]))
    return fsum(terms)


def code(pattern: Sequence[bool], method: str) -> int:
    """The code of a pattern, whose first sample is the lowest bit."""
    samples = len(pattern)
    if method == "default":
        return _number(pattern)
    if method == "ror":
        return min(_number([*pattern[n:], *pattern[:n]]) for n in range(samples))
    if sum(one != other for one, other in pairwise(pattern)) > 2:
        return samples + 1 if method == "uniform" else samples * (samples - 1) + 2
    ones = sum(pattern)
    if method == "uniform" or ones == 0:
        return ones
    if ones == samples:
        return samples * (samples - 1) + 1
    first = next(n for n in range(samples) if pattern[n] and not pattern[n - 1])
    return 1 + (ones - 1) * samples + (samples - first) % samples


def _number(pattern: Sequence[bool]) -> int:
    return sum(2**n for n, one in enumerate(pattern) if one)


def icosphere(subdivision: int, radius: float) -> set[Point]:
    """The corners of an icosahedron, its edges halved so many times; each brought onto the sphere of radius 1."""
    golden = (1 + sqrt(5)) / 2
    corners = [(s, t * golden, 0.0) for s, t in product((-1, 1), repeat=2)]
    points = [_on_sphere(corner[n:] + corner[:n]) for corner in corners for n in range(3)]
    for _ in range(subdivision):
        edge = min(dist(points[0], other) for other in points[1:])
        near = [(a, b) for n, a in enumerate(points) for b in points[:n] if dist(a, b) < 1.3 * edge]
        points += [_on_sphere([(p + q) / 2 for p, q in zip(a, b, strict=True)]) for a, b in near]
    return {(radius * x, radius * y, radius * z) for x, y, z in points}


def _on_sphere(point: Sequence[float]) -> Point:
    length = sqrt(fsum(one * one for one in point))
    x, y, z = (one / length for one in point)
    return (x, y, z)


def harmonic(m: int, level: int, azimuth: float, polar: float) -> complex:
    """Y of order m; the polar angle may be negative."""
    if m < 0:
        return (-1.0) ** -m * harmonic(-m, level, azimuth, polar).conjugate()
    scale: float = sqrt((2 * level + 1) / (4 * pi) * factorial(level - m) / factorial(level + m))
    rodrigues = (Polynomial([-1, 0, 1]) ** level).deriv(level + m) / (2**level * factorial(level))
    legendre: float = (-1) ** m * abs(sin(polar)) ** m * float(rodrigues(cos(polar)))
    return scale * complex_exp(1j * m * azimuth) * legendre


def space_patterns(image: Image, points: Sequence[Point], levels: int) -> Floats:
    """The norms of the levels of the pattern around every voxel, then the kurtosis of its samples."""
    made, weights = np.empty((*image.shape, levels + 1)), spline_coefficients(image)
    for index in np.ndindex(image.shape):
        places = [tuple(i + p for i, p in zip(index, point, strict=True)) for point in points]
        samples = [sample(image, weights, place) for place in places]
        pattern = [value >= float(image[index]) for value in samples]
        made[index] = [*(level_norm(pattern, points, level) for level in range(levels)), kurtosis(samples)]
    return made


def sample(image: Image, weights: Floats, place: tuple[float, ...]) -> float:
    """The spline at a place, 0 outside of the image, rounded to the image's type, halves away from zero."""
    if not all(0 <= at <= size - 1 for at, size in zip(place, image.shape, strict=True)):
        return 0.0
    value = cubic(weights, place)
    if image.dtype.kind == "f":
        return float(image.dtype.type(value))
    limits = np.iinfo(image.dtype)
    return min(max(copysign(floor(abs(value) + 0.5), value), limits.min), limits.max)


def level_norm(pattern: Sequence[bool], points: Sequence[Point], level: int) -> float:
    """The L2 norm of the sum over m of c_m Y_m, where c_m is the sum of Y_m over the pattern.

    The angle from the last axis is the azimuth, that from the first axis to the second is the polar one.
    """
    radius = sqrt(fsum(one * one for one in points[0]))
    angles = [(acos(max(-1.0, min(1.0, z / radius))), atan2(y, x)) for x, y, z in points]
    total = np.zeros(len(points), dtype=complex)
    for m in range(-level, level + 1):
        values = np.array([harmonic(m, level, *angle) for angle in angles])
        total += values[np.array(pattern)].sum() * values
    return float(np.sqrt((total**2).sum()).real)


def kurtosis(values: Sequence[float]) -> float:
    """The fourth moment about the mean by the square of the second, less 3; NaN where values do not vary."""
    mean = fsum(values) / len(values)
    second, fourth = (fsum((value - mean) ** power for value in values) / len(values) for power in (2, 4))
    return fourth / second**2 - 3 if second > 0 else float("nan")
