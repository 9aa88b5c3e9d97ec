"""The workloads of image kernels: what is prepared where, what is done then, and what that needs at least.

`up` brings an array to where the work is to be done: the same workload is the CPU's and the device's.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gpu_parts.floors import Needs
from gpu_parts.made import volume
from voxmill_kernels.image import wavelet
from voxmill_kernels.image.bands import convolve
from voxmill_kernels.image.box import Box
from voxmill_kernels.image.gaussian import reach, table
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.image.sample import cubic, linear, nearest
from voxmill_kernels.image.spline import coefficients
from voxmill_kernels.types import Array
from workloads import CT_SPACING, Shape

Up = Callable[[Array], Any]
Call = Callable[[], Any]
SPACING = CT_SPACING[::-1]
"""z, y, x in mm."""
SIGMA = 3.0
TAPS = 6
"""As many as coif1 has; which numbers they are makes no difference to what is done with them."""


@dataclass(frozen=True)
class Work:
    """A name; what prepares an image of a shape and gives what is measured; bytes and operations for each voxel."""

    name: str
    prepare: Callable[[Shape, Up], Call]
    bytes: float
    operations: float = 0.0

    def needs(self, shape: Shape) -> Needs:
        """What it cannot do without."""
        return Needs(self.bytes * math.prod(shape), self.operations * math.prod(shape))


def here(array: Array) -> Array:
    """Where the CPU works."""
    return array


def one_mm(shape: Shape) -> Lines:
    """The lines of a grid of 1 mm over a volume of this shape."""
    depth, height, width = (math.ceil(size * step) for size, step in zip(shape, SPACING, strict=True))
    z, y = (one.ravel().astype(np.float64) for one in np.indices((depth, height)))
    zero = np.zeros(z.size)
    starts = np.stack([z / SPACING[0], y / SPACING[1], zero], axis=1)
    steps = np.stack([zero, zero, zero + width / SPACING[2]], axis=1)
    return Lines(starts, steps, width, 0, width)


def _whole(shape: Shape, up: Up) -> Box:
    return Box(up(volume(shape)), (0, 0, 0), shape)


def _sampled(sampler: Callable[[Box, Lines], Array]) -> Callable[[Shape, Up], Call]:
    def prepare(shape: Shape, up: Up) -> Call:
        box, lines = _whole(shape, up), one_mm(shape)
        there = lines._replace(starts=up(lines.starts), steps=up(lines.steps))
        return lambda: sampler(box, there)

    return prepare


def _coefficients(box: Box) -> Array:
    return coefficients(box, (0, 0, 0), box.shape)


def _by_splines(box: Box, lines: Lines) -> Array:
    return cubic(box._replace(voxels=_coefficients(box)), lines)


def _convolved(dtype: DTypeLike, axis: int) -> Work:
    sigma = SIGMA / SPACING[axis]

    def prepare(shape: Shape, up: Up) -> Call:
        box, weights = up(volume(shape).astype(dtype)), table(sigma, 2)
        return lambda: convolve(box, weights, axis, 0, shape[axis])

    kind = np.dtype(dtype)
    return Work(f"bands.convolve, {kind}, axis {'zyx'[axis]}", prepare, kind.itemsize + 4, 2 * reach(sigma) + 1)


def _laplacian(shape: Shape, up: Up) -> Call:
    from voxmill.grid import Grid, Window
    from voxmill.operators.log import Laplacian
    from voxmill.operators.operator import At, Form

    z, y, x = SPACING
    affine = ((0.0, 0.0, x, 0.0), (0.0, y, 0.0, 0.0), (z, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    window, box = Window.whole(shape), up(volume(shape))
    at = At(window, (window,), Form(Grid(shape, affine), np.dtype(np.int16)))
    return lambda: Laplacian(SIGMA).apply([box], at, {})


def _wavelet(dtype: DTypeLike, axis: int) -> Work:
    def prepare(shape: Shape, up: Up) -> Call:
        box, taps = up(volume(shape).astype(dtype)), np.random.default_rng(3).standard_normal(TAPS).astype(dtype)
        inner = shape[axis] - 2 * (TAPS - 1)  # of the last sum, all taps but one lie beyond the end
        return lambda: wavelet.convolve(box, taps, axis, inner)

    kind = np.dtype(dtype)
    name = f"wavelet.convolve, {kind}, axis {'zyx'[axis]}"
    return Work(name, prepare, 2 * kind.itemsize, 2 * TAPS if kind == np.float64 else 0)


LINEAR = Work("linear to 1 mm", _sampled(linear), bytes=2 + 8, operations=40)
CUBIC = Work("cubic to 1 mm", _sampled(_by_splines), bytes=2 + 8 + 4 * 8 + 16, operations=250)
LOG = Work("LoG 3 mm", _laplacian, bytes=9 * 8, operations=sum(3 * (2 * reach(SIGMA / one) + 1) for one in SPACING))
VOLUMES = (LINEAR, CUBIC, LOG)
"""Of whole volumes. Bytes: each pass reads and writes once; operations: those in double precision."""


def works() -> Iterator[Work]:
    """All workloads of image kernels."""
    for dtype, axis in product((np.int16, np.float32, np.float64), range(3)):
        yield _convolved(dtype, axis)
    yield Work("sample.nearest", _sampled(nearest), bytes=2 + 2)
    yield Work("spline.coefficients", lambda shape, up: partial(_coefficients, _whole(shape, up)), 2 + 8 + 4 * 8, 12)
    for real, axis in product((np.float32, np.float64), range(3)):
        yield _wavelet(real, axis)
    yield from VOLUMES
