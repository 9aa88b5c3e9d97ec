"""Patterns in space equal the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_lbp
from image_cases import noise
from kernel_cases import read_only
from voxmill_kernels.image.box import Box, whole
from voxmill_kernels.image.lbp3d import PAIRWISE, patterns
from voxmill_kernels.image.sphere import icosphere
from voxmill_kernels.image.spline import scipy_coefficients
from voxmill_kernels.types import Array, Floats

SEEDS = st.integers(0, 2**32 - 1)
TYPES = (np.uint8, np.int16, np.float32, np.float64)


def found(image: Array, points: Floats, levels: int) -> Floats:
    """The patterns of a whole image."""
    z, y, x = image.shape
    coefficients = read_only(scipy_coefficients(whole(image), (0, 0, 0), (z, y, x)))
    return patterns(Box(coefficients, (0, 0, 0), (z, y, x)), image, (0, 0, 0), points, levels)


@settings(max_examples=20)
@given(SEEDS, st.tuples(*[st.integers(1, 5)] * 3), st.sampled_from(TYPES), st.floats(0.1, 4), st.integers(1, 3))
def test_as_defined(seed: int, shape: tuple[int, int, int], dtype: DTypeLike, radius: float, levels: int) -> None:
    """Of float32 the kurtosis is summed in float32, as SciPy does: so far off it may be."""
    image, points = noise(seed, shape, dtype), icosphere(0, radius)
    expected = naive_lbp.space_patterns(image, [(x, y, z) for x, y, z in points.tolist()], levels)
    made = found(image, points, levels)
    np.testing.assert_allclose(made[..., :levels], expected[..., :levels], rtol=1e-9, atol=1e-9)
    near = 1e-4 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(made[..., levels], expected[..., levels], rtol=near, atol=near)


@pytest.mark.parametrize("subdivision", [1, 2])
def test_more_points(subdivision: int) -> None:
    """More than are added at once, too."""
    image, points = noise(3, (3, 4, 3), np.int16), icosphere(subdivision, 1.5)
    expected = naive_lbp.space_patterns(image, [(x, y, z) for x, y, z in points.tolist()], 2)
    np.testing.assert_allclose(found(image, points, 2), expected, rtol=1e-9, atol=1e-9)
    assert (len(points) > PAIRWISE) == (subdivision == 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_flat_images(dtype: DTypeLike) -> None:
    """All samples inside are the voxel's equal: one pattern, and no kurtosis."""
    made = found(read_only(np.full((7, 7, 7), 90, dtype=dtype)), icosphere(1, 1.0), 2)
    inside = made[1:-1, 1:-1, 1:-1]
    assert np.isnan(inside[..., 2]).all()
    assert np.ptp(inside[..., :2], axis=(0, 1, 2)).tolist() == [0, 0]
    assert np.isfinite(made[0]).all()


def test_whole_numbers_stay_within_their_type() -> None:
    image = np.zeros((9, 9, 9), dtype=np.uint8)
    image[4, 4, 4] = 255
    points = [(x, y, z) for x, y, z in icosphere(0, 1.5).tolist()]
    expected = naive_lbp.space_patterns(image[2:7, 2:7, 2:7], points, 2)
    made = found(read_only(image[2:7, 2:7, 2:7].copy()), icosphere(0, 1.5), 2)
    np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-9)
