"""Shape features of a slice: each under its own name, of naive measures, in every plane.

Variances are compared as squares of lengths: that of a line is 0, its definition leaves a rounding.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import naive
from kernel_cases import by_name, padded, read_only
from voxmill_kernels.features.shape2d import FEATURES, shape2d_features
from voxmill_kernels.types import Bools

SPACING = (2.1, 0.7, 1.3)
axes = pytest.mark.parametrize("axis", [0, 1, 2])


@st.composite
def slices(draw: st.DrawFn) -> Bools:
    """Regions (first axis, second axis) of two pixels at least that reach every side."""
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=7).filter(lambda sides: math.prod(sides) > 1))
    inside = draw(arrays(np.bool_, shape))
    inside[0, 0] = inside[-1, -1] = True
    return read_only(inside)


def measured(inside: Bools, axis: int = 0) -> dict[str, float]:
    box = padded(np.expand_dims(inside, axis))
    return by_name(FEATURES, shape2d_features(box, SPACING, axis=axis))


@axes
@given(inside=slices())
def test_features_are_made_of_the_measures(axis: int, inside: Bools) -> None:
    ours = measured(inside, axis)
    plane = tuple(size for one, size in enumerate(SPACING) if one != axis)
    area, perimeter = naive.outline(inside, plane)
    flat = inside[np.newaxis]
    covariance = naive.covariance(flat, (1.0, *plane))[1:, 1:]
    minor, major = np.maximum(np.linalg.eigvalsh(covariance), 0)
    expected = {
        "Elongation": math.sqrt(minor / major),
        "MajorAxisLength": 4 * math.sqrt(major),
        "MaximumDiameter": naive.diameters(flat, (1.0, *plane))[0],
        "MeshSurface": area,
        "MinorAxisLength": 4 * math.sqrt(minor),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / area,
        "PixelSurface": np.count_nonzero(inside) * math.prod(plane),
        "Sphericity": 2 * math.sqrt(math.pi * area) / perimeter,
        "SphericalDisproportion": perimeter / (2 * math.sqrt(math.pi * area)),
    }
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        is_root = name in ("Elongation", "MinorAxisLength")
        power, atol = (2, 1e-12) if is_root else (1, 0)
        np.testing.assert_allclose(ours[name] ** power, value**power, rtol=1e-12, atol=atol, err_msg=name)


@axes
def test_a_line_has_no_minor_axis(axis: int) -> None:
    inside = np.zeros((9, 5), dtype=bool)
    inside[range(0, 9, 2), range(5)] = True
    ours = measured(read_only(inside), axis)
    assert ours["MinorAxisLength"] == ours["Elongation"] == 0.0


def test_a_square_is_not_elongated() -> None:
    box = padded(np.ones((1, 4, 4), dtype=bool))
    assert by_name(FEATURES, shape2d_features(box, (3.0, 1.0, 1.0)))["Elongation"] == 1.0


def test_one_pixel_has_no_axes_to_compare() -> None:
    ours = measured(read_only(np.ones((1, 1), dtype=bool)))
    assert math.isnan(ours["Elongation"])
    assert ours["MajorAxisLength"] == 0.0
    assert ours["MaximumDiameter"] == pytest.approx(1.3)
    assert ours["MeshSurface"] == pytest.approx(0.7 * 1.3 / 2)


def test_z_is_across_unless_said() -> None:
    inside = read_only(np.array([[True, True, False], [False, True, True]]))
    given_axis = shape2d_features(padded(inside[np.newaxis]), SPACING, axis=0)
    np.testing.assert_array_equal(shape2d_features(padded(inside[np.newaxis]), SPACING), given_axis)
