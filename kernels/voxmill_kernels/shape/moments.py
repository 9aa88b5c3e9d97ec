"""The variances of a region along its principal axes, from its moments."""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.shape.scanned import Scanned
from voxmill_kernels.types import Floats, Spacing


def principal_variances(scanned: Scanned, spacing: Spacing) -> Floats:
    """Variances in mm² of the voxel centres along the principal axes, ascending, (3,).

    `spacing` is z, y, x in mm. The covariance is exact until it is scaled, and so is its determinant: the least
    variance of a region in one plane, however it lies, is 0, and so are both smaller ones of a line.
    """
    whole = _covariances(scanned)
    covariance = np.empty((3, 3))
    for a in range(3):
        for b in range(3):
            covariance[a, b] = whole[a][b] / scanned.voxels**2 * (spacing[a] * spacing[b])
    _, middle, largest = sorted(max(value, 0.0) for value in _eigenvalues(covariance).tolist())
    (zz, zy, zx), (_, yy, yx), (_, _, xx) = whole
    determinant = zz * (yy * xx - yx * yx) - zy * (zy * xx - yx * zx) + zx * (zy * yx - yy * zx)
    if determinant == 0:
        z, y, x = spacing
        minors = ((zz * yy - zy * zy, z * y), (zz * xx - zx * zx, z * x), (yy * xx - yx * yx, y * x))
        products = sum(minor / scanned.voxels**4 * area**2 for minor, area in minors)
        return np.array([0.0, products / largest if largest > 0 else 0.0, largest])
    least = determinant / scanned.voxels**6 * math.prod(spacing) ** 2 / (middle * largest)
    return np.array([least, middle, largest])


def plane_variances(scanned: Scanned, spacing: Spacing) -> tuple[float, float]:
    """The smaller and the larger variance in mm² of the voxel centres of a slice (one z) along its principal axes.

    `spacing` is z, y, x in mm. Their product is exact until it is scaled: that of a line is 0.
    """
    _, y, x = spacing
    _, (_, yy, yx), (_, _, xx) = _covariances(scanned)
    voxels = scanned.voxels
    along_y, along_x, across = yy / voxels**2 * (y * y), xx / voxels**2 * (x * x), yx / voxels**2 * (y * x)
    larger = (along_y + along_x) / 2 + math.hypot((along_y - along_x) / 2, across)
    product = (yy * xx - yx * yx) / voxels**4 * (y * x) ** 2
    return (product / larger if larger > 0 else 0.0), larger


def _covariances(scanned: Scanned) -> list[list[int]]:
    """Of z, y, x in voxels, times the square of the number of voxels."""
    voxels, sums, products = scanned.voxels, scanned.sums.tolist(), scanned.products.tolist()
    return [[voxels * products[a][b] - sums[a] * sums[b] for b in range(3)] for a in range(3)]


@njit
def _eigenvalues(matrix: Floats) -> Floats:
    """Eigenvalues of a symmetric 3 x 3 matrix by Jacobi's rotations, which keep the digits of small ones."""
    a = matrix.copy()
    for _ in range(30):
        if abs(a[0, 1]) + abs(a[0, 2]) + abs(a[1, 2]) == 0.0:
            break
        for p in range(2):
            for q in range(p + 1, 3):
                _rotate(a, p, q)
    return np.array([a[0, 0], a[1, 1], a[2, 2]])


@njit
def _rotate(a: Floats, p: int, q: int) -> None:
    """Turn axes p and q so that a[p, q] becomes 0."""
    if abs(a[p, q]) <= 1e-17 * math.sqrt(abs(a[p, p] * a[q, q])) or a[p, q] == 0.0:
        a[p, q] = a[q, p] = 0.0
        return
    angle = 0.5 * math.atan2(2 * a[p, q], a[q, q] - a[p, p])
    c, s = math.cos(angle), math.sin(angle)
    for k in range(3):
        row_p, row_q = a[p, k], a[q, k]
        a[p, k], a[q, k] = c * row_p - s * row_q, s * row_p + c * row_q
    for k in range(3):
        column_p, column_q = a[k, p], a[k, q]
        a[k, p], a[k, q] = c * column_p - s * column_q, s * column_p + c * column_q
