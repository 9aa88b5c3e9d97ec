"""Coefficients of cubic B-splines in a window of an image, bit for bit those that ITK or SciPy finds in the whole.

ITK (BSplineDecompositionImageFilter, after Unser 1999, box 2) runs along every line of the image, there and back:
`s[n] = c[n] + z s[n-1]`, then `s[n] = z (s[n+1] - s[n])`, with the pole z = sqrt(3) - 2. What came before fades by
0.27 a voxel, soon below rounding; but rounding may keep it: along voxels of one value the recursion can end in a cycle
of two numbers an ulp apart, and which comes first depends on where it began. So a line is run twice through the halo,
from both ends of what can have arrived there. A step is monotone, rounding included: where both runs have met before
the window, every run between has met them, also ITK's along the whole line. Where they have not, the halo grows, at
last to the border, where ITK's beginning is known.

SciPy (ndimage's spline_filter, mode mirror or constant) does the same with another last digit of the pole, from z to x,
and begins a line with the sum of all of it: where that is not in the box, with the least and the largest it can be.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.image.box import Box, Index
from voxmill_kernels.image.recursion import ANTICAUSAL, CAUSAL, HORIZON, POLE, Span, limit_of, too_small
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats

Lines = Callable[[int, int], Floats]
"""The voxels from one place to before another of many lines side by side: (voxels, lines), to be written to."""

Corner = tuple[int, int]
"""An index y, x."""

HALO = 48
"""Voxels beside the window that lines are tried with first: of a million lines of noise 40 leave 100 open, 48 none."""


class Arithmetic(NamedTuple):
    """How a library computes: the pole and its gain as it rounds them, and whether it sums the whole of every line."""

    pole: float
    gain: float
    whole_lines: bool


def _gain(pole: float) -> float:
    return (1.0 - pole) * (1.0 - 1.0 / pole)


SCIPY_POLE = -0.267949192431122706472553658494127633
ITK = Arithmetic(POLE, _gain(POLE), whole_lines=False)
SCIPY = Arithmetic(SCIPY_POLE, _gain(SCIPY_POLE), whole_lines=True)
ROWS_AT_ONCE = 32
LANES_AT_ONCE = 256


def coefficients(box: Box, start: Index, stop: Index) -> Floats:
    """The coefficients in a window (from `start` to before `stop`) of an image z, y, x, as ITK finds them in the whole.

    Float64 of the window's shape. The window lies in the box; HALO voxels around it are mostly enough, and no more is
    read than bears on it. BoxTooSmallError is raised where the box leaves a bit open. For integers of up to 16 bits
    equality is certain; for others, if no value exceeds both 65536 and 1024 times the largest in the window. Of a box
    on a device they are found there, with the same bytes.
    """
    if device := device_of(box.voxels):
        from voxmill_kernels.image.cuda import spline

        return spline.coefficients(device, box, start, stop)
    return _coefficients(box, start, stop, ITK)


def scipy_coefficients(box: Box, start: Index, stop: Index) -> Floats:
    """The same as SciPy finds them on x86-64 (ndimage.spline_filter of order 3, mode mirror or constant)."""
    z, y, x = box.shape
    turned = Box(box.voxels.T, (box.start[2], box.start[1], box.start[0]), (x, y, z))
    return _coefficients(turned, (start[2], start[1], start[0]), (stop[2], stop[1], stop[0]), SCIPY).T


def _coefficients(box: Box, start: Index, stop: Index, arithmetic: Arithmetic) -> Floats:
    shape = [b - a for a, b in zip(start, stop, strict=True)]
    if 0 in shape:
        return np.zeros(shape)
    z, y, x = (Span(a, a + n, size) for a, n, size in zip(box.start, box.voxels.shape, box.shape, strict=True))
    inner = tuple(slice(a - at, b - at) for a, b, at in zip(start, stop, box.start, strict=True))
    limit = limit_of(box.voxels[inner])

    def planes(first: int, last: int) -> Floats:
        done = np.empty((last - first, shape[1] * shape[2]))
        for at in range(first, last):
            done[at - first] = _plane(box.voxels[at - z.start], (y, x), (start[1:], stop[1:]), limit, arithmetic)
        return done

    return _along(planes, z, (start[0], stop[0]), 9 * limit, arithmetic).reshape(shape)


def _plane(
    plane: Array, spans: tuple[Span, Span], window: tuple[Corner, Corner], limit: float, arithmetic: Arithmetic
) -> Floats:
    """A slice after the passes along x and y, in a window of it (start and stop), as one row."""
    y, x = spans
    start, stop = window

    def rows(first: int, last: int) -> Floats:
        heads = range(first - y.start, last - y.start, ROWS_AT_ONCE)
        parts = (plane[head : min(head + ROWS_AT_ONCE, last - y.start)] for head in heads)
        return np.concatenate([_rows(part, x, (start[1], stop[1]), limit, arithmetic) for part in parts])

    return _along(rows, y, (start[0], stop[0]), 3 * limit, arithmetic).ravel()


def _rows(rows: Array, span: Span, window: tuple[int, int], limit: float, arithmetic: Arithmetic) -> Floats:
    """Rows after the pass along x, in a window of them."""

    def voxels(first: int, last: int) -> Floats:
        return np.array(rows[:, first - span.start : last - span.start].T, dtype=np.float64, order="C")

    return _along(voxels, span, window, limit, arithmetic).T


def _along(lines: Lines, span: Span, window: tuple[int, int], limit: float, arithmetic: Arithmetic) -> Floats:
    """Lines after their pass, in a window of them; no value is larger than `limit`."""
    start, stop = window
    halo = HALO
    while True:
        first, last = max(span.start, start - halo), min(span.stop, stop + halo)
        values = lines(first, last)
        borders = (first == 0, last == span.size)
        if _filter(values, (start - first, stop - first), borders, limit, arithmetic, span.size):
            return values[start - first : stop - first]
        if (first, last) == (span.start, span.stop):
            raise too_small(span, window)
        halo *= 4


@njit
def _filter(
    lines: Floats, window: tuple[int, int], borders: tuple[bool, bool], limit: float, arithmetic: Arithmetic, size: int
) -> bool:
    """Filter lines (voxels, lines) in place; whether it is certain that, in the window, whole lines would be the same.

    `borders`: whether lines begin, and whether they end, with the image, which has `size` voxels along them.
    """
    if lines.shape[0] == 1:
        return borders[0] and borders[1]
    for n in range(lines.shape[0]):
        for i in range(lines.shape[1]):
            lines[n, i] *= arithmetic.gain
    certain = True
    other = np.empty(LANES_AT_ONCE)
    for lane in range(0, lines.shape[1], LANES_AT_ONCE):
        lanes = (lane, min(lane + LANES_AT_ONCE, lines.shape[1]))
        known = borders[0] and (borders[1] or not arithmetic.whole_lines)
        if known:
            _begin(lines, lanes, arithmetic)
        elif borders[0]:
            _begin_between(lines, lanes, other, CAUSAL * limit, arithmetic.pole, size)
        else:
            lines[0, lanes[0] : lanes[1]] = CAUSAL * limit
            other[: lanes[1] - lanes[0]] = -CAUSAL * limit
        certain &= _causal(lines, lanes, other, 0 if known else window[0], arithmetic.pole) or known
        certain &= _anticausal(lines, lanes, other, window, borders, ANTICAUSAL * limit, arithmetic)
    return certain


@njit
def _causal(lines: Floats, lanes: tuple[int, int], other: Floats, start: int, pole: float) -> bool:
    """There, over all voxels; whether the first values in `lines` and in `other` lead to the same from `start` on."""
    begin, end = lanes
    for n in range(1, start + 1):
        for i in range(begin, end):
            other[i - begin] = lines[n, i] + pole * other[i - begin]
            lines[n, i] += pole * lines[n - 1, i]
    for n in range(start + 1, lines.shape[0]):
        for i in range(begin, end):
            lines[n, i] += pole * lines[n - 1, i]
    return _same(lines[start, begin:end], other)


@njit
def _begin(lines: Floats, lanes: tuple[int, int], arithmetic: Arithmetic) -> None:
    """The first value of the recursion where lines go on before their beginning as their mirror image."""
    if arithmetic.whole_lines:
        _begin_whole(lines, lanes, arithmetic.pole)
    elif lines.shape[0] > HORIZON:
        _begin_far(lines, lanes, arithmetic.pole)
    else:
        _begin_near(lines, lanes, arithmetic.pole)


@njit
def _begin_far(lines: Floats, lanes: tuple[int, int], pole: float) -> None:
    """ITK's, of lines longer than its horizon."""
    power = pole
    for n in range(1, HORIZON):
        for i in range(lanes[0], lanes[1]):
            lines[0, i] += power * lines[n, i]
        power *= pole


@njit
def _begin_near(lines: Floats, lanes: tuple[int, int], pole: float) -> None:
    """ITK's, of shorter lines."""
    length = lines.shape[0]
    power = pole
    back = pole ** float(length - 1)
    for i in range(lanes[0], lanes[1]):
        lines[0, i] += back * lines[length - 1, i]
    back *= back * (1.0 / pole)
    for n in range(1, length - 1):
        for i in range(lanes[0], lanes[1]):
            lines[0, i] += (power + back) * lines[n, i]
        power *= pole
        back *= 1.0 / pole
    for i in range(lanes[0], lanes[1]):
        lines[0, i] /= 1.0 - power * power


@njit
def _begin_whole(lines: Floats, lanes: tuple[int, int], pole: float) -> None:
    """SciPy's."""
    last = lines.shape[0] - 1
    power, back = pole, pole ** float(last)
    for i in range(lanes[0], lanes[1]):
        lines[0, i] += back * lines[last, i]
    for n in range(1, last):
        for i in range(lanes[0], lanes[1]):
            lines[0, i] += power * (lines[n, i] + back * lines[last - n, i])
        power *= pole
    for i in range(lanes[0], lanes[1]):
        lines[0, i] /= 1.0 - back * back


@njit
def _begin_between(lines: Floats, lanes: tuple[int, int], other: Floats, bound: float, pole: float, size: int) -> None:
    """The largest and, in `other`, the least that SciPy's can be: no voxel beyond these lines is larger than `bound`.

    What lies beyond adds up to twice its sum at most, as no rounding of a sum is larger than what is added.
    """
    begin, end = lanes
    far = pole ** float(size - 1)
    power, back = pole, abs(far) * bound
    for i in range(begin, end):
        other[i - begin] = lines[0, i] - back
        lines[0, i] += back
    for n in range(1, lines.shape[0]):
        for i in range(begin, end):
            least, most = power * (lines[n, i] - back), power * (lines[n, i] + back)
            other[i - begin] += min(least, most)
            lines[0, i] += max(least, most)
        power *= pole
    rest, divisor = 2.0 * abs(power) / (1.0 + pole) * (bound + back), 1.0 - far * far
    for i in range(begin, end):
        other[i - begin] = (other[i - begin] - rest) / divisor
        lines[0, i] = (lines[0, i] + rest) / divisor


@njit
def _anticausal(
    lines: Floats,
    lanes: tuple[int, int],
    other: Floats,
    window: tuple[int, int],
    borders: tuple[bool, bool],
    bound: float,
    arithmetic: Arithmetic,
) -> bool:
    """Back, to the window's start; whether any end between -bound and bound leads to the same before its stop."""
    begin, end = lanes
    start, stop = window
    last = lines.shape[0] - 1
    pole = arithmetic.pole
    if borders[1]:
        for i in range(begin, end):
            mirrored = pole * lines[last - 1, i] + lines[last, i]
            if arithmetic.whole_lines:
                lines[last, i] = mirrored * pole / (pole * pole - 1.0)
            else:
                lines[last, i] = (pole / (pole * pole - 1.0)) * mirrored
        stop = last + 1
    else:
        lines[last, begin:end] = bound
        other[: end - begin] = -bound
    for n in range(last - 1, stop - 2, -1):
        for i in range(begin, end):
            other[i - begin] = pole * (other[i - begin] - lines[n, i])
            lines[n, i] = pole * (lines[n + 1, i] - lines[n, i])
    for n in range(min(stop - 2, last - 1), start - 1, -1):
        for i in range(begin, end):
            lines[n, i] = pole * (lines[n + 1, i] - lines[n, i])
    return borders[1] or _same(lines[stop - 1, begin:end], other)


@njit
def _same(ours: Floats, others: Floats) -> bool:
    same = True
    for i in range(ours.size):
        same &= ours[i] == others[i]
    return same
