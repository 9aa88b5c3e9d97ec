"""Area and volume of the mesh around a region: the histogram of its cube codes, times a table."""

import numpy as np

from voxmill_kernels.shape.cubes import surface_vectors
from voxmill_kernels.types import Ints, Spacing


def area_and_volume(codes: Ints, places: Ints, spacing: Spacing) -> tuple[float, float]:
    """Area in mm² and volume in mm³ of the mesh, from its cube codes and their places (see shape.scan).

    `spacing` is z, y, x in mm.

    The volume is the sum of signed tetrahedra from the corner of the padded box, in whole numbers until the last step.
    PyRadiomics' mesh has gaps at some faces with two opposite corners inside. Where it has, the volume depends on the
    corner, so that the box has to be the smallest one around the region; it may even be 0 or negative.
    """
    code, cross, determinant = surface_vectors()
    z, y, x = spacing
    triangle_area = np.sqrt(((cross / 4 * (y * x, z * x, z * y)) ** 2).sum(axis=1)) / 2
    area = np.bincount(code, triangle_area, minlength=256) @ codes
    eighths = int(codes[code] @ determinant)
    quarters = int((places[code] * cross).sum())
    return float(area), (eighths / 8 + quarters / 4) / 6 * (z * y * x)
