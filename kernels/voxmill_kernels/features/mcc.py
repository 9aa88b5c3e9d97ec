"""Maximal correlation coefficient: an eigenvalue of a symmetric matrix, by Lanczos; of many matrices side by side.

Vectors are not kept at right angles to all earlier ones: the largest eigenvalue comes out the same without (Paige,
Linear Algebra Appl 34:235, 1980).
"""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Floats, Ints

FIRST_CHECK = 12
CHECK_EVERY = 4
ENOUGH = 1e-14
PRECISE = 1e-15
NOTHING = 1e-12
ROUNDS = 50
SHORTER = 1 - 1e-6
SIDE_BY_SIDE = 16
ROOM = 1 << 22
MULTIPLE = 8


def maximal_correlation(matrix: Counts) -> float:
    """The second largest |eigenvalue| of p(i, j) / √(p(i) p(j)) for counts (levels, levels), made symmetric.

    The largest is 1 with the eigenvector √p(i): it is taken off, and Lanczos finds the largest of the rest. 0 when all
    pairs have one grey level.
    """
    return mean_maximal_correlation(matrix[np.newaxis], np.ones(1, dtype=np.int64))


def mean_maximal_correlation(matrices: Counts, totals: Ints) -> float:
    """The mean of `maximal_correlation` over the matrices (n, levels, levels) whose total is not 0."""
    chosen = np.flatnonzero(totals)
    found = np.empty(len(chosen))
    together = min(SIDE_BY_SIDE, max(1, ROOM // matrices.shape[1] ** 2))
    for first in range(0, len(chosen), together):
        part = slice(first, first + together)
        _largest_of_rest(matrices, chosen[part], found[part])
    return float(found.mean())


@njit
def _largest_of_rest(matrices: Counts, chosen: Ints, largest: Floats) -> None:
    """Lanczos: each matrix goes on until its largest eigenvalue grows no more."""
    lanes, levels = chosen.shape[0], matrices.shape[1]
    size = (levels + MULTIPLE - 1) // MULTIPLE * MULTIPLE
    rest = np.zeros((lanes, size, size))
    vectors = np.zeros((lanes, 3, size))
    for lane in range(lanes):
        _deflate(matrices[chosen[lane]], rest[lane], vectors[lane])
    most = 4 * levels + FIRST_CHECK
    alpha, beta = np.zeros((most, lanes)), np.zeros((most + 1, lanes))
    largest[:] = 0.0
    growing = np.ones(lanes, dtype=np.bool_)
    first, last = 0, min(FIRST_CHECK, levels)
    while last <= most and np.any(growing):
        for lane in range(lanes):
            if growing[lane]:
                for step in range(first, last):
                    _advance(rest[lane], vectors[lane], step, alpha[:, lane], beta[:, lane])
        _update(last, alpha, beta, largest, growing)
        first, last = last, last + CHECK_EVERY


@njit
def _deflate(matrix: Counts, rest: Floats, vectors: Floats) -> None:
    """Scale a matrix, take off its first eigenpair, and choose a vector to start from, at right angles to it.

    Levels that do not occur are all zeros.
    """
    start, scale, first = vectors[0], vectors[1], vectors[2]
    total = 0.0
    for i in range(matrix.shape[0]):
        marginal = 0.0
        for j in range(matrix.shape[0]):
            pairs = np.float64(matrix[i, j]) + np.float64(matrix[j, i])
            rest[i, j] = pairs
            marginal += pairs
        first[i] = marginal
        total += marginal
    for i in range(matrix.shape[0]):
        scale[i] = 1.0 / math.sqrt(first[i]) if first[i] > 0.0 else 0.0
        first[i] = math.sqrt(first[i] / total)
    for i in range(rest.shape[0]):
        for j in range(rest.shape[0]):
            rest[i, j] = rest[i, j] * (scale[i] * scale[j]) - first[i] * first[j]
    _start(first, start)


@njit
def _start(first: Floats, vector: Floats) -> None:
    """A unit vector of arbitrary numbers, the same at every call."""
    state = 12345
    for i in range(first.shape[0]):
        state = (state * 1103515245 + 12345) % 2147483648
        vector[i] = state / 2147483648 - 0.5 if first[i] > 0.0 else 0.0
    share = _dot(first, vector)
    for i in range(first.shape[0]):
        vector[i] -= share * first[i]
    _normalise(vector)


@njit
def _advance(rest: Floats, vectors: Floats, step: int, alpha: Floats, beta: Floats) -> None:
    """A step of Lanczos: three vectors take turns; beta[step + 1] joins this vector and the next."""
    now, product, last = vectors[step % 3], vectors[(step + 1) % 3], vectors[(step + 2) % 3]
    if step == 0:
        last[:] = 0.0
    _multiply(rest, now, product)
    alpha[step] = _dot(now, product)
    for i in range(now.shape[0]):
        product[i] -= alpha[step] * now[i] + beta[step] * last[i]
    beta[step + 1] = _normalise(product)


@njit
def _multiply(matrix: Floats, vector: Floats, product: Floats) -> None:
    """A symmetric matrix times a vector, four columns at once; the size is a multiple of four."""
    size = vector.shape[0]
    product[:] = 0.0
    for j in range(0, size, 4):
        a, b, c, d = vector[j], vector[j + 1], vector[j + 2], vector[j + 3]
        for i in range(size):
            product[i] += (matrix[j, i] * a + matrix[j + 1, i] * b) + (matrix[j + 2, i] * c + matrix[j + 3, i] * d)


@njit
def _dot(one: Floats, other: Floats) -> float:
    """Four sums side by side, always in the same order; the size is a multiple of four."""
    s0 = s1 = s2 = s3 = 0.0
    for i in range(0, one.shape[0], 4):
        s0 += one[i] * other[i]
        s1 += one[i + 1] * other[i + 1]
        s2 += one[i + 2] * other[i + 2]
        s3 += one[i + 3] * other[i + 3]
    return (s0 + s1) + (s2 + s3)


@njit
def _normalise(vector: Floats) -> float:
    """Make a vector one unit long, gives how long it was; a vector of next to no length becomes 0."""
    length = math.sqrt(_dot(vector, vector))
    factor = 1.0 / length if length > NOTHING else 0.0
    for i in range(vector.shape[0]):
        vector[i] *= factor
    return length if length > NOTHING else 0.0


@njit
def _update(size: int, alpha: Floats, beta: Floats, largest: Floats, growing: Array) -> None:
    """The largest |eigenvalue| of tridiagonal matrices, where it has been growing."""
    high = np.zeros(largest.shape[0])
    for i in range(size):
        for lane in range(largest.shape[0]):
            high[lane] = max(high[lane], abs(alpha[i, lane]) + beta[i, lane] + beta[i + 1, lane])
    low = high.copy()
    _highest_eigenvalues(size, 1.0, alpha, beta, growing, high)
    _highest_eigenvalues(size, -1.0, alpha, beta, growing, low)
    for lane in range(largest.shape[0]):
        if growing[lane]:
            new = max(high[lane], low[lane])
            growing[lane] = new - largest[lane] > ENOUGH and beta[size, lane] > 0.0
            largest[lane] = new


@njit
def _highest_eigenvalues(size: int, sign: float, alpha: Floats, beta: Floats, growing: Array, x: Floats) -> None:
    """Of T = sign * tridiagonal matrices, by Laguerre's iteration on det(T - x).

    From a bound above all eigenvalues, given in `x`, each falls to the highest, and never below; a little less than a
    whole step at a time, so that no rounding carries it past.
    """
    state = np.empty((7, x.shape[0]))
    for _ in range(ROUNDS):
        _laguerre(size, sign, alpha, beta, x, state)
        falling = False
        for lane in range(x.shape[0]):
            if growing[lane] and state[0, lane] > PRECISE * x[lane]:
                x[lane] -= SHORTER * state[0, lane]
                falling = True
        if not falling:
            return


@njit
def _laguerre(size: int, sign: float, alpha: Floats, beta: Floats, x: Floats, state: Floats) -> None:
    """Laguerre's steps, left in row 0, from the pivots q of T - x and their first and second derivatives by x.

    The determinant is the product of all q, so that the derivatives of its logarithm are sums. Above all eigenvalues
    every q is negative: where one is not, rounding has carried x as far as it goes, and the step is 0.
    """
    state[:] = 0.0
    steps, inverse, first, second = state[0], state[1], state[2], state[3]
    slope, bend, highest = state[4], state[5], state[6]
    highest[:] = -np.inf
    for i in range(size):
        for lane in range(x.shape[0]):
            square = beta[i, lane] * beta[i, lane] * inverse[lane]
            ratio = first[lane] * inverse[lane]
            q = sign * alpha[i, lane] - x[lane] - square
            second[lane] = square * (second[lane] * inverse[lane] - 2.0 * ratio * ratio)
            first[lane] = square * ratio - 1.0
            inverse[lane] = 1.0 / q
            g = first[lane] * inverse[lane]
            slope[lane] += g
            bend[lane] += g * g - second[lane] * inverse[lane]
            highest[lane] = max(highest[lane], q)
    for lane in range(x.shape[0]):
        root = math.sqrt(max(0.0, (size - 1) * (size * bend[lane] - slope[lane] * slope[lane])))
        steps[lane] = size / (slope[lane] + root) if highest[lane] < 0.0 else 0.0
