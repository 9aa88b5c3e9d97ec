"""Area and volume of the mesh around a region: the histogram of its cube codes, times a table."""

from functools import cache, lru_cache

import numpy as np

from voxmill_kernels.shape.cubes import surface_vectors
from voxmill_kernels.types import Floats, Ints, Spacing


def area_and_volume(codes: Ints, places: Ints, spacing: Spacing) -> tuple[float, float]:
    """Area in mm² and volume in mm³ of the mesh, from its cube codes and their places (see shape.scan).

    `spacing` is z, y, x in mm.

    The volume is the sum of signed tetrahedra from the corner of the padded box, in whole numbers until the last step.
    PyRadiomics' mesh has gaps at some faces with two opposite corners inside. Where it has, the volume depends on the
    corner, so that the box has to be the smallest one around the region; it may even be 0 or negative.
    """
    cross, determinant = _by_code()
    z, y, x = spacing
    eighths = int((codes * determinant).sum())
    quarters = int((places * cross).sum())
    return float((codes * _areas(spacing)).sum()), (eighths / 8 + quarters / 4) / 6 * (z * y * x)


@cache
def _by_code() -> tuple[Ints, Ints]:
    """The edge cross products (256, 3) and determinants (256,) of the triangles of a code, added up."""
    code, cross, determinant = surface_vectors()
    crosses, determinants = np.zeros((256, 3), dtype=np.int64), np.zeros(256, dtype=np.int64)
    np.add.at(crosses, code, cross)
    np.add.at(determinants, code, determinant)
    crosses.flags.writeable = determinants.flags.writeable = False
    return crosses, determinants


@lru_cache
def _areas(spacing: Spacing) -> Floats:
    """The area in mm² of the surface of each code, (256,)."""
    code, cross, _ = surface_vectors()
    z, y, x = spacing
    triangles = np.sqrt(((cross / 4 * (y * x, z * x, z * y)) ** 2).sum(axis=1)) / 2
    areas = np.bincount(code, triangles, minlength=256).astype(np.float64)
    areas.flags.writeable = False
    return areas
