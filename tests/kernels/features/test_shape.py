"""Shape features: each under its own name, of the measures that `tests/kernels/shape` checks."""

import math

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import by_name, masks, padded, read_only
from voxmill_kernels.features.shape import FEATURES, shape_features
from voxmill_kernels.shape.mesh import area_and_volume
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Bools, Spacing

SPACING = (2.1, 0.7, 1.3)


def measured(inside: Bools, spacing: Spacing = SPACING) -> dict[str, float]:
    return by_name(FEATURES, shape_features(padded(inside), spacing))


@given(inside=masks(max_side=5))
def test_features_are_made_of_the_measures(inside: Bools) -> None:
    ours = measured(inside)
    extent = scan(padded(inside))
    area, volume = area_and_volume(extent.codes, extent.places, SPACING)
    slice_, column, row, space = naive.diameters(inside, SPACING)
    least, minor, major = np.maximum(np.linalg.eigvalsh(naive.covariance(inside, SPACING)), 0)
    expected = {
        "Elongation": math.sqrt(minor / major),
        "Flatness": math.sqrt(least / major),
        "LeastAxisLength": 4 * math.sqrt(least),
        "MinorAxisLength": 4 * math.sqrt(minor),
        "MajorAxisLength": 4 * math.sqrt(major),
        "Maximum2DDiameterSlice": slice_,
        "Maximum2DDiameterColumn": column,
        "Maximum2DDiameterRow": row,
        "Maximum3DDiameter": space,
        "MeshVolume": volume,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume,
        "Sphericity": (36 * math.pi * volume**2) ** (1 / 3) / area,
        "VoxelVolume": np.count_nonzero(inside) * math.prod(SPACING),
        "Compactness1": volume / (math.sqrt(math.pi) * area**1.5),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "SphericalDisproportion": area / (36 * math.pi * volume**2) ** (1 / 3),
    }
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        is_root = "Axis" in name or name in ("Elongation", "Flatness")  # of what may be nothing but rounding
        power, atol = (2, 1e-12) if is_root else (1, 0)
        np.testing.assert_allclose(ours[name] ** power, value**power, rtol=1e-12, atol=atol, err_msg=name)


def test_a_ball() -> None:
    axes = np.ogrid[-1.1:1.1:45j, -1.1:1.1:45j, -1.1:1.1:45j]
    inside: Bools = read_only(np.asarray(sum(axis**2 for axis in axes) <= 1))
    ours = measured(inside, (0.05, 0.05, 0.05))
    assert ours["MeshVolume"] == pytest.approx(4 / 3 * math.pi, rel=0.01)
    assert ours["VoxelVolume"] == pytest.approx(4 / 3 * math.pi, rel=0.01)
    assert ours["Sphericity"] == pytest.approx(0.95, abs=0.04)
    assert ours["Maximum3DDiameter"] == pytest.approx(2, rel=0.05)
    assert ours["Elongation"] == pytest.approx(1, rel=1e-9)


def test_a_flat_square_has_no_least_axis() -> None:
    ours = measured(read_only(np.ones((1, 4, 4), dtype=bool)), (3.0, 1.0, 1.0))
    assert ours["LeastAxisLength"] == ours["Flatness"] == 0.0
    assert ours["Elongation"] == 1.0


def test_one_voxel_has_no_axes_to_compare() -> None:
    ours = measured(read_only(np.ones((1, 1, 1), dtype=bool)))
    assert math.isnan(ours["Elongation"])
    assert math.isnan(ours["Flatness"])
    assert ours["VoxelVolume"] == pytest.approx(math.prod(SPACING))


def test_a_mesh_without_volume_has_no_ratio_to_it() -> None:
    """Three voxels, two of them edge to edge: the gaps of PyRadiomics' mesh leave nothing, its ratio is NaN too."""
    inside = np.zeros((4, 2, 2), dtype=bool)
    inside[0, 1, 0] = inside[3, 0, 1] = inside[3, 1, 0] = True
    ours = measured(read_only(inside))
    assert ours["MeshVolume"] == ours["Sphericity"] == 0.0
    assert math.isnan(ours["SurfaceVolumeRatio"])
    assert math.isnan(ours["SphericalDisproportion"])
