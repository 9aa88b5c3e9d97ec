"""Slow, obvious oracle: which centres of voxels lie inside of polygons, from the definition, in fractions."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.mask.polygon import PARTS
from voxmill_kernels.types import Ints


def even_odd(polygons: Sequence[Ints], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Inside is a centre whose ray towards smaller x meets an odd number of edges, one in its own place included."""
    inside = np.zeros(shape, dtype=np.bool_)
    for y in range(shape[0]):
        for x in range(shape[1]):
            inside[y, x] = sum(_meets(y, x, *edge) for polygon in polygons for edge in edges(polygon)) % 2 == 1
    return inside


def edges(polygon: Ints) -> list[tuple[Fraction, Fraction, Fraction, Fraction]]:
    """From corner to corner, y, x, y, x, in voxels."""
    corners = [(Fraction(y, PARTS), Fraction(x, PARTS)) for y, x in polygon.tolist()]
    return [(*a, *b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]


def _meets(y: int, x: int, y0: Fraction, x0: Fraction, y1: Fraction, x1: Fraction) -> bool:
    """Whether the edge, its upper end included and its lower end not, comes to the row of the centre at its left."""
    if not min(y0, y1) <= y < max(y0, y1):
        return False
    return x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x
