"""The recursions along a line that find coefficients of cubic B-splines, as ITK has them: their pole and bounds."""

from math import ceil, log, sqrt
from typing import NamedTuple

from voxmill_kernels.image.box import BoxTooSmallError
from voxmill_kernels.types import Array

POLE = sqrt(3.0) - 2.0
HORIZON = ceil(log(1e-10) / log(-POLE))
"""So many voxels ITK sums for the beginning of a line that has more."""

CAUSAL, ANTICAUSAL = 8.3, 3.1
"""Bounds of the two recursions for inputs up to 1: 6 / (1 + z) and 3, and more than rounding can add."""


class Span(NamedTuple):
    """What there is along an axis: voxels of a box, from one to before another, and the size of the image."""

    start: int
    stop: int
    size: int


def too_small(span: Span, window: tuple[int, int]) -> BoxTooSmallError:
    """What is raised where a box leaves open what lies around a window, along an axis."""
    (start, stop), (first, last, _) = window, span
    return BoxTooSmallError(f"a box from {first} to before {last} leaves open what is around {start} to {stop}")


def limit_of(window: Array) -> float:
    """What no value of an image is larger than, by its type or, for the larger types, by what is in a window."""
    if window.dtype.kind != "f" and window.dtype.itemsize <= 2:
        return 65536.0
    return max(65536.0, 1024.0 * float(window.max()), -1024.0 * float(window.min()))
