"""Maximal correlation coefficient: an eigenvalue of a symmetric matrix, by Lanczos."""

import math
from typing import NamedTuple

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Floats, Ints

FIRST_CHECK = 12
CHECK_EVERY = 4
ENOUGH = 1e-14
NOTHING = 1e-12


class _Work(NamedTuple):
    """Room for one search, used again and again: rows are as long as there are levels."""

    rest: Floats  # the scaled matrix less its first eigenpair
    basis: Floats
    vector: Floats
    first: Floats  # the eigenvector of the largest eigenvalue, 1
    alpha: Floats
    beta: Floats
    marginal: Floats
    present: Ints


def maximal_correlation(matrix: Counts) -> float:
    """The second largest |eigenvalue| of p(i, j) / √(p(i) p(j)) for counts (levels, levels), made symmetric.

    The largest is 1 with the eigenvector √p(i): it is taken off, and Lanczos with full reorthogonalisation finds the
    largest of the rest. Where an invariant subspace ends the search early, it goes on with a new vector at right
    angles, so that no part of the spectrum is missed. 0 when all pairs have one grey level.
    """
    return mean_maximal_correlation(matrix[np.newaxis], np.ones(1, dtype=np.int64))


def mean_maximal_correlation(matrices: Counts, totals: Ints) -> float:
    """The mean of `maximal_correlation` over the matrices (n, levels, levels) whose total is not 0."""
    n = matrices.shape[1]
    rest, basis = np.empty((2, n, n))
    vector, first, alpha, beta, marginal = np.empty((5, n))
    work = _Work(rest, basis, vector, first, alpha, beta, marginal, np.empty(n, dtype=np.int64))
    return float(_mean(matrices, totals, work))


@njit
def _mean(matrices: Counts, totals: Ints, work: _Work) -> float:
    total = 0.0
    count = 0
    for a in range(matrices.shape[0]):
        if totals[a] > 0:
            total += _largest_of_rest(_deflate(matrices[a], work), work)
            count += 1
    return total / count


@njit
def _largest_of_rest(size: int, work: _Work) -> float:
    """Lanczos: the basis grows until the largest eigenvalue within it grows no more."""
    found = 0.0
    _fresh_vector(size, 0, work)
    for step in range(size - 1):
        _multiply(size, step, work)
        work.alpha[step] = _dot(size, work.basis, step, work.vector)
        _orthogonalise(size, step + 1, work)
        length = _length(size, work.vector)
        work.beta[step] = length if length > NOTHING else 0.0
        if step == size - 2:
            return _largest_eigenvalue(step + 1, found, work.alpha, work.beta)
        if step + 1 >= FIRST_CHECK and (step + 1) % CHECK_EVERY == 0:
            if length > NOTHING and _all_within(step + 1, found * (1 + ENOUGH), work.alpha, work.beta):
                return found
            found = _largest_eigenvalue(step + 1, found, work.alpha, work.beta)
        if length > NOTHING:
            _keep(size, step + 1, length, work)
        else:
            _fresh_vector(size, step + 1, work)
    return found


@njit
def _deflate(matrix: Counts, work: _Work) -> int:
    """Scale the matrix over the levels that occur, take off its first eigenpair; gives the number of these levels."""
    size = 0
    total = 0.0
    for i in range(matrix.shape[0]):
        marginal = 0.0
        for j in range(matrix.shape[0]):
            marginal += np.float64(matrix[i, j]) + np.float64(matrix[j, i])
        if marginal > 0.0:
            work.present[size], work.marginal[size] = i, marginal
            size += 1
        total += marginal
    for i in range(size):
        work.first[i] = math.sqrt(work.marginal[i] / total)
        for j in range(i + 1):
            a, b = work.present[i], work.present[j]
            pairs = np.float64(matrix[a, b]) + np.float64(matrix[b, a])
            scaled = pairs / math.sqrt(work.marginal[i] * work.marginal[j])
            work.rest[i, j] = scaled - work.first[i] * work.first[j]
            work.rest[j, i] = work.rest[i, j]
    return size


@njit
def _fresh_vector(size: int, known: int, work: _Work) -> None:
    """Make the next basis vector a unit vector at right angles to the first eigenvector and to the known ones.

    Its numbers are arbitrary, and the same at every call.
    """
    state = 12345 + known
    for i in range(size):
        state = (state * 1103515245 + 12345) % 2147483648
        work.vector[i] = state / 2147483648 - 0.5
    _orthogonalise(size, known, work)
    _keep(size, known, max(_length(size, work.vector), 1e-300), work)


@njit
def _keep(size: int, known: int, length: float, work: _Work) -> None:
    """The vector, made one unit long, becomes a row of the basis."""
    for i in range(size):
        work.basis[known, i] = work.vector[i] / length


@njit
def _orthogonalise(size: int, known: int, work: _Work) -> None:
    """Take off what the vector shares with the first eigenvector and the known basis; twice is enough."""
    basis, vector, first = work.basis, work.vector, work.first
    for _ in range(2):
        share = 0.0
        for i in range(size):
            share += first[i] * vector[i]
        for i in range(size):
            vector[i] -= share * first[i]
        for row in range(known):
            share = _dot(size, basis, row, vector)
            for i in range(size):
                vector[i] -= share * basis[row, i]


@njit
def _multiply(size: int, row: int, work: _Work) -> None:
    """The symmetric matrix times a row of the basis, column by column: many elements at once."""
    matrix, basis, product = work.rest, work.basis, work.vector
    for i in range(size):
        product[i] = 0.0
    for j in range(size):
        factor = basis[row, j]
        for i in range(size):
            product[i] += factor * matrix[j, i]


@njit
def _dot(size: int, rows: Floats, row: int, vector: Floats) -> float:
    """Four sums side by side, always in the same order."""
    s0 = s1 = s2 = s3 = 0.0
    whole = size - size % 4
    for i in range(0, whole, 4):
        s0 += rows[row, i] * vector[i]
        s1 += rows[row, i + 1] * vector[i + 1]
        s2 += rows[row, i + 2] * vector[i + 2]
        s3 += rows[row, i + 3] * vector[i + 3]
    for i in range(whole, size):
        s0 += rows[row, i] * vector[i]
    return (s0 + s1) + (s2 + s3)


@njit
def _length(size: int, vector: Floats) -> float:
    total = 0.0
    for i in range(size):
        total += vector[i] * vector[i]
    return math.sqrt(total)


@njit
def _largest_eigenvalue(size: int, least: float, alpha: Floats, beta: Floats) -> float:
    """The largest |eigenvalue| of a symmetric tridiagonal matrix, known to be at least about `least`, by bisection."""
    high = 0.0
    for i in range(size):
        high = max(high, abs(alpha[i]) + (beta[i - 1] if i > 0 else 0.0) + (beta[i] if i < size - 1 else 0.0))
    low = least * (1 - 1e-12)
    while high - low > 1e-15 * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if _all_within(size, middle, alpha, beta):
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@njit
def _all_within(size: int, bound: float, alpha: Floats, beta: Floats) -> bool:
    """Whether all eigenvalues lie between -bound and bound (Sturm's sequence: all pivots of one sign)."""
    above = alpha[0] - bound
    below = alpha[0] + bound
    for i in range(1, size):
        if above >= 0.0 or below <= 0.0:
            return False
        square = beta[i - 1] * beta[i - 1]
        above = alpha[i] - bound - square / above
        below = alpha[i] + bound - square / below
    return above < 0.0 and below > 0.0
