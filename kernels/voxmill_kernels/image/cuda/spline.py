"""Coefficients of cubic B-splines on a device, as ITK finds them: along x, then y, then z, in place."""

from dataclasses import dataclass
from math import prod

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.box import Box, Index
from voxmill_kernels.image.cuda.floats import in_type
from voxmill_kernels.image.recursion import ANTICAUSAL, CAUSAL, HORIZON, POLE, Span, limit_of, too_small

ROWS, LINES = 32, 64
"""Of the lines that a block works on it holds so many voxels at a time."""
SHARED = 8 * (4 * LINES + ROWS * (LINES + 1))
"""Bytes of a block: where lines begin, three numbers of each, and these voxels."""


@dataclass(frozen=True)
class _Pass:
    """The filter along an axis: what there is along it, the window's ends, and what no value is larger than."""

    axis: int
    span: Span
    window: tuple[int, int]
    limit: float

    @property
    def inner(self) -> tuple[slice, ...]:
        """The window in a box."""
        start, stop = (end - self.span.start for end in self.window)
        return (*[slice(None)] * self.axis, slice(start, stop))

    def run(self, device: Device, box: Buffer, left_open: Buffer) -> None:
        """Filter all lines of a box; `left_open`, one number, becomes 1 where they leave a bit of the window open."""
        length, inner = box.shape[self.axis], self.inner[-1]
        begins, ends = self.span.start == 0, self.span.stop == self.span.size
        if length == 1:
            left_open[...] = int(not (begins and ends))
            return
        lines = box.size // length
        sizes = [lines, length, prod(box.shape[self.axis + 1 :]), inner.start, inner.stop, begins + 2 * ends, HORIZON]
        bounds = [POLE, POLE ** float(length - 1), CAUSAL * self.limit, ANTICAUSAL * self.limit]
        device.launch("filter_spline", -(-lines // LINES), [box, left_open, *sizes, *bounds], shared=SHARED)


def coefficients(device: Device, box: Box, start: Index, stop: Index) -> Buffer:
    """What the CPU's `coefficients` finds, of a box that lies there; raises BoxTooSmallError where that does.

    Beside the box a copy of it is held, of float64, and where the window is smaller its part along x once more.
    """
    ends = list(zip(start, stop, strict=True))
    if any(a == b for a, b in ends):
        return device.zeros([b - a for a, b in ends], np.float64)
    spans = [Span(a, a + n, size) for a, n, size in zip(box.start, box.voxels.shape, box.shape, strict=True)]
    limit = limit_of(box.voxels[tuple(slice(a - at, b - at) for (a, b), at in zip(ends, box.start, strict=True))])
    passes = [_Pass(axis, spans[axis], ends[axis], beyond * limit) for axis, beyond in ((2, 1), (1, 3), (0, 9))]
    made, left_open = in_type(device, box.voxels, np.float64), device.zeros(len(passes), np.int32)
    for number, one in enumerate(passes):
        one.run(device, made, left_open[number : number + 1])
        left = made[one.inner]
        made = in_type(device, left, np.float64, copy=left.size < made.size)
    for one, is_open in zip(passes, device.download(left_open), strict=True):
        if is_open:
            raise too_small(one.span, one.window)
    return made
