"""Maximal correlation coefficient: an eigenvalue of a symmetric matrix, by Lanczos."""

import math
from typing import NamedTuple

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Floats, Ints

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
    found = 0.0
    _fresh_vector(size, 0, work)
    for step in range(size - 1):
        _multiply(size, work.rest, work.basis[step], work.vector)
        work.alpha[step] = _dot(size, work.vector, work.basis[step])
        _orthogonalise(size, step + 1, work.vector, work)
        length = math.sqrt(_dot(size, work.vector, work.vector))
        work.beta[step] = length if length > NOTHING else 0.0
        last = step == size - 2
        if last or step % CHECK_EVERY == CHECK_EVERY - 1:
            before, found = found, _largest_eigenvalue(step + 1, found, work.alpha, work.beta)
            if last or (length > NOTHING and abs(found - before) <= ENOUGH * found):
                break
        if length > NOTHING:
            for i in range(size):
                work.basis[step + 1, i] = work.vector[i] / length
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
    vector = work.basis[known]
    state = 12345 + known
    for i in range(size):
        state = (state * 1103515245 + 12345) % 2147483648
        vector[i] = state / 2147483648 - 0.5
    _orthogonalise(size, known, vector, work)
    length = max(math.sqrt(_dot(size, vector, vector)), 1e-300)
    for i in range(size):
        vector[i] /= length


@njit
def _orthogonalise(size: int, known: int, vector: Floats, work: _Work) -> None:
    """Take off what `vector` shares with the first eigenvector and the known basis; twice is enough."""
    for _ in range(2):
        _add(size, -_dot(size, vector, work.first), work.first, vector)
        for index in range(known):
            _add(size, -_dot(size, vector, work.basis[index]), work.basis[index], vector)


@njit
def _multiply(size: int, matrix: Floats, vector: Floats, product: Floats) -> None:
    """A symmetric matrix times a vector, row by row, which is column by column: many elements at once."""
    for i in range(size):
        product[i] = 0.0
    for j in range(size):
        _add(size, vector[j], matrix[j], product)


@njit
def _add(size: int, factor: float, other: Floats, vector: Floats) -> None:
    for i in range(size):
        vector[i] += factor * other[i]


@njit
def _dot(size: int, a: Floats, b: Floats) -> float:
    """Four sums side by side, always in the same order."""
    s0 = s1 = s2 = s3 = 0.0
    whole = size - size % 4
    for i in range(0, whole, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(whole, size):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@njit
def _largest_eigenvalue(size: int, least: float, alpha: Floats, beta: Floats) -> float:
    """The largest |eigenvalue| of a symmetric tridiagonal matrix, known to be at least about `least`, by bisection."""
    high = 0.0
    for i in range(size):
        high = max(high, abs(alpha[i]) + (beta[i - 1] if i > 0 else 0.0) + (beta[i] if i < size - 1 else 0.0))
    low = least * (1 - 1e-12)
    for _ in range(80):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if _count_below(size, middle, alpha, beta) == size and _count_below(size, -middle, alpha, beta) == 0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@njit
def _count_below(size: int, value: float, alpha: Floats, beta: Floats) -> int:
    """How many eigenvalues are smaller than `value` (Sturm's sequence)."""
    below = 0
    pivot = 1.0
    for i in range(size):
        pivot = alpha[i] - value - (beta[i - 1] * beta[i - 1] / pivot if i > 0 else 0.0)
        if pivot == 0.0:
            pivot = 1e-300
        if pivot < 0.0:
            below += 1
    return below
