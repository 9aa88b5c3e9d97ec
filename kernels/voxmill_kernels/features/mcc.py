"""Maximal correlation coefficient: an eigenvalue of a symmetric matrix, of many matrices side by side.

A matrix A that is not symmetric has singular values instead: they are, with both signs, the eigenvalues of
[[0, A], [Aᵀ, 0]].

Lanczos finds it in a few steps, with vectors that are not kept at right angles to all earlier ones (Paige, Linear
Algebra Appl 34:235, 1980), and stops when the residual of the Ritz vector says that it has. Where eigenvalues lie so
close that it does not, the matrix is made tridiagonal by Householder's reflections, and bisected.
"""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Bools, Floats, Ints, Sums

FIRST_CHECK = 12  # steps of Lanczos before the first look at what it has found
CHECK_EVERY = 4
MORE_STEPS = 40  # how many more steps than levels are taken before it is given up
CERTAIN = 1e-13  # the residual at which an eigenvalue is taken, for matrices whose largest eigenvalue is 1
NOTHING = 1e-14  # a vector of this length is rounding
PRECISE = 1e-15  # relative change of an eigenvalue that is the last
ROUNDS = 30  # of Laguerre's iteration: 5 or 6 are usual, more than these only where eigenvalues coincide
SHORTER = 1 - 1e-6
SIDE_BY_SIDE = 16
ROOM = 1 << 22  # cells of all matrices that are worked on at a time
LANES = 8  # sizes are multiples of it, for loops without a rest


def maximal_correlation(matrix: Array, *, symmetric: bool = True) -> float:
    """The second largest singular value of p(i, j) / √(p(i) p(j)) for counts (levels, levels), or weighted ones.

    Of the matrix made `symmetric` by adding its transpose (the singular values are the |eigenvalues| then), or as it
    is. The largest is 1 with the vectors √p(i) and √p(j): it is taken off, and the largest of the rest is found. 0
    when all pairs have one grey level i, or j.
    """
    return mean_maximal_correlation(matrix[np.newaxis], np.ones(1, dtype=np.int64), symmetric=symmetric)


def mean_maximal_correlation(matrices: Array, totals: Sums, *, symmetric: bool = True) -> float:
    """The mean of `maximal_correlation` over the matrices (n, levels, levels) whose total is not 0."""
    chosen = np.flatnonzero(totals)
    found = np.empty(len(chosen))
    sides = 1 if symmetric else 2
    together = min(SIDE_BY_SIDE, max(1, ROOM // (sides * matrices.shape[1]) ** 2))
    for first in range(0, len(chosen), together):
        part = slice(first, first + together)
        _largest_of_rest(matrices, sides, chosen[part], found[part])
    return float(found.mean())


@njit
def _largest_of_rest(matrices: Array, sides: int, chosen: Ints, largest: Floats) -> None:
    """Lanczos on every matrix until its largest eigenvalue is certain, then the others one by one.

    `sides` is 1 for matrices made symmetric, 2 for matrices as they are: with levels i and levels j.
    """
    lanes, levels = chosen.shape[0], sides * matrices.shape[1]
    padded = (levels + LANES - 1) // LANES * LANES
    rest, vectors = np.zeros((lanes, padded, padded)), np.zeros((lanes, 3, padded))
    sizes = np.empty(lanes, dtype=np.int64)
    for lane in range(lanes):
        matrix = matrices[chosen[lane]]
        if sides == 1:
            sizes[lane] = _deflate(matrix, rest[lane], vectors[lane])
        else:
            sizes[lane] = _deflate_sides(matrix, rest[lane], vectors[lane])
    alpha, beta = np.zeros((levels + MORE_STEPS, lanes)), np.zeros((levels + MORE_STEPS + 1, lanes))
    unknown, most = np.ones(lanes, dtype=np.bool_), sizes + MORE_STEPS
    first, last = 0, FIRST_CHECK
    while np.any(unknown & (last <= most)):
        for lane in range(lanes):
            if unknown[lane] and last <= most[lane]:
                stop = min(last, sizes[lane] - 1) if first == 0 else last
                for step in range(first, stop):
                    _advance(rest[lane], vectors[lane], step, alpha[:, lane], beta[:, lane])
                if stop < last and not _ends(stop, beta[:, lane]):
                    most[lane] = 0
        _take_certain(last, most, alpha, beta, largest, unknown)
        first, last = last, last + max(CHECK_EVERY, last // 8)
    for lane in range(lanes):
        if unknown[lane]:
            _tridiagonalise(rest[lane], sizes[lane], alpha[:, lane], beta[:, lane], vectors[lane])
            largest[lane] = _bisect(sizes[lane], alpha[:, lane], beta[:, lane])


@njit
def _deflate(matrix: Array, rest: Floats, vectors: Floats) -> int:
    """Scale a matrix over the levels that occur, take off its first eigenpair, and choose a vector to start from.

    Gives how many levels occur; what lies beyond them is zero.
    """
    start, scale, first = vectors[0], vectors[1], vectors[2]
    size = 0
    total = 0.0
    present = np.empty(matrix.shape[0], dtype=np.int64)
    for i in range(matrix.shape[0]):
        marginal = 0.0
        for j in range(matrix.shape[0]):
            marginal += np.float64(matrix[i, j]) + np.float64(matrix[j, i])
        if marginal > 0.0:
            present[size], scale[size] = i, 1.0 / math.sqrt(marginal)
            first[size] = marginal
            size += 1
        total += marginal
    for i in range(size):
        first[i] = math.sqrt(first[i] / total)
        for j in range(size):
            a, b = present[i], present[j]
            rest[i, j] = np.float64(matrix[a, b]) + np.float64(matrix[b, a])
    for i in range(size):
        for j in range(rest.shape[0]):
            rest[i, j] = rest[i, j] * (scale[i] * scale[j]) - first[i] * first[j]
    _start(size, first, start)
    return size


@njit
def _deflate_sides(matrix: Array, rest: Floats, vectors: Floats) -> int:
    """The same of [[0, A], [Aᵀ, 0]] for a matrix A as it is, over the levels i and then the levels j that occur.

    The eigenvalues 1 and -1 are taken off. Weights may be as small as numbers get, where a product of two scales is
    larger than any: cells are scaled by one after the other.
    """
    start, scale, first = vectors[0], vectors[1], vectors[2]
    present = np.empty(2 * matrix.shape[0], dtype=np.int64)
    size = _sides(matrix, present, first)
    rows = 0
    total = 0.0
    for place in range(size):
        scale[place] = 1.0 / math.sqrt(first[place])
        rows += present[place] < matrix.shape[0]
        total += first[place] if present[place] < matrix.shape[0] else 0.0
    for place in range(size):
        first[place] = math.sqrt(first[place] / total)
    for i in range(rows):
        for j in range(rows, size):
            pairs = np.float64(matrix[present[i], present[j] - matrix.shape[0]])
            rest[i, j] = pairs * scale[i] * scale[j] - first[i] * first[j]
            rest[j, i] = rest[i, j]
    for place in range(size):
        first[place] *= math.sqrt(0.5)
    _start(size, first, start)
    return size


@njit
def _sides(matrix: Array, present: Ints, marginal: Floats) -> int:
    """Which levels i, and which levels j (numbered on from them), occur how often; gives how many."""
    levels = matrix.shape[0]
    size = 0
    for level in range(2 * levels):
        pairs = 0.0
        for other in range(levels):
            pairs += np.float64(matrix[level, other] if level < levels else matrix[other, level - levels])
        if pairs > 0.0:
            present[size], marginal[size] = level, pairs
            size += 1
    return size


@njit
def _start(size: int, first: Floats, vector: Floats) -> None:
    """A unit vector of arbitrary numbers, the same at every call, at right angles to the first eigenvector."""
    state = 12345
    for i in range(size):
        state = (state * 1103515245 + 12345) % 2147483648
        vector[i] = state / 2147483648 - 0.5
    share = _dot(first, vector)
    for i in range(size):
        vector[i] -= share * first[i]
    _normalise(vector)


@njit
def _advance(rest: Floats, vectors: Floats, step: int, alpha: Floats, beta: Floats) -> None:
    """A step of Lanczos: three vectors take turns; beta[step + 1] joins this vector and the next."""
    now, product, last = vectors[step % 3], vectors[(step + 1) % 3], vectors[(step + 2) % 3]
    if step == 0:
        last[:] = 0.0
    _multiply(rest, now.shape[0], now, product)
    alpha[step] = _dot(now, product)
    for i in range(now.shape[0]):
        product[i] -= alpha[step] * now[i] + beta[step] * last[i]
    beta[step + 1] = _normalise(product)


@njit
def _ends(size: int, beta: Floats) -> bool:
    """Whether one step less than there are levels has left nothing over, as it must; that is taken for nothing."""
    left = beta[size]
    beta[size] = 0.0
    return left <= CERTAIN


@njit
def _multiply(matrix: Floats, size: int, vector: Floats, product: Floats) -> None:
    """The first rows and columns of a symmetric matrix times a vector, four columns at once."""
    whole = size - size % 4
    product[:] = 0.0
    for j in range(0, whole, 4):
        a, b, c, d = vector[j], vector[j + 1], vector[j + 2], vector[j + 3]
        for i in range(size):
            product[i] += (matrix[j, i] * a + matrix[j + 1, i] * b) + (matrix[j + 2, i] * c + matrix[j + 3, i] * d)
    for j in range(whole, size):
        for i in range(size):
            product[i] += matrix[j, i] * vector[j]


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
def _take_certain(size: int, most: Ints, alpha: Floats, beta: Floats, largest: Floats, unknown: Bools) -> None:
    """The largest |eigenvalue| of tridiagonal matrices T whose eigenvalues lie within ±1, where it is certain.

    An eigenvalue of the whole matrix lies within the residual of that of T. Of a matrix that has taken more than `most`
    steps nothing is taken: what is found of it does not depend on the others.
    """
    lanes = largest.shape[0]
    bound = np.zeros(lanes)
    for i in range(size):
        for lane in range(lanes):
            bound[lane] = max(bound[lane], abs(alpha[i, lane]) + beta[i, lane] + beta[i + 1, lane])
    bound = np.minimum(bound, 1.0 + CERTAIN)
    high, low = bound.copy(), bound.copy()
    high_settled = _highest_eigenvalues(size, 1.0, alpha, beta, high, unknown)
    low_settled = _highest_eigenvalues(size, -1.0, alpha, beta, low, unknown)
    for lane in range(lanes):
        sign, x, settled = 1.0, high[lane], high_settled[lane]
        if low[lane] > high[lane]:
            sign, x, settled = -1.0, low[lane], low_settled[lane]
        settled = settled and size <= most[lane]
        if unknown[lane] and settled and _residual(size, sign, x, alpha[:, lane], beta[:, lane]) <= CERTAIN:
            largest[lane] = x
            unknown[lane] = False


@njit
def _highest_eigenvalues(size: int, sign: float, alpha: Floats, beta: Floats, x: Floats, wanted: Bools) -> Bools:
    """Of T = sign * tridiagonal matrices, by Laguerre's iteration on det(T - x); gives where it has settled.

    From a bound above all eigenvalues x falls to the highest, and never below; a little less than a whole step at a
    time, so that no rounding carries it past.
    """
    settled = ~wanted
    state = np.empty((7, x.shape[0]))
    for _ in range(ROUNDS):
        _laguerre(size, sign, alpha, beta, x, state)
        for lane in range(x.shape[0]):
            if not settled[lane]:
                settled[lane] = state[0, lane] <= PRECISE * x[lane]
                x[lane] -= SHORTER * state[0, lane]
        if np.all(settled):
            break
    return settled


@njit
def _residual(size: int, sign: float, x: float, alpha: Floats, beta: Floats) -> float:
    """How far the Ritz vector of the eigenvalue x of T is from an eigenvector of the whole matrix.

    That is the share of the last vector in it, times beta; the vector is found from its end, where it is small.
    """
    if beta[size] == 0.0:
        return 0.0
    share = square = 1.0
    pivot = sign * alpha[size - 1] - x
    for i in range(size - 2, -1, -1):
        share *= pivot / beta[i + 1]
        square += share * share
        pivot = sign * alpha[i] - x - beta[i + 1] * beta[i + 1] / pivot
    return beta[size] / math.sqrt(square)


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


@njit
def _tridiagonalise(matrix: Floats, size: int, alpha: Floats, beta: Floats, room: Floats) -> None:
    """Householder's reflections, from the last row up: the diagonal in `alpha`, what joins i - 1 and i in beta[i]."""
    vector, product = room[0], room[1]
    for i in range(size - 1, 0, -1):
        alpha[i] = matrix[i, i]
        square = 0.0
        for j in range(i):
            vector[j] = matrix[i, j]
            square += vector[j] * vector[j]
        beta[i] = math.sqrt(square)
        if beta[i] <= NOTHING:
            beta[i] = 0.0
            continue
        away = math.copysign(beta[i], vector[i - 1])
        half = square + away * vector[i - 1]
        vector[i - 1] += away
        _multiply(matrix, i, vector, product)
        share = 0.0
        for j in range(i):
            product[j] /= half
            share += vector[j] * product[j]
        for j in range(i):
            product[j] -= share / (2 * half) * vector[j]
        for j in range(i):
            a, b = vector[j], product[j]
            for k in range(i):
                matrix[j, k] -= a * product[k] + b * vector[k]
    alpha[0] = matrix[0, 0]
    beta[0] = 0.0


@njit
def _bisect(size: int, alpha: Floats, beta: Floats) -> float:
    """The largest |eigenvalue| of a tridiagonal matrix whose eigenvalues lie within ±1."""
    low, high = 0.0, 1.0
    while high - low > PRECISE:
        middle = 0.5 * (low + high)
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
        square = beta[i] * beta[i]
        above = alpha[i] - bound - square / above
        below = alpha[i] + bound - square / below
    return above < 0.0 and below > 0.0
