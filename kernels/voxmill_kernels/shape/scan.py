"""One pass over the box of a region: the codes of its cubes, the ends of its lines, its moments, in whole numbers."""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Binary, Ints


@dataclass(frozen=True)
class Extent:
    """What the shape of a region is computed from; places are z, y, x in the padded box.

    codes: (256,) how often each cube code occurs, all outside and all inside left out. places: (256, 3) sums of z, y, x
    over the cubes of a code. along_x: (2, lines z, lines y) first and last vertex on every line along x, along_y:
    (2, lines x, lines z) the same along y; in half voxels, last < first where a line has none.
    voxels; sums (3,) of z, y, x; products (3, 3) of each two of them: over the voxels of the region.
    """

    codes: Ints
    places: Ints
    along_x: Array
    along_y: Array
    voxels: int
    sums: Ints
    products: Ints


def scan(box: Binary) -> Extent:
    """Scan a box (0 outside, 1 inside; z, y, x) that is padded with one layer of outside."""
    depth, height, width = box.shape
    codes, places = np.zeros(256, dtype=np.int64), np.zeros((256, 3), dtype=np.int64)
    along_x, along_y = _no_vertex(2 * depth, 2 * height), _no_vertex(2 * width, 2 * depth)
    sums, products = np.zeros(3, dtype=np.int64), np.zeros((3, 3), dtype=np.int64)
    _cubes(box, codes, places, along_x, along_y)
    voxels = int(_moments(box, sums, products))
    return Extent(codes, places, along_x, along_y, voxels, sums, products)


def _no_vertex(planes: int, lines: int) -> Array:
    ends = np.empty((2, planes, lines), dtype=np.int32)
    ends[0], ends[1] = np.iinfo(np.int32).max, -1
    return ends


@njit
def _cubes(box: Binary, codes: Ints, places: Ints, along_x: Array, along_y: Array) -> None:
    """Row by row: the codes of all cubes at once, then those that the surface crosses."""
    depth, height, width = box.shape
    sides = np.zeros(width, dtype=np.uint8)
    row = np.zeros(width, dtype=np.uint8)
    for z in range(depth - 1):
        for y in range(height - 1):
            _row_codes(box[z, y], box[z, y + 1], box[z + 1, y], box[z + 1, y + 1], sides, row)
            for x in range(width - 1):
                code = row[x]
                if code == 0 or code == 255:
                    continue
                codes[code] += 1
                places[code, 0] += z
                places[code, 1] += y
                places[code, 2] += x
                inside = code & 1
                if (code >> 1) & 1 != inside:
                    _widen(along_x, along_y, 2 * z, 2 * y, 2 * x + 1)
                if (code >> 2) & 1 != inside:
                    _widen(along_x, along_y, 2 * z, 2 * y + 1, 2 * x)
                if (code >> 4) & 1 != inside:
                    _widen(along_x, along_y, 2 * z + 1, 2 * y, 2 * x)


@njit
def _row_codes(a: Array, b: Array, c: Array, d: Array, sides: Array, codes: Array) -> None:
    """Each cube takes the four corners of its own place and of the next one."""
    for x in range(a.shape[0]):
        sides[x] = a[x] | b[x] << 2 | c[x] << 4 | d[x] << 6
    for x in range(a.shape[0] - 1):
        codes[x] = sides[x] | sides[x + 1] << 1


@njit
def _widen(along_x: Array, along_y: Array, z: int, y: int, x: int) -> None:
    along_x[0, z, y] = min(along_x[0, z, y], x)
    along_x[1, z, y] = max(along_x[1, z, y], x)
    along_y[0, x, z] = min(along_y[0, x, z], y)
    along_y[1, x, z] = max(along_y[1, x, z], y)


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
