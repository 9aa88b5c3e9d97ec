"""Shape features of a region of one slice (PyRadiomics' shape2D; IBSI has none in 2D)."""

import math

import numpy as np

from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.features.shape import ratio
from voxmill_kernels.shape.diameters import diameters
from voxmill_kernels.shape.moments import plane_variances
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.shape.squares import CODES, area_and_perimeter
from voxmill_kernels.types import Binary, Floats, Spacing

SOURCE = "PyRadiomics 3.0.1, shape2D"
FEATURES = table(
    "shape2D",
    SOURCE,
    ("Elongation", "", "1", "√(λ2 / λ1), λ1 ≥ λ2 the variances along the principal axes; NaN for one pixel"),
    ("MajorAxisLength", "", "mm", "4 √λ1"),
    ("MaximumDiameter", "", "mm", "largest distance of two vertices of the outline"),
    ("MeshSurface", "", "mm²", "A: area within the outline"),
    ("MinorAxisLength", "", "mm", "4 √λ2"),
    ("Perimeter", "", "mm", "P: length of the outline"),
    ("PerimeterSurfaceRatio", "", "1/mm", "P / A"),
    ("PixelSurface", "", "mm²", "pixels times the area of one"),
    ("Sphericity", "", "1", "2 √(π A) / P"),
) + deprecated("shape2D", SOURCE, ("SphericalDisproportion", "", "1", "P / (2 √(π A))", "1 / Sphericity"))


def shape2d_features(box: Binary, spacing: Spacing, *, axis: int = 0) -> Floats:
    """The values of FEATURES, in its order.

    `box` is the smallest one around the region within one layer of outside (0 outside, 1 inside; z, y, x), `spacing`
    z, y, x in mm, `axis` the one (0 = z, 1 = y, 2 = x) across the slice, along which the region is one voxel deep.

    Of the cubes around a slice those that begin in it have its squares as codes. The farthest vertices of equal z are
    its own: those half a voxel away lie at voxel centres.
    """
    across, (y, x) = spacing[axis], (size for one, size in enumerate(spacing) if one != axis)
    scanned = scan(np.ascontiguousarray(np.moveaxis(box, axis, 0)))
    area, perimeter = area_and_perimeter(scanned.codes[:CODES], (y, x))
    diameter, *_ = diameters(scanned, (across, y, x))
    minor, major = plane_variances(scanned, (across, y, x))
    circle = 2 * math.sqrt(math.pi * area)
    return np.array(
        [
            math.sqrt(ratio(minor, major)),
            4 * math.sqrt(major),
            diameter,
            area,
            4 * math.sqrt(minor),
            perimeter,
            perimeter / area,
            scanned.voxels * (y * x),
            circle / perimeter,
            perimeter / circle,
        ]
    )
