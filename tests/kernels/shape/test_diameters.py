"""The four diameters: against the definition, PyRadiomics, by hand, and under what must not change them."""

from itertools import permutations
from math import hypot
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from kernel_cases import VOLUMES, masks, padded
from voxmill_kernels.shape.diameters import diameters
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Bools, Spacing

SPACINGS = ((1.0, 1.0, 1.0), (2.1, 0.7, 1.3), (5.0, 0.5, 0.5))
spacings = pytest.mark.parametrize("spacing", SPACINGS)


def measured(inside: Bools, spacing: Spacing) -> tuple[float, float, float, float]:
    return diameters(scan(padded(inside)), spacing)


@spacings
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, spacing: Spacing) -> None:
    inside = VOLUMES[name] > 0
    assert measured(inside, spacing) == pytest.approx(naive.diameters(inside, spacing), rel=1e-13)


@given(inside=masks(max_side=4), spacing=st.sampled_from(SPACINGS))
def test_diameters_are_those_of_the_definition(inside: Bools, spacing: Spacing) -> None:
    assert measured(inside, spacing) == pytest.approx(naive.diameters(inside, spacing), rel=1e-13)


@given(inside=masks(max_side=9), spacing=st.sampled_from(SPACINGS))
def test_diameters_are_pyradiomics(radiomics: ModuleType, inside: Bools, spacing: Spacing) -> None:
    _, _, theirs = radiomics.cShape.calculate_coefficients(np.pad(inside, 1), np.array(spacing))
    assert measured(inside, spacing) == pytest.approx(theirs, rel=1e-13)


@spacings
@pytest.mark.parametrize("seed", range(4))
def test_a_ball_with_a_dent(radiomics: ModuleType, seed: int, spacing: Spacing) -> None:
    """Larger than the drawn ones, so that hulls have corners to leave out."""
    generator = np.random.default_rng(seed)
    axes = np.ogrid[-1:1:15j, -1:1:17j, -1:1:21j]
    inside = sum(axis**2 for axis in axes) + generator.normal(0, 0.05, (15, 17, 21)) < 0.9
    inside[:5, :6] = False
    _, _, theirs = radiomics.cShape.calculate_coefficients(np.pad(inside, 1), np.array(spacing))
    assert measured(inside, spacing) == pytest.approx(theirs, rel=1e-13)


@given(inside=masks(max_side=5), before=st.tuples(*[st.integers(0, 3)] * 3), after=st.integers(0, 2))
def test_moving_a_region_changes_nothing(inside: Bools, before: tuple[int, int, int], after: int) -> None:
    moved = np.pad(inside, [(n, after) for n in before])
    assert measured(moved, SPACINGS[1]) == pytest.approx(measured(inside, SPACINGS[1]), rel=1e-14)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@given(inside=masks(max_side=5))
def test_swapping_axes_swaps_diameters(order: tuple[int, int, int], inside: Bools) -> None:
    spacing = SPACINGS[1]
    z, y, x = (spacing[axis] for axis in order)
    swapped = measured(np.ascontiguousarray(inside.transpose(order)), (z, y, x))
    *planes, space = measured(inside, spacing)
    assert swapped == pytest.approx([*(planes[axis] for axis in order), space], rel=1e-14)


def test_a_box() -> None:
    """Vertices of a face lie half a voxel outside its voxel centres, those of its middle planes too."""
    z, y, x = 3, 4, 6
    slice_, column, row, space = measured(np.ones((z, y, x), dtype=bool), (1.0, 1.0, 1.0))
    assert (slice_, column, row) == pytest.approx((hypot(y - 1, x), hypot(z - 1, x), hypot(z - 1, y)))
    assert space == pytest.approx(hypot(z - 1, y - 1, x))


def test_one_slice() -> None:
    inside = np.ones((1, 3, 5), dtype=bool)
    assert measured(inside, (4.0, 1.0, 1.0)) == pytest.approx(naive.diameters(inside, (4.0, 1.0, 1.0)), rel=1e-15)
