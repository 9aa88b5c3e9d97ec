"""Boxes of labels, moments and extremes of intensities equal those of the definition."""

import math
from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import DTypeLike

import naive
from kernel_cases import read_only
from voxmill_kernels.facts import Extremes, Moments, boxes
from voxmill_kernels.types import Array

UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)


@st.composite
def labelled(draw: st.DrawFn, dtype: DTypeLike) -> Array:
    shape = draw(array_shapes(min_dims=3, max_dims=3, max_side=6))
    elements = st.sampled_from([0, 0, 0, 1, 2, 7, 255])
    return read_only(draw(arrays(dtype, shape, elements=elements, fill=st.just(0))))


@pytest.mark.parametrize("dtype", UNSIGNED)
@given(data=st.data())
def test_boxes_are_those_of_the_definition(dtype: DTypeLike, data: st.DataObject) -> None:
    labels = data.draw(labelled(dtype))
    expected = [(label, *box) for label, box in sorted(naive.boxes(labels).items())]
    assert boxes(labels) == expected


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_no_label_has_no_box(dtype: DTypeLike) -> None:
    assert boxes(read_only(np.zeros((2, 3, 4), dtype=dtype))) == []


def test_large_labels_that_touch_every_side() -> None:
    labels = np.zeros((4, 5, 6), dtype=np.uint32)
    labels[[0, -1], 0, 0] = 70_000
    labels[1, [0, -1], :] = 65_536
    assert boxes(read_only(labels)) == [
        (65_536, (1, 0, 0), (2, 5, 6), 12),
        (70_000, (0, 0, 0), (4, 1, 1), 2),
    ]


def test_labels_that_grow_from_plane_to_plane() -> None:
    labels = np.zeros((5, 3, 4), dtype=np.uint16)
    labels[:, 1, 2] = highest = [1, 255, 256, 40_000, 65_535]
    assert boxes(read_only(labels)) == [(label, (z, 1, 2), (z + 1, 2, 3), 1) for z, label in enumerate(highest)]


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_a_label_above_the_highest(dtype: DTypeLike) -> None:
    labels = np.zeros((3, 4, 5), dtype=dtype)
    labels[2, 3, 4] = 127
    assert boxes(read_only(labels.copy()), highest=127) == [(127, (2, 3, 4), (3, 4, 5), 1)]
    labels[1, 0, 0] = np.iinfo(dtype).max
    with pytest.raises(ValueError, match="higher than 127"):
        boxes(read_only(labels), highest=127)


def test_one_label_everywhere() -> None:
    assert boxes(read_only(np.full((2, 3, 4), 9, dtype=np.uint8))) == [(9, (0, 0, 0), (2, 3, 4), 24)]


def test_a_view_of_a_volume() -> None:
    labels = np.zeros((4, 6, 8), dtype=np.uint16)
    labels[2, 2, 2:5] = 3
    expected = boxes(np.ascontiguousarray(labels[::2, ::2, ::2]))
    assert boxes(read_only(labels[::2, ::2, ::2])) == expected == [(3, (1, 1, 1), (2, 2, 3), 2)]


# moments


@given(
    st.sampled_from([np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32]),
    st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=60),
    st.integers(1, 59),
)
def test_moments_of_whole_numbers_are_exact(dtype: type, values: list[int], cut: int) -> None:
    array: Array = np.array(values, dtype=np.uint64).astype(dtype).reshape(-1, 1, 1)
    array.flags.writeable = False
    cut = min(cut, len(array) - 1)
    found = Moments.of(array[:cut]) + Moments.of(array[cut:])
    numbers = [int(value) for value in array.ravel()]
    assert sum(found.total) == sum(numbers)
    assert sum(found.squares) == sum(number**2 for number in numbers)
    assert found.mean == sum(numbers) / len(numbers)


@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]), st.floats(-1e6, 1e6))
def test_moments_of_real_numbers_lose_nothing(seed: int, dtype: type, centre: float) -> None:
    array: Array = np.random.default_rng(seed).normal(centre, 3, (5, 6, 7)).astype(dtype)
    exact = [Fraction(float(value)) for value in array.ravel()]
    found = Moments.of(array)
    assert found.mean == pytest.approx(float(sum(exact) / len(exact)), rel=1e-15, abs=1e-15)
    parts = Moments.of(array[3:]) + Moments.of(array[:3])
    assert (parts.mean, parts.deviation) == (found.mean, found.deviation)
    assert found.deviation == pytest.approx(float(np.std(array.astype(np.float64), ddof=1)), rel=1e-3)


def test_the_deviation_of_one_voxel_is_undefined() -> None:
    assert math.isnan(Moments.of(np.ones((1, 1, 1))).deviation)
    assert Moments.of(np.ones((1, 1, 2))).deviation == 0


@pytest.mark.parametrize("ends", [(np.inf, -np.inf), (np.inf, 1), (np.nan, 1), (np.nan, np.inf)])
def test_moments_of_voxels_that_are_no_numbers(ends: tuple[float, float]) -> None:
    image = np.zeros((3, 2, 2))
    image[0, 0, 0], image[2, 1, 1] = ends
    moments = Moments.of(read_only(image))
    assert math.isnan(moments.mean)
    assert math.isnan(moments.deviation)


# extremes


@st.composite
def intensities(draw: st.DrawFn) -> Array:
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.uint32, np.int64, np.float32, np.float64]))
    shape = draw(array_shapes(min_dims=3, max_dims=3, max_side=5))
    return read_only(draw(arrays(dtype, shape)))


@given(image=intensities(), data=st.data())
def test_extremes_are_those_of_the_definition(image: Array, data: st.DataObject) -> None:
    """Of the whole box, and of two parts of it, in either order."""
    values = [float(value) for value in image.ravel()]
    broken = any(math.isnan(value) for value in values)
    expected = (math.nan, math.nan) if broken else (min(values), max(values))
    cut = data.draw(st.integers(0, len(image) - 1))
    parts = [Extremes.of(part) for part in (image[:cut], image[cut:]) if part.size]
    for found in (Extremes.of(image), reduce(add, parts), reduce(add, parts[::-1])):
        np.testing.assert_array_equal((found.lowest, found.highest), expected)
