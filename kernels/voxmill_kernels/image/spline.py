"""Coefficients of cubic B-splines in a window of an image, bit for bit those that ITK finds in the whole image.

ITK (BSplineDecompositionImageFilter, after Unser 1999, box 2) runs along every line of the image, there and back:
`s[n] = c[n] + z s[n-1]`, then `s[n] = z (s[n+1] - s[n])`, with the pole z = sqrt(3) - 2. What came before fades by
0.27 a voxel, soon below rounding; but rounding may keep it: along voxels of one value the recursion can end in a cycle
of two numbers an ulp apart, and which comes first depends on where it began. So a line is run twice through the halo,
from both ends of what can have arrived there. A step is monotone, rounding included: where both runs have met before
the window, every run between has met them, also ITK's along the whole line. Where they have not, the halo grows, at
last to the border, where ITK's beginning is known.
"""

from collections.abc import Callable
from math import ceil, log, sqrt

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats

Index = tuple[int, int, int]
Lines = Callable[[int, int], Floats]
"""The voxels from one place to before another of many lines side by side: (voxels, lines), to be written to."""

HALO = 48
"""Voxels beside the window that lines are tried with first: of a million lines of noise 40 leave 100 open, 48 none."""

POLE = sqrt(3.0) - 2.0
GAIN = (1.0 - POLE) * (1.0 - 1.0 / POLE)
HORIZON = ceil(log(1e-10) / log(-POLE))
"""So many voxels ITK sums for the beginning of a line that has more."""

CAUSAL, ANTICAUSAL = 8.3, 3.1
"""Bounds of the two recursions for inputs up to 1: 6 / (1 + z) and 3, and more than rounding can add."""

ROWS_AT_ONCE = 32
LANES_AT_ONCE = 256


def coefficients(image: Array, start: Index, stop: Index) -> Floats:
    """The coefficients in a window (from `start` to before `stop`) of an image z, y, x, as ITK finds them in the whole.

    Float64 of the window's shape. Of the image only the window is read, and what bears on it. For integers of up to 16
    bits equality is certain; for others, if no value exceeds both 65536 and 1024 times the largest in the window.
    """
    shape = [b - a for a, b in zip(start, stop, strict=True)]
    if 0 in shape:
        return np.zeros(shape)
    limit = _limit(image[start[0] : stop[0], start[1] : stop[1], start[2] : stop[2]])

    def planes(first: int, last: int) -> Floats:
        done = np.empty((last - first, shape[1] * shape[2]))
        for z in range(first, last):
            done[z - first] = _plane(image[z], start[1:], stop[1:], limit)
        return done

    return _along(planes, image.shape[0], start[0], stop[0], 9 * limit).reshape(shape)


def _limit(window: Array) -> float:
    """What no value of an image is larger than, by its type or, for the larger types, by what is in a window."""
    if window.dtype.kind != "f" and window.dtype.itemsize <= 2:
        return 65536.0
    return max(65536.0, 1024.0 * float(window.max()), -1024.0 * float(window.min()))


def _plane(plane: Array, start: tuple[int, int], stop: tuple[int, int], limit: float) -> Floats:
    """A slice after the passes along x and y, in a window of it, as one row."""

    def rows(first: int, last: int) -> Floats:
        heads = range(first, last, ROWS_AT_ONCE)
        return np.concatenate([_rows(plane[y : min(y + ROWS_AT_ONCE, last)], start[1], stop[1], limit) for y in heads])

    return _along(rows, plane.shape[0], start[0], stop[0], 3 * limit).ravel()


def _rows(rows: Array, start: int, stop: int, limit: float) -> Floats:
    """Rows after the pass along x, from `start` to before `stop`."""

    def voxels(first: int, last: int) -> Floats:
        return np.array(rows[:, first:last].T, dtype=np.float64, order="C")

    return _along(voxels, rows.shape[1], start, stop, limit).T


def _along(lines: Lines, length: int, start: int, stop: int, limit: float) -> Floats:
    """Lines after their pass, from `start` to before `stop` of their `length`; no value is larger than `limit`."""
    halo = HALO
    while True:
        first, last = max(0, start - halo), min(length, stop + halo)
        values = lines(first, last)
        if _filter(values, (start - first, stop - first), (first == 0, last == length), limit):
            return values[start - first : stop - first]
        halo *= 4


@njit
def _filter(lines: Floats, window: tuple[int, int], borders: tuple[bool, bool], limit: float) -> bool:
    """Filter lines (voxels, lines) in place; whether it is certain that, in the window, whole lines would be the same.

    `borders`: whether lines begin, and whether they end, with the image.
    """
    if lines.shape[0] == 1:
        return True
    for n in range(lines.shape[0]):
        for i in range(lines.shape[1]):
            lines[n, i] *= GAIN
    certain = True
    other = np.empty(LANES_AT_ONCE)
    for lane in range(0, lines.shape[1], LANES_AT_ONCE):
        lanes = (lane, min(lane + LANES_AT_ONCE, lines.shape[1]))
        certain &= _causal(lines, lanes, other, window[0], borders, CAUSAL * limit)
        certain &= _anticausal(lines, lanes, other, window, borders, ANTICAUSAL * limit)
    return certain


@njit
def _causal(
    lines: Floats, lanes: tuple[int, int], other: Floats, start: int, borders: tuple[bool, bool], bound: float
) -> bool:
    """There, over all voxels; whether any beginning between -bound and bound leads to the same from `start` on."""
    begin, end = lanes
    if borders[0]:
        _begin(lines, lanes)
        start = 0
    else:
        lines[0, begin:end] = bound
        other[: end - begin] = -bound
    for n in range(1, start + 1):
        for i in range(begin, end):
            other[i - begin] = lines[n, i] + POLE * other[i - begin]
            lines[n, i] += POLE * lines[n - 1, i]
    for n in range(start + 1, lines.shape[0]):
        for i in range(begin, end):
            lines[n, i] += POLE * lines[n - 1, i]
    return borders[0] or _same(lines[start, begin:end], other)


@njit
def _begin(lines: Floats, lanes: tuple[int, int]) -> None:
    """The first value of the recursion where lines go on before their beginning as their mirror image."""
    begin, end = lanes
    length = lines.shape[0]
    power = POLE
    if length > HORIZON:
        for n in range(1, HORIZON):
            for i in range(begin, end):
                lines[0, i] += power * lines[n, i]
            power *= POLE
        return
    back = POLE ** float(length - 1)
    for i in range(begin, end):
        lines[0, i] += back * lines[length - 1, i]
    back *= back * (1.0 / POLE)
    for n in range(1, length - 1):
        for i in range(begin, end):
            lines[0, i] += (power + back) * lines[n, i]
        power *= POLE
        back *= 1.0 / POLE
    for i in range(begin, end):
        lines[0, i] /= 1.0 - power * power


@njit
def _anticausal(
    lines: Floats,
    lanes: tuple[int, int],
    other: Floats,
    window: tuple[int, int],
    borders: tuple[bool, bool],
    bound: float,
) -> bool:
    """Back, to the window's start; whether any end between -bound and bound leads to the same before its stop."""
    begin, end = lanes
    start, stop = window
    last = lines.shape[0] - 1
    if borders[1]:
        for i in range(begin, end):
            lines[last, i] = (POLE / (POLE * POLE - 1.0)) * (POLE * lines[last - 1, i] + lines[last, i])
        stop = last + 1
    else:
        lines[last, begin:end] = bound
        other[: end - begin] = -bound
    for n in range(last - 1, stop - 2, -1):
        for i in range(begin, end):
            other[i - begin] = POLE * (other[i - begin] - lines[n, i])
            lines[n, i] = POLE * (lines[n + 1, i] - lines[n, i])
    for n in range(min(stop - 2, last - 1), start - 1, -1):
        for i in range(begin, end):
            lines[n, i] = POLE * (lines[n + 1, i] - lines[n, i])
    return borders[1] or _same(lines[stop - 1, begin:end], other)


@njit
def _same(ours: Floats, others: Floats) -> bool:
    same = True
    for i in range(ours.size):
        same &= ours[i] == others[i]
    return same
