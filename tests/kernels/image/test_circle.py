"""Patterns of slices equal the definition."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_lbp
from image_cases import noise
from kernel_cases import read_only
from voxmill_kernels.image.circle import DIGITS, METHODS, Circle, circle, patterns, reach
from voxmill_kernels.types import Array, Floats

SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.integers(1, 9)
RADII = st.floats(0.01, 4)


def whole(image: Array, samples: int, radius: float, method: str) -> Floats:
    """The patterns of a slice."""
    around = circle(samples, radius)
    rows, columns = reach(around)
    box = np.pad(image.astype(np.float64), ((rows, rows), (columns, columns)))
    return patterns(read_only(box[None]), (0, 0), around, method).reshape(image.shape)


@given(SEEDS, SIDES, SIDES, st.integers(1, 12), RADII, st.sampled_from(METHODS))
def test_as_defined(seed: int, rows: int, columns: int, samples: int, radius: float, method: str) -> None:
    image, single = noise(seed, (rows, columns), np.float64), float(np.float32(radius))
    expected = naive_lbp.slice_codes(image, samples, single, method)
    if method != "var":
        assert whole(image, samples, radius, method).tolist() == expected.tolist()
        return
    found = whole(image, samples, radius, method)
    near = 1e-13 * (1 + np.abs(image).max() ** 2)
    np.testing.assert_allclose(np.nan_to_num(found), expected, rtol=1e-9, atol=near)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_voxels_as_large_as_the_centre_count(dtype: DTypeLike) -> None:
    image = np.full((5, 5), 7, dtype=dtype)
    assert whole(image, 8, 1, "default")[2, 2] == 255
    assert whole(image, 8, 1, "default")[0, 0] == 0b11000001


@pytest.mark.parametrize("samples", range(1, 11))
def test_codes_of_all_patterns(samples: int) -> None:
    """A voxel, and on whole voxels around it samples that are above or below it, or as large."""
    around = Circle(*(np.round(part) for part in circle(samples, 40)))
    rows, columns = reach(around)
    for pattern in product([False, True], repeat=samples):
        box = np.zeros((2 * rows + 1, 2 * columns + 1))
        box[rows + around.rows.astype(int), columns + around.columns.astype(int)] = np.where(
            pattern, sum(pattern) % 2, -1
        )
        for method in METHODS[:4]:
            assert patterns(box[None], (0, 0), around, method).item() == naive_lbp.code(pattern, method)


def test_what_does_not_vary_is_nan() -> None:
    assert np.isnan(whole(np.full((3, 3), 5), 4, 1, "var")[1, 1])


def test_positions_are_rounded() -> None:
    around = circle(7, 1.2)
    assert around.rows.tolist() == np.round(around.rows, DIGITS).tolist()
    assert around.columns[0] == 1.2
    assert around.rows[1] < 0
