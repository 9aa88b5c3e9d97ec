"""Variances along the principal axes: against NumPy's eigenvalues of the covariance, by hand, and invariants.

Eigenvalues are compared to within 1e-13 of the largest: NumPy's own rounding for the small ones.
"""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from kernel_cases import VOLUMES, masks, padded
from voxmill_kernels.shape.moments import principal_variances
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Bools, Floats, Spacing

SPACINGS = ((1.0, 1.0, 1.0), (2.1, 0.7, 1.3), (5.0, 0.1, 0.1))
spacings = pytest.mark.parametrize("spacing", SPACINGS)


def measured(inside: Bools, spacing: Spacing) -> Floats:
    return principal_variances(scan(padded(inside)), spacing)


def assert_equals_numpy(inside: Bools, spacing: Spacing) -> None:
    expected = np.maximum(np.linalg.eigvalsh(naive.covariance(inside, spacing)), 0)
    np.testing.assert_allclose(measured(inside, spacing), expected, rtol=1e-12, atol=1e-13 * expected[-1])


@spacings
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, spacing: Spacing) -> None:
    assert_equals_numpy(VOLUMES[name] > 0, spacing)


@given(inside=masks(), spacing=st.sampled_from(SPACINGS))
def test_variances_are_eigenvalues_of_the_covariance(inside: Bools, spacing: Spacing) -> None:
    assert_equals_numpy(inside, spacing)


@given(inside=masks(max_side=4), before=st.tuples(*[st.integers(0, 40)] * 3), after=st.integers(0, 2))
def test_moving_a_region_changes_nothing(inside: Bools, before: tuple[int, int, int], after: int) -> None:
    """To the last bit: up to the scaling all is in whole numbers."""
    moved = np.pad(inside, [(n, after) for n in before])
    np.testing.assert_array_equal(measured(moved, SPACINGS[1]), measured(inside, SPACINGS[1]))


@pytest.mark.parametrize("order", list(permutations(range(3))))
@given(inside=masks(max_side=5))
def test_swapping_axes_changes_nothing(order: tuple[int, int, int], inside: Bools) -> None:
    z, y, x = (SPACINGS[1][axis] for axis in order)
    swapped = measured(np.ascontiguousarray(inside.transpose(order)), (z, y, x))
    expected = measured(inside, SPACINGS[1])
    np.testing.assert_allclose(swapped, expected, rtol=1e-12, atol=1e-14 * expected[-1])


@pytest.mark.parametrize("shape", [(3, 5, 8), (1, 4, 4), (1, 1, 9), (40, 50, 60)])
def test_a_box_has_the_variances_of_its_sides(shape: tuple[int, int, int]) -> None:
    variances = sorted(float(Fraction(n * n - 1, 12)) * size**2 for n, size in zip(shape, SPACINGS[1], strict=True))
    np.testing.assert_allclose(measured(np.ones(shape, dtype=bool), SPACINGS[1]), variances, rtol=1e-15)


@pytest.mark.parametrize("steps", [(1, 1, 0), (1, 1, 1), (1, -2, 3)])
def test_a_line_has_one_axis(steps: tuple[int, int, int]) -> None:
    """The two others are rounding at most: of this covariance they are exactly 0."""
    inside = np.zeros((13, 13, 13), dtype=bool)
    for n in range(-2, 3):
        inside[tuple(6 + n * step for step in steps)] = True
    least, minor, major = measured(inside, SPACINGS[1])
    assert major == pytest.approx(2 * sum((n * size) ** 2 for n, size in zip(steps, SPACINGS[1], strict=True)))
    assert 0 <= least <= minor < 1e-14 * major


def test_one_voxel_has_no_extent() -> None:
    assert measured(np.ones((1, 1, 1), dtype=bool), (1.0, 2.0, 3.0)).tolist() == [0, 0, 0]
