"""The Laplacian of Gaussian by its definition: ITK's recursive filters, line by line, in plain loops.

Deriche's recursions with the coefficients of Farnebäck and Westin (J Math Imaging Vis 26, 2006), as documented for
ITK's RecursiveGaussianImageFilter and LaplacianRecursiveGaussianImageFilter, whose output is float32. No table.
"""

from collections.abc import Sequence
from math import cos, exp, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

Terms = Sequence[tuple[float, float]]
Recursion = tuple[Sequence[float], Sequence[float]]

SPREADS = ((-1.3932, 0.6681), (-1.3732, 2.0787))
GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
BENT = ((-1.3563, 5.2318), (0.3446, -2.2355))


def laplacian(image: NDArray[Any], spacing_zyx: Sequence[float], sigma_mm: float) -> NDArray[np.float32]:
    """Second derivatives along x, y and z, each smoothed along the other axes, times sigma squared."""
    total = np.zeros(image.shape, dtype=np.float32)
    for along in (2, 1, 0):
        term: NDArray[Any] = along_axis(image, along, sigma_mm / spacing_zyx[along], 2, sigma_mm**2)
        for axis in (2, 1, 0):
            if axis != along:
                term = along_axis(term, axis, sigma_mm / spacing_zyx[axis], 0, 1)
        for voxel in np.ndindex(*image.shape):
            total[voxel] = float(total[voxel]) + float(term[voxel]) / spacing_zyx[along] ** 2
    return total


def along_axis(image: NDArray[Any], axis: int, sigma: float, order: int, factor: float) -> NDArray[np.float32]:
    """Every line filtered, in double precision, and stored as float32."""
    moved, (after, before) = np.moveaxis(image, axis, 2), filters(sigma, order)
    made = np.empty(moved.shape, dtype=np.float32)
    for place in np.ndindex(*moved.shape[:2]):
        line = [float(value) for value in moved[place]]
        made[place] = [factor * value for value in both_ways(line, after, before)]
    return np.moveaxis(made, 2, axis)


def filters(sigma: float, order: int) -> tuple[Recursion, Recursion]:
    """The recursion forwards and the one backwards: order 0 keeps a constant, order 2 makes 1 of half of x squared."""
    gaussian, poles = fraction(GAUSSIAN, sigma)
    bent, _ = fraction(BENT, sigma)
    weights = gaussian
    if order == 2:
        share = whole(bent, poles) / whole(gaussian, poles)
        weights = [b - share * g for b, g in zip(bent, gaussian, strict=True)]
        half = 60 + int(60 * sigma)
        response = both_ways([0.0] * half + [1.0] + [0.0] * half, *two_ways(weights, poles))
        scale = sum(away * away * response[half + away] for away in range(half))
    else:
        scale = whole(gaussian, poles)
    return two_ways([weight / scale for weight in weights], poles)


def fraction(terms: Terms, sigma: float) -> Recursion:
    """The sum of (a cos(w k) + b sin(w k)) exp(d k), k = 0, 1, ..., as a fraction of polynomials in z^-1."""
    upper: NDArray[np.float64] = np.zeros(4)
    first, second = ([1, -2 * exp(d / sigma) * cos(w / sigma), exp(2 * d / sigma)] for d, w in SPREADS)
    for (a, b), (d, w), other in zip(terms, SPREADS, (second, first), strict=True):
        upper = upper + np.convolve([a, exp(d / sigma) * (b * sin(w / sigma) - a * cos(w / sigma))], other)
    return upper.tolist(), np.convolve(first, second).tolist()


def whole(weights: Sequence[float], poles: Sequence[float]) -> float:
    """What a response to both sides adds up to."""
    return 2 * sum(weights) / sum(poles) - weights[0]


def two_ways(weights: Sequence[float], poles: Sequence[float]) -> tuple[Recursion, Recursion]:
    """The middle belongs to the recursion forwards only."""
    backwards = [0.0] + [
        weight - pole * weights[0] for weight, pole in zip([*weights[1:], 0.0], poles[1:], strict=True)
    ]
    return (weights, poles), (backwards, poles)


def both_ways(line: Sequence[float], after: Recursion, before: Recursion) -> list[float]:
    """Forwards and backwards, added up."""
    return [a + b for a, b in zip(one_way(line, after), one_way(line[::-1], before)[::-1], strict=True)]


def one_way(line: Sequence[float], recursion: Recursion) -> list[float]:
    """As if the first value had always been there."""
    weights, poles = recursion
    steady = line[0] * sum(weights) / sum(poles)
    made: list[float] = []
    for place in range(len(line)):
        total = sum(weight * line[max(place - back, 0)] for back, weight in enumerate(weights))
        for back, pole in enumerate(poles[1:], start=1):
            total -= pole * (made[place - back] if place >= back else steady)
        made.append(total)
    return made
