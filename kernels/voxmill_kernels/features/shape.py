"""Shape features (IBSI family HCUG)."""

import math

import numpy as np

from voxmill_kernels.features.feature import table
from voxmill_kernels.shape.diameters import diameters
from voxmill_kernels.shape.mesh import area_and_volume
from voxmill_kernels.shape.moments import principal_variances
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Binary, Floats, Spacing

FEATURES = table(
    "shape",
    "PyRadiomics 3.0.1, shape; IBSI 1 manual, morphological features (DHQ4)",
    ("Elongation", "Q3CK", "1", "√(λ2 / λ1), λ1 ≥ λ2 ≥ λ3 the variances along the principal axes; NaN for one voxel"),
    ("Flatness", "N17B", "1", "√(λ3 / λ1); NaN for one voxel"),
    ("LeastAxisLength", "7J51", "mm", "4 √λ3"),
    ("MajorAxisLength", "TDIC", "mm", "4 √λ1"),
    ("Maximum2DDiameterColumn", "", "mm", "largest distance of two mesh vertices of equal y"),
    ("Maximum2DDiameterRow", "", "mm", "largest distance of two mesh vertices of equal x"),
    ("Maximum2DDiameterSlice", "", "mm", "largest distance of two mesh vertices of equal z"),
    ("Maximum3DDiameter", "L0JK", "mm", "largest distance of two mesh vertices"),
    ("MeshVolume", "RNU0", "mm³", "V: volume within the mesh"),
    ("MinorAxisLength", "P9VJ", "mm", "4 √λ2"),
    ("Sphericity", "QCFX", "1", "∛(36 π V²) / A"),
    ("SurfaceArea", "C0JK", "mm²", "A: area of the mesh"),
    ("SurfaceVolumeRatio", "2PR5", "1/mm", "A / V; NaN where V is 0"),
    ("VoxelVolume", "YEKZ", "mm³", "voxels times the volume of one"),
)


def shape_features(box: Binary, spacing: Spacing) -> Floats:
    """The values of FEATURES, in its order.

    `box` is the smallest one around the region within one layer of outside (0 outside, 1 inside; z, y, x), `spacing`
    z, y, x in mm.
    """
    extent = scan(box)
    area, volume = area_and_volume(extent.codes, extent.places, spacing)
    slice_, column, row, space = diameters(extent, spacing)
    least, minor, major = principal_variances(extent, spacing).tolist()
    return np.array(
        [
            math.sqrt(_ratio(minor, major)),
            math.sqrt(_ratio(least, major)),
            4 * math.sqrt(least),
            4 * math.sqrt(major),
            column,
            row,
            slice_,
            space,
            volume,
            4 * math.sqrt(minor),
            math.cbrt(36 * math.pi * volume**2) / area,
            area,
            _ratio(area, volume),
            extent.voxels * (spacing[0] * spacing[1] * spacing[2]),
        ]
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole != 0 else math.nan
