"""Shape features (IBSI family HCUG)."""

import math

import numpy as np

from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.shape.diameters import diameters
from voxmill_kernels.shape.mesh import area_and_volume
from voxmill_kernels.shape.moments import principal_variances
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Binary, Floats, Spacing

SOURCE = "PyRadiomics 3.0.1, shape; IBSI 1 manual, morphological features (DHQ4)"
FEATURES = table(
    "shape",
    SOURCE,
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
) + deprecated(
    "shape",
    SOURCE,
    ("Compactness1", "SKGS", "1", "V / √(π A³)", "Sphericity^1.5 / (6 π)"),
    ("Compactness2", "BQWJ", "1", "36 π V² / A³", "Sphericity³"),
    ("SphericalDisproportion", "KRCK", "1", "A / ∛(36 π V²); NaN where V is 0", "1 / Sphericity"),
)


def shape_features(box: Binary, spacing: Spacing) -> Floats:
    """The values of FEATURES, in its order.

    `box` is the smallest one around the region within one layer of outside (0 outside, 1 inside; z, y, x), `spacing`
    z, y, x in mm.
    """
    scanned = scan(box)
    area, volume = area_and_volume(scanned.codes, scanned.places, spacing)
    slice_, column, row, space = diameters(scanned, spacing)
    sphere = math.cbrt(36 * math.pi * volume**2)
    least, minor, major = principal_variances(scanned, spacing).tolist()
    return np.array(
        [
            math.sqrt(ratio(minor, major)),
            math.sqrt(ratio(least, major)),
            4 * math.sqrt(least),
            4 * math.sqrt(major),
            column,
            row,
            slice_,
            space,
            volume,
            4 * math.sqrt(minor),
            sphere / area,
            area,
            ratio(area, volume),
            scanned.voxels * (spacing[0] * spacing[1] * spacing[2]),
            volume / math.sqrt(math.pi * area**3),
            36 * math.pi * volume**2 / area**3,
            ratio(area, sphere),
        ]
    )


def ratio(part: float, whole: float) -> float:
    """A part of a whole; NaN where that is 0."""
    return part / whole if whole != 0 else math.nan
