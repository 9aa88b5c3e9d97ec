"""The four diameters of a region: largest distances between vertices of its mesh.

Only the outermost vertex of a line, and of those only the corners of the hull of a plane, can end a diameter.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Binary, Floats, Ints, Spacing

Places: TypeAlias = NDArray[np.int32]  # by plane and line, in half voxels


def diameters(box: Binary, spacing: Spacing) -> tuple[float, float, float, float]:
    """Largest distance in mm within a plane of equal z, of equal y, of equal x, and in space.

    `box` is padded (0 outside, 1 inside; z, y, x), `spacing` z, y, x in mm. Vertices are the midpoints between a voxel
    of the region and a neighbour outside, so planes lie half a voxel apart.
    """
    z, y, x = (step / 2 for step in spacing)
    along_x = _extremes(box)
    along_y = _extremes(np.ascontiguousarray(box.transpose(2, 0, 1)))
    slices = _hulls(*along_x)
    columns = _hulls(*(np.ascontiguousarray(side.T) for side in along_x))
    rows = _hulls(*along_y)
    return (
        math.sqrt(_largest_in_planes(slices, np.array([z, y, x]))),
        math.sqrt(_largest_in_planes(columns, np.array([y, z, x]))),
        math.sqrt(_largest_in_planes(rows, np.array([x, z, y]))),
        math.sqrt(_largest(slices * np.array([z, y, x]))),
    )


@njit
def _extremes(box: Binary) -> tuple[Places, Places]:
    """First and last vertex on every line along the last axis, in half voxels; last < first where there is none."""
    depth, height, width = box.shape
    first = np.full((2 * depth, 2 * height), 2 * width, dtype=np.int32)
    last = np.full((2 * depth, 2 * height), -1, dtype=np.int32)
    for z in range(depth - 1):
        for y in range(height - 1):
            for x in range(width - 1):
                here = box[z, y, x]
                if box[z, y, x + 1] != here:
                    first[2 * z, 2 * y] = min(first[2 * z, 2 * y], 2 * x + 1)
                    last[2 * z, 2 * y] = 2 * x + 1
                if box[z, y + 1, x] != here:
                    first[2 * z, 2 * y + 1] = min(first[2 * z, 2 * y + 1], 2 * x)
                    last[2 * z, 2 * y + 1] = 2 * x
                if box[z + 1, y, x] != here:
                    first[2 * z + 1, 2 * y] = min(first[2 * z + 1, 2 * y], 2 * x)
                    last[2 * z + 1, 2 * y] = 2 * x
    return first, last


@njit
def _hulls(first: Places, last: Places) -> Ints:
    """The corners of the convex hull of each plane: (n, 3) of plane, line, place on the line, plane by plane."""
    planes, lines = first.shape
    points = np.empty((2 * planes * lines, 3), dtype=np.int64)
    count = 0
    for plane in range(planes):
        for side in range(2):
            start = count
            for line in range(lines):
                if last[plane, line] < first[plane, line]:
                    continue
                place = first[plane, line] if side == 0 else last[plane, line]
                sign = 1 if side == 0 else -1
                while count - start >= 2 and _turn(points, count, line, place) * sign <= 0:
                    count -= 1
                points[count, 0], points[count, 1], points[count, 2] = plane, line, place
                count += 1
    return points[:count]


@njit
def _turn(points: Ints, count: int, line: int, place: int) -> int:
    """Positive where the way over the last two points to a new one bends towards higher places."""
    b1, b2 = points[count - 1, 1], points[count - 1, 2]
    a1, a2 = points[count - 2, 1], points[count - 2, 2]
    return (b1 - a1) * (place - a2) - (b2 - a2) * (line - a1)


@njit
def _largest_in_planes(points: Ints, scale: Floats) -> float:
    """The largest squared distance between two points of one plane."""
    largest = 0.0
    start = 0
    for index in range(points.shape[0]):
        if points[index, 0] != points[start, 0]:
            start = index
        for other in range(start, index):
            across = (points[index, 1] - points[other, 1]) * scale[1]
            along = (points[index, 2] - points[other, 2]) * scale[2]
            largest = max(largest, across * across + along * along)
    return largest


@njit
def _largest(points: Floats) -> float:
    """The largest squared distance between any two points (n, 3), in their unit.

    A point is left out when not even the far corner of the box around all is farther away than a pair already known.
    """
    first, last = _extreme_points(points)
    largest = 0.0
    for axis in range(3):
        for index in range(points.shape[0]):
            largest = max(largest, _squared(points, index, first[axis]), _squared(points, index, last[axis]))
    kept = np.empty(points.shape[0], dtype=np.int64)
    count = 0
    for index in range(points.shape[0]):
        reach = 0.0
        for axis in range(3):
            place = points[index, axis]
            reach += max(place - points[first[axis], axis], points[last[axis], axis] - place) ** 2
        if reach > largest:
            kept[count] = index
            count += 1
    for index in range(count):
        for other in range(index):
            largest = max(largest, _squared(points, kept[index], kept[other]))
    return largest


@njit
def _extreme_points(points: Floats) -> tuple[Ints, Ints]:
    """Which point comes first, and which last, along each axis."""
    first, last = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    for axis in range(3):
        for index in range(points.shape[0]):
            if points[index, axis] < points[first[axis], axis]:
                first[axis] = index
            if points[index, axis] > points[last[axis], axis]:
                last[axis] = index
    return first, last


@njit
def _squared(points: Floats, i: int, j: int) -> float:
    z, y, x = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
    return z * z + y * y + x * x
