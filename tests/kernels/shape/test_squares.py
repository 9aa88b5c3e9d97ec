"""The outline of a slice: against the definition, PyRadiomics, by hand, and under what must not change it."""

from math import hypot, pi
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import naive
from kernel_cases import padded, read_only
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.shape.squares import CODES, area_and_perimeter
from voxmill_kernels.types import Bools

SPACING = (0.7, 1.3)


@st.composite
def slices(draw: st.DrawFn, max_side: int = 8) -> Bools:
    """Regions (y, x) with one pixel at least."""
    inside = draw(arrays(np.bool_, draw(array_shapes(min_dims=2, max_dims=2, max_side=max_side))))
    inside[0, -1] = True
    return read_only(inside)


def measured(inside: Bools, spacing: tuple[float, float] = SPACING) -> tuple[float, float]:
    box = padded(np.ascontiguousarray(inside[np.newaxis]))
    return area_and_perimeter(scan(box).codes[:CODES], spacing)


@given(inside=slices())
def test_outline_is_that_of_the_definition(inside: Bools) -> None:
    assert measured(inside) == pytest.approx(naive.outline(inside, SPACING), rel=1e-13)


@given(inside=slices(max_side=12))
def test_outline_is_pyradiomics(radiomics: ModuleType, inside: Bools) -> None:
    perimeter, area, _ = radiomics.cShape.calculate_coefficients2D(np.pad(inside, 1), np.array(SPACING))
    assert measured(inside) == pytest.approx((area, perimeter), rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 3)])
def test_a_rectangle_lacks_its_corners(shape: tuple[int, int]) -> None:
    (height, width), (y, x) = shape, SPACING
    area, perimeter = measured(np.ones(shape, dtype=bool))
    assert area == pytest.approx((height * width - 4 / 8) * y * x, rel=1e-15)
    assert perimeter == pytest.approx(2 * (height - 1) * y + 2 * (width - 1) * x + 2 * hypot(y, x), rel=1e-15)


def test_pixels_that_share_a_corner_only_are_apart() -> None:
    area, perimeter = measured(np.eye(2, dtype=bool))
    assert (area, perimeter) == pytest.approx(tuple(2 * n for n in measured(np.ones((1, 1), dtype=bool))), rel=1e-15)


def test_a_hole_is_outside() -> None:
    inside = np.ones((5, 5), dtype=bool)
    inside[2, 2] = False
    (area, perimeter), (full, around), (hole, within) = map(measured, (inside, inside | True, np.ones((1, 1), bool)))
    assert area == pytest.approx(full - hole, rel=1e-15)
    assert perimeter == pytest.approx(around + within, rel=1e-15)


def test_a_disc() -> None:
    """The area of a circle; a perimeter of steps along eight directions is 5 % longer."""
    y, x = np.ogrid[-1.1:1.1:441j, -1.1:1.1:441j]
    area, perimeter = measured(y**2 + x**2 <= 1, (0.005, 0.005))
    assert area == pytest.approx(pi, rel=1e-3)
    assert perimeter == pytest.approx(16 * (2**0.5 - 1), rel=1e-2)


@given(inside=slices(), before=st.tuples(st.integers(0, 3), st.integers(0, 3)), after=st.integers(0, 2))
def test_moving_a_region_changes_nothing(inside: Bools, before: tuple[int, int], after: int) -> None:
    assert measured(np.pad(inside, [(n, after) for n in before])) == measured(inside)


@given(inside=slices())
def test_turning_a_region_turns_its_outline(inside: Bools) -> None:
    y, x = SPACING
    assert measured(np.rot90(inside), (x, y)) == pytest.approx(measured(inside), rel=1e-15)
    assert measured(np.fliplr(inside)) == measured(inside)
