"""Moments of a region, in whole numbers, and the variances along its principal axes."""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Binary, Floats, Ints, Spacing


def principal_variances(box: Binary, spacing: Spacing) -> Floats:
    """Variances in mm² of the voxel centres along the principal axes, ascending, (3,).

    `box` is 0 outside, 1 inside; z, y, x; `spacing` is z, y, x in mm. The covariance is exact until it is scaled.
    """
    sums, products = np.zeros(3, dtype=np.int64), np.zeros((3, 3), dtype=np.int64)
    voxels = int(_moments(box, sums, products))
    covariance = np.empty((3, 3))
    for a in range(3):
        for b in range(3):
            whole = voxels * int(products[a, b]) - int(sums[a]) * int(sums[b])
            covariance[a, b] = whole / voxels**2 * (spacing[a] * spacing[b])
    return np.sort(np.maximum(_eigenvalues(covariance), 0.0))


@njit
def _moments(box: Binary, sums: Ints, products: Ints) -> int:
    """Sums of z, y, x and of their products over the region; gives the number of voxels."""
    depth, height, width = box.shape
    total = 0
    for z in range(depth):
        for y in range(height):
            count = first = second = 0
            for x in range(width):
                if box[z, y, x] != 0:
                    count += 1
                    first += x
                    second += x * x
            total += count
            sums[0] += count * z
            sums[1] += count * y
            sums[2] += first
            products[0, 0] += count * z * z
            products[1, 1] += count * y * y
            products[2, 2] += second
            products[0, 1] += count * z * y
            products[0, 2] += z * first
            products[1, 2] += y * first
    products[1, 0], products[2, 0], products[2, 1] = products[0, 1], products[0, 2], products[1, 2]
    return total


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
