"""Polygons filled by the even-odd rule, in whole numbers, so that no rounding decides what is inside.

Where a voxel's centre lies on an edge: it belongs to what lies right of the edge (larger x), on a level edge to what
lies below (larger y). So of polygons that share an edge each centre on it belongs to exactly one, and an edge that is
drawn there and back, as the channel of a keyhole, leaves no trace.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints

PARTS = 1 << 16
"""Corners lie at whole multiples of 1/65,536 of a voxel."""
FARTHEST = 1 << 14
"""How many voxels a corner may lie from the first voxel: beyond, the products of 64 bits would not hold."""


def even_odd(polygons: Sequence[Ints], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The voxels (y, x) of an image of this shape whose centres lie inside of an odd number of polygons.

    polygons: (corners, 2) each, y and x in parts of a voxel (`PARTS` to a voxel; the first voxel's centre is 0, 0);
    closed by an edge from the last corner to the first. A polygon may cross itself: a centre is inside where a ray
    from it crosses an odd number of edges. ValueError for a corner that is `FARTHEST` voxels away or more.
    """
    if any(np.abs(polygon).max(initial=0) >= FARTHEST * PARTS for polygon in polygons):
        raise ValueError(f"a corner of a polygon lies {FARTHEST} voxels away, or more")
    marks = np.zeros((shape[0], shape[1] + 1), dtype=np.uint8)
    for polygon in polygons:
        _mark(polygon, marks)
    inside: NDArray[np.bool_] = np.bitwise_xor.accumulate(marks, axis=1)[:, :-1].view(np.bool_)
    return inside


@njit
def _mark(polygon: Ints, marks: Array) -> None:
    """Turn over, in every row that an edge crosses, the first voxel that does not lie left of the edge.

    An edge crosses the rows from its upper end to before its lower end. Its ends are taken in that order, so that the
    direction in which it was drawn does not matter.
    """
    rows, columns = marks.shape[0], marks.shape[1] - 1
    for corner in range(polygon.shape[0]):
        y0, x0 = polygon[corner - 1]
        y1, x1 = polygon[corner]
        if y0 > y1:
            y0, x0, y1, x1 = y1, x1, y0, x0
        first, stop = -(-y0 // PARTS), -(-y1 // PARTS)
        for row in range(max(first, 0), min(stop, rows)):
            height = y1 - y0
            across = x0 * height + (row * PARTS - y0) * (x1 - x0)
            column = -(-across // (height * PARTS))
            marks[row, min(max(column, 0), columns)] ^= 1
