"""The four diameters of a region: largest distances between vertices of its mesh.

Only the first and the last vertex of a line can end a diameter, of those only the corners of the hull of their plane,
and a diameter in space only those that are such corners in all three planes through them.
"""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.shape.scanned import Scanned
from voxmill_kernels.types import Array, Floats, Ints, Spacing

IN_SLICE, IN_COLUMN, IN_ROW = 1, 2, 4


def diameters(scanned: Scanned, spacing: Spacing) -> tuple[float, float, float, float]:
    """Largest distance in mm within a plane of equal z, of equal y, of equal x, and in space.

    `spacing` is z, y, x in mm. Vertices are the midpoints between a voxel of the region and a neighbour outside, so
    planes lie half a voxel apart.
    """
    z, y, x = (step / 2 for step in spacing)
    slices = _hulls(scanned.along_x)
    columns = _hulls(np.ascontiguousarray(scanned.along_x.transpose(0, 2, 1)))
    rows = _hulls(np.ascontiguousarray(scanned.along_y.transpose(0, 2, 1)))
    corners = _corners(scanned.along_x, slices, columns, rows)
    return (
        math.sqrt(_largest_in_planes(slices, y, x)),
        math.sqrt(_largest_in_planes(columns, z, x)),
        math.sqrt(_largest_in_planes(rows, z, y)),
        math.sqrt(_largest(corners, np.array([z, y, x]))),
    )


@njit
def _hulls(ends: Array) -> Ints:
    """The corners of the convex hull of each plane: (n, 3) of plane, line, place on the line, plane by plane.

    `ends` are the first and the last place on each line of each plane, (2, planes, lines).
    """
    _, planes, lines = ends.shape
    points = np.empty((2 * _count_lines(ends), 3), dtype=np.int64)
    count = 0
    for plane in range(planes):
        for side in range(2):
            start = count
            sign = 1 - 2 * side
            for line in range(lines):
                if ends[1, plane, line] < ends[0, plane, line]:
                    continue
                place = ends[side, plane, line]
                while count - start >= 2 and _turn(points, count, line, place) * sign <= 0:
                    count -= 1
                points[count, 0], points[count, 1], points[count, 2] = plane, line, place
                count += 1
    return points[:count]


@njit
def _count_lines(ends: Array) -> int:
    """How many lines have a vertex."""
    count = 0
    for plane in range(ends.shape[1]):
        for line in range(ends.shape[2]):
            count += ends[0, plane, line] <= ends[1, plane, line]
    return count


@njit
def _turn(points: Ints, count: int, line: int, place: int) -> int:
    """Positive where the way over the last two points to a new one bends towards higher places."""
    b1, b2 = points[count - 1, 1], points[count - 1, 2]
    a1, a2 = points[count - 2, 1], points[count - 2, 2]
    return (b1 - a1) * (place - a2) - (b2 - a2) * (line - a1)


@njit
def _corners(ends: Array, slices: Ints, columns: Ints, rows: Ints) -> Ints:
    """The vertices z, y, x that are corners of the hull in all three planes through them; `ends` are along x."""
    _, planes, lines = ends.shape
    seen = np.zeros((2, planes, lines), dtype=np.int8)
    for i in range(slices.shape[0]):
        _mark(seen, ends, slices[i, 0], slices[i, 1], slices[i, 2], IN_SLICE)
    for i in range(columns.shape[0]):
        _mark(seen, ends, columns[i, 1], columns[i, 0], columns[i, 2], IN_COLUMN)
    for i in range(rows.shape[0]):
        _mark(seen, ends, rows[i, 1], rows[i, 2], rows[i, 0], IN_ROW)
    points = np.empty((slices.shape[0], 3), dtype=np.int64)
    count = 0
    for i in range(slices.shape[0]):
        z, y, x = slices[i, 0], slices[i, 1], slices[i, 2]
        if seen[0 if ends[0, z, y] == x else 1, z, y] == IN_SLICE | IN_COLUMN | IN_ROW:
            points[count, 0], points[count, 1], points[count, 2] = z, y, x
            count += 1
    return points[:count]


@njit
def _mark(seen: Array, ends: Array, z: int, y: int, x: int, mark: int) -> None:
    """A vertex is known by its line along x and by the end of it that it is."""
    if ends[0, z, y] == x:
        seen[0, z, y] |= mark
    elif ends[1, z, y] == x:
        seen[1, z, y] |= mark


@njit
def _largest_in_planes(points: Ints, across: float, along: float) -> float:
    """The largest squared distance between two points of one plane."""
    largest = 0.0
    start = 0
    for index in range(points.shape[0]):
        if points[index, 0] != points[start, 0]:
            start = index
        for other in range(start, index):
            a = (points[index, 1] - points[other, 1]) * across
            b = (points[index, 2] - points[other, 2]) * along
            largest = max(largest, a * a + b * b)
    return largest


@njit
def _largest(points: Ints, scale: Floats) -> float:
    """The largest squared distance between any two points (n, 3)."""
    largest = 0.0
    for index in range(points.shape[0]):
        for other in range(index):
            z = (points[index, 0] - points[other, 0]) * scale[0]
            y = (points[index, 1] - points[other, 1]) * scale[1]
            x = (points[index, 2] - points[other, 2]) * scale[2]
            largest = max(largest, z * z + y * y + x * x)
    return largest
