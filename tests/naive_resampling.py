"""Slow, obvious oracles: values between voxels by their definition.

Cubic splines: Unser 1999, "Splines: a perfect fit for signal and image processing". An image goes on beyond its border
as its mirror image around the last voxel. Positions are z, y, x in voxels, within half a voxel around the image.
"""

from itertools import product
from math import ceil, floor, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image = NDArray[np.integer[Any] | np.floating[Any]]


def mirrored(index: int, size: int) -> int:
    """The voxel that is seen at an index in a mirror at either end."""
    if size == 1:
        return 0
    index %= 2 * size - 2
    return min(index, 2 * size - 2 - index)


def basis(distance: float) -> float:
    """The cubic B-spline."""
    away = abs(distance)
    if away < 1:
        return 2 / 3 - away**2 + away**3 / 2
    return max(0, 2 - away) ** 3 / 6


def spline_coefficients(image: Image) -> Floats:
    """What the splines around each voxel must be weighted with so that they add up to the image at every voxel.

    ITK leaves an axis of one voxel alone.
    """
    values = image.astype(np.float64)
    for axis, size in enumerate(image.shape):
        if size > 1:
            matrix = np.zeros((size, size))
            for row, step in product(range(size), (-1, 0, 1)):
                matrix[row, mirrored(row + step, size)] += basis(step)
            values = np.moveaxis(np.tensordot(np.linalg.inv(matrix), values, (1, axis)), 0, axis)
    return values


def inside(shape: tuple[int, ...], position: tuple[float, ...]) -> bool:
    """Whether a position is in the image, half a voxel around the outer ones included, the upper end excluded."""
    return all(-0.5 <= at < size - 0.5 for at, size in zip(position, shape, strict=True))


def cubic(coefficients: Floats, position: tuple[float, ...]) -> float:
    """The sum of the splines around; along an axis of one voxel ITK takes all four of them from it."""
    total = 0.0
    for index in product(*(range(floor(at) - 1, floor(at) + 3) for at in position)):
        weight = prod(basis(at - k) for at, k in zip(position, index, strict=True))
        total += (
            weight * coefficients[tuple(mirrored(k, size) for k, size in zip(index, coefficients.shape, strict=True))]
        )
    return total


def linear(image: Image, position: tuple[float, ...]) -> float:
    """The mean of the voxels around, weighted by nearness; beyond the outer voxels their value goes on."""
    total = 0.0
    for index in product(*({floor(at), ceil(at)} for at in position)):
        weight = prod(1 - abs(at - k) for at, k in zip(position, index, strict=True))
        total += weight * float(
            image[tuple(min(max(k, 0), size - 1) for k, size in zip(index, image.shape, strict=True))]
        )
    return total


def nearest(image: Image, position: tuple[float, ...]) -> float:
    """The voxel whose centre is nearest, of two the one of the higher index."""
    return float(image[tuple(floor(at + 0.5) for at in position)])
