"""One pass over the box of a region: the codes of its cubes, the ends of its lines, its moments, in whole numbers."""

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.jit import njit
from voxmill_kernels.shape.scanned import Scanned
from voxmill_kernels.types import Array, Binary, Ints

ALL_OUTSIDE, ALL_INSIDE = np.uint64(0), np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def scan(box: Binary) -> Scanned:
    """Scan a box (0 outside, 1 inside; z, y, x; C-contiguous) that is padded with one layer of outside.

    A box on a device is scanned there; what is found comes here.
    """
    device = device_of(box)
    if device is not None:
        from voxmill_kernels.shape.cuda.scan import scan_there

        return scan_there(box, device)
    depth, height, width = box.shape
    codes, places = np.zeros(256, dtype=np.int64), np.zeros((256, 3), dtype=np.int64)
    along_x, along_y = _no_vertex(2 * depth, 2 * height), _no_vertex(2 * depth, 2 * width)
    sums, products = np.zeros(3, dtype=np.int64), np.zeros((3, 3), dtype=np.int64)
    _cubes(box, codes, places, along_x, along_y)
    voxels = int(_moments(box, sums, products))
    return Scanned(codes, places, along_x, along_y, voxels, sums, products)


def _no_vertex(planes: int, lines: int) -> Array:
    ends = np.empty((2, planes, lines), dtype=np.int32)
    ends[0], ends[1] = np.iinfo(np.int32).max, -1
    return ends


@njit
def _cubes(box: Binary, codes: Ints, places: Ints, along_x: Array, along_y: Array) -> None:
    """Plane by plane: the codes of all cubes at once, then those that the surface crosses, found eight at a time.

    Rows end in the region's outside, so that a plane can be read as one row.
    """
    depth, height, width = box.shape
    planes = box.reshape((depth, height * width))
    sides = np.empty((height - 1) * width, dtype=np.uint8)
    eights = np.zeros((sides.shape[0] + 7) // 8, dtype=np.uint64)
    plane = eights.view(np.uint8)
    surface = np.empty(plane.shape[0] + 1, dtype=np.int32)
    for z in range(depth - 1):
        a, c = planes[z], planes[z + 1]
        _codes(a, a[width:], c, c[width:], sides, plane)
        found = surface[: _find_surface(eights, plane, surface)]
        _count(plane, found, width, z, codes, places, along_x, along_y)


@njit
def _codes(a: Array, b: Array, c: Array, d: Array, sides: Array, codes: Array) -> None:
    """Each cube takes the four corners of its own place and of the next one."""
    for x in range(sides.shape[0]):
        sides[x] = a[x] | b[x] << 2 | c[x] << 4 | d[x] << 6
    for x in range(sides.shape[0] - 1):
        codes[x] = sides[x] | sides[x + 1] << 1


@njit
def _find_surface(eights: Array, codes: Array, surface: Array) -> int:
    """List the places of the cubes that the surface crosses."""
    count = 0
    for index in range(eights.shape[0]):
        if eights[index] != ALL_OUTSIDE and eights[index] != ALL_INSIDE:
            for x in range(8 * index, 8 * index + 8):
                surface[count] = x
                count += (codes[x] != 0) & (codes[x] != 255)
    return count


@njit
def _count(
    plane: Array, surface: Array, width: int, z: int, codes: Ints, places: Ints, along_x: Array, along_y: Array
) -> None:
    """Count the cubes that the surface crosses, and widen the lines to their vertices.

    Each of the three edges from the first corner of a cube has a vertex where one end only is inside.
    """
    y = start = 0
    for place in surface:
        while place >= start + width:
            y, start = y + 1, start + width
        x, code = place - start, plane[place]
        codes[code] += 1
        places[code, 0] += z
        places[code, 1] += y
        places[code, 2] += x
        _add_vertex(along_x, along_y, 2 * z, 2 * y, 2 * x + 1, code ^ code >> 1)
        _add_vertex(along_x, along_y, 2 * z, 2 * y + 1, 2 * x, code ^ code >> 2)
        _add_vertex(along_x, along_y, 2 * z + 1, 2 * y, 2 * x, code ^ code >> 4)


@njit
def _add_vertex(along_x: Array, along_y: Array, z: int, y: int, x: int, crossed: int) -> None:
    """Of an edge whose bit 0 of `crossed` is 1: it lies after all those of smaller x on its line, and so for y.

    No branch here: a processor could not guess it.
    """
    there = crossed & 1 != 0
    along_x[0, z, y] = min(along_x[0, z, y], x) if there else along_x[0, z, y]
    along_x[1, z, y] = x if there else along_x[1, z, y]
    along_y[0, z, x] = min(along_y[0, z, x], y) if there else along_y[0, z, x]
    along_y[1, z, x] = y if there else along_y[1, z, x]


@njit
def _moments(box: Binary, sums: Ints, products: Ints) -> int:
    """Sums of z, y, x and of their products over the region; gives the number of voxels."""
    depth, height, width = box.shape
    total = 0
    for z in range(depth):
        for y in range(height):
            line = box[z, y]
            count = first = second = 0
            for x in range(width):
                count += line[x]
                first += line[x] * x
                second += line[x] * x * x
            total += count
            sums[0] += count * z
            sums[1] += count * y
            sums[2] += first
            products[0, 0] += count * z * z
            products[1, 1] += count * y * y
            products[2, 2] += second
            products[0, 1] += count * z * y
            products[0, 2] += z * first
            products[1, 2] += y * first
    products[1, 0], products[2, 0], products[2, 1] = products[0, 1], products[0, 2], products[1, 2]
    return total
