"""Area and volume of the mesh around a region: a histogram of cube codes, then one product with a table."""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.shape.cubes import surface_vectors
from voxmill_kernels.types import Binary, Bools, Ints, Spacing


@dataclass(frozen=True)
class CubeCodes:
    """How often each of the 256 cube codes occurs, and where.

    counts: (256,) int64. places: (256, 3) int64, sums of z, y, x over the cubes of a code.
    """

    counts: Ints
    places: Ints


def padded(inside: Bools) -> Binary:
    """The box within one layer of outside, as the other functions here want it."""
    return np.pad(inside.view(np.int8), 1)


def cube_codes(box: Binary) -> CubeCodes:
    """The codes of all cubes of a padded box (0 outside, 1 inside; z, y, x)."""
    codes = CubeCodes(np.zeros(256, dtype=np.int64), np.zeros((256, 3), dtype=np.int64))
    _cube_codes(box, codes.counts, codes.places)
    return codes


def area_and_volume(codes: CubeCodes, spacing: Spacing) -> tuple[float, float]:
    """Area in mm² and volume in mm³ of the mesh; `spacing` is z, y, x in mm.

    The volume is the sum of signed tetrahedra from the corner of the padded box, in whole numbers until the last step.
    PyRadiomics' mesh has gaps at some faces with two opposite corners inside. Where it has, the volume depends on the
    corner, so that the box has to be the smallest one around the region; it may even be 0 or negative.
    """
    code, cross, determinant = surface_vectors()
    z, y, x = spacing
    triangle_area = np.sqrt(((cross / 4 * (y * x, z * x, z * y)) ** 2).sum(axis=1)) / 2
    area = np.bincount(code, triangle_area, minlength=256) @ codes.counts
    eighths = sum(int(n) * int(d) for n, d in zip(codes.counts[code], determinant, strict=True))
    quarters = sum(int(v) for v in (codes.places[code] * cross).sum(axis=1))
    return float(area), (eighths / 8 + quarters / 4) / 6 * (z * y * x)


@njit
def _cube_codes(box: Binary, counts: Ints, places: Ints) -> None:
    """Each cube takes four corners over from the one before it along x."""
    depth, height, width = box.shape
    for z in range(depth - 1):
        for y in range(height - 1):
            left = 0
            for x in range(width - 1):
                near = box[z, y, x + 1] | box[z, y + 1, x + 1] << 2
                right = near | box[z + 1, y, x + 1] << 4 | box[z + 1, y + 1, x + 1] << 6
                code = left | right << 1
                left = right
                if code != 0 and code != 255:
                    counts[code] += 1
                    places[code, 0] += z
                    places[code, 1] += y
                    places[code, 2] += x
