"""Maximal correlation coefficient: an eigenvalue of a symmetric matrix, by Lanczos."""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Floats

CHECK_EVERY = 4
ENOUGH = 1e-14
NOTHING = 1e-12


@njit
def maximal_correlation(matrix: Counts) -> float:
    """The second largest |eigenvalue| of p(i, j) / √(p(i) p(j)) for counts (levels, levels), made symmetric.

    The largest is 1 with the eigenvector √p(i): it is taken off, and Lanczos with full reorthogonalisation finds the
    largest of the rest. Where an invariant subspace ends the search early, it goes on with a new vector at right
    angles, so that no part of the spectrum is missed. 0 when all pairs have one grey level.
    """
    rest, first = _deflated(matrix)
    size = first.shape[0]
    basis = np.zeros((size, size))
    alpha, beta = np.zeros(size), np.zeros(size)
    found = 0.0
    _fresh_vector(first, basis, 0)
    for step in range(size - 1):
        vector = _times(rest, basis[step])
        alpha[step] = _dot(vector, basis[step])
        _orthogonalise(vector, first, basis, step + 1)
        length = math.sqrt(_dot(vector, vector))
        last = step == size - 2
        if last or step % CHECK_EVERY == CHECK_EVERY - 1:
            before, found = found, _largest_eigenvalue(alpha, beta, step + 1)
            if last or (length > NOTHING and abs(found - before) <= ENOUGH * found):
                break
        if length > NOTHING:
            beta[step] = length
            for i in range(size):
                basis[step + 1, i] = vector[i] / length
        else:
            _fresh_vector(first, basis, step + 1)
    return found


@njit
def _deflated(matrix: Counts) -> tuple[Floats, Floats]:
    """The scaled symmetric matrix without its first eigenpair, over the levels that occur; and that eigenvector."""
    levels = matrix.shape[0]
    marginal, present = np.zeros(levels), np.empty(levels, dtype=np.int64)
    size = 0
    total = 0.0
    for i in range(levels):
        for j in range(levels):
            marginal[i] += float(matrix[i, j]) + float(matrix[j, i])
        total += marginal[i]
        if marginal[i] > 0.0:
            present[size] = i
            size += 1
    first, rest = np.empty(size), np.empty((size, size))
    for i in range(size):
        first[i] = math.sqrt(marginal[present[i]] / total)
        for j in range(i + 1):
            a, b = present[i], present[j]
            pairs = float(matrix[a, b]) + float(matrix[b, a])
            rest[i, j] = pairs / math.sqrt(marginal[a] * marginal[b]) - first[i] * first[j]
            rest[j, i] = rest[i, j]
    return rest, first


@njit
def _fresh_vector(first: Floats, basis: Floats, known: int) -> None:
    """Make the next basis vector a unit vector at right angles to `first` and the known ones.

    Its numbers are arbitrary, and the same at every call.
    """
    vector = basis[known]
    state = 12345 + known
    for i in range(vector.shape[0]):
        state = (state * 1103515245 + 12345) % 2147483648
        vector[i] = state / 2147483648 - 0.5
    _orthogonalise(vector, first, basis, known)
    length = max(math.sqrt(_dot(vector, vector)), 1e-300)
    for i in range(vector.shape[0]):
        vector[i] /= length


@njit
def _orthogonalise(vector: Floats, first: Floats, basis: Floats, known: int) -> None:
    """Take off what `vector` shares with `first` and the known basis; twice is enough."""
    for _ in range(2):
        _take_off(vector, first)
        for index in range(known):
            _take_off(vector, basis[index])


@njit
def _take_off(vector: Floats, other: Floats) -> None:
    share = _dot(vector, other)
    for i in range(vector.shape[0]):
        vector[i] -= share * other[i]


@njit
def _times(matrix: Floats, vector: Floats) -> Floats:
    result = np.empty(vector.shape[0])
    for i in range(vector.shape[0]):
        result[i] = _dot(matrix[i], vector)
    return result


@njit
def _dot(a: Floats, b: Floats) -> float:
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit
def _largest_eigenvalue(alpha: Floats, beta: Floats, size: int) -> float:
    """The largest |eigenvalue| of a symmetric tridiagonal matrix, by bisection on both ends of its spectrum."""
    bound = 0.0
    for i in range(size):
        bound = max(bound, abs(alpha[i]) + (beta[i - 1] if i > 0 else 0.0) + (beta[i] if i < size - 1 else 0.0))
    lowest = _bisect(alpha, beta, size, bound, 1)
    highest = _bisect(alpha, beta, size, bound, size)
    return max(abs(lowest), abs(highest))


@njit
def _bisect(alpha: Floats, beta: Floats, size: int, bound: float, rank: int) -> float:
    """The eigenvalue with `rank - 1` smaller ones: halve [-bound, bound] until it holds no more numbers."""
    low, high = -bound, bound
    for _ in range(80):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if _count_below(alpha, beta, size, middle) >= rank:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@njit
def _count_below(alpha: Floats, beta: Floats, size: int, value: float) -> int:
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
