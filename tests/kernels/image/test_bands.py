"""Convolution along an axis: its definition, to the bit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_cases import read_only
from voxmill_kernels.image.bands import convolve
from voxmill_kernels.image.pairs import LANES
from voxmill_kernels.image.reading import readable
from voxmill_kernels.types import COMPILED, Array

TYPES = (np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.float32, np.float64)


def naive(box: np.ndarray, weights: np.ndarray, axis: int, first: int, count: int) -> np.ndarray:
    """The middle, then pair by pair outwards, product and sum rounded at once; a line goes on as it ends."""
    lines = np.moveaxis(box, axis, 0)
    made = np.empty((count, *lines.shape[1:]), dtype=np.float32)
    for row in range(count):
        for place in np.ndindex(*lines.shape[1:]):
            line = [float(value) for value in lines[(slice(None), *place)]]
            reached = {step: line[min(max(first + row + step, 0), len(line) - 1)] for step in range(-20, 21)}
            total = float(weights[0]) * reached[0]
            for away, weight in enumerate(weights.tolist()[1:], start=1):
                total = float(Fraction(weight) * Fraction(reached[-away] + reached[away]) + Fraction(total))
            made[(row, *place)] = total
    return np.moveaxis(made, 0, axis)


@given(
    st.integers(0, 2**32),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.sampled_from(TYPES),
    st.integers(0, 12),
    st.integers(0, 2),
    st.data(),
)
def test_against_the_definition(
    seed: int, shape: tuple[int, int, int], dtype: type, reach: int, axis: int, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    box: Array = read_only(random.normal(50, 20, shape).clip(0, 120).astype(dtype))
    weights = read_only(random.normal(size=reach + 1))
    first = data.draw(st.integers(0, shape[axis] - 1))
    count = data.draw(st.integers(1, shape[axis] - first))
    made = convolve(box, weights, axis, first, count)
    assert made.dtype == np.float32
    assert np.array_equal(made, naive(box, weights, axis, first, count))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_more_lines_than_a_tile_holds(axis: int) -> None:
    shape = [6, 6, LANES + 3] if axis < 2 else [2, LANES // 2 + 3, 6]
    box = read_only(np.random.default_rng(1).normal(0, 100, shape).astype(np.float32))
    weights = np.array([0.5, 0.3, -0.05])
    assert np.array_equal(convolve(box, weights, axis, 2, 4), naive(box, weights, axis, 2, 4))


@given(st.sampled_from(TYPES))
def test_no_number_is_lost_before_the_sum(dtype: type) -> None:
    ends: Array = np.array(
        [np.iinfo(dtype).min, np.iinfo(dtype).max] if np.dtype(dtype).kind in "iu" else [-0.1, 1e30], dtype
    )
    kept = readable(read_only(ends.reshape(1, 1, 2)))
    if np.dtype(dtype).itemsize < 8:
        assert kept.astype(dtype).ravel().tolist() == ends.tolist()
    assert kept.dtype in COMPILED


def test_a_box_is_not_written_to() -> None:
    box = np.random.default_rng(2).normal(size=(3, 4, 5)).astype(np.float32)
    before = box.copy()
    convolve(box, np.array([0.5, 0.25]), 1, 0, 4)
    assert np.array_equal(box, before)


def test_a_view_that_is_not_contiguous() -> None:
    box = np.random.default_rng(3).integers(-9, 9, (8, 9, 10)).astype(np.int16)
    weights = np.array([0.5, 0.25])
    assert np.array_equal(convolve(box[::2, 1:, ::-1], weights, 2, 1, 7), naive(box[::2, 1:, ::-1], weights, 2, 1, 7))
