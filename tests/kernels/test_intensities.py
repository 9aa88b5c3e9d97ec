"""Intensities are gathered in the order of the box; their distribution is that of NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kernel_cases import masks, read_only
from voxmill_kernels.intensities import BINS, distribution, gather
from voxmill_kernels.levels import bin_edges, discretise
from voxmill_kernels.types import Array, Bools


@pytest.mark.parametrize("labels_type", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("image_type", [np.int16, np.float32, np.float64, np.uint8])
@given(inside=masks(max_side=5), data=st.data())
def test_gather(labels_type: type, image_type: type, inside: Bools, data: st.DataObject) -> None:
    label = data.draw(st.sampled_from([1, 7, 255]))
    labels: Array = read_only(np.where(inside, label, data.draw(st.sampled_from([0, 2]))).astype(labels_type))
    image: Array = read_only(np.random.default_rng(inside.size).integers(0, 200, inside.shape).astype(image_type))
    box, values = gather(image, labels, label, int(inside.sum()))
    np.testing.assert_array_equal(box, np.pad(inside, 1))
    np.testing.assert_array_equal(values, image[inside])
    assert box.dtype == np.int8
    assert values.dtype == image_type


def test_gather_from_a_window_of_an_image() -> None:
    image = read_only(np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7))
    labels = read_only((image % 3 == 0).astype(np.uint8))
    window = (slice(1, 4), slice(2, 6), slice(3, 5))
    box, values = gather(image[window], labels[window], 1, int(labels[window].sum()))
    np.testing.assert_array_equal(values, image[window][labels[window] == 1])
    np.testing.assert_array_equal(box[1:-1, 1:-1, 1:-1], labels[window])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64])
@given(data=st.data())
def test_whole_numbers_are_counted(dtype: type, data: st.DataObject) -> None:
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -(2**15)), min(limits.max, 2**15 - 1)
    values = read_only(data.draw(arrays(dtype, st.integers(1, 30), elements=st.integers(low, high))))
    known = distribution(values)
    expected, counts = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(known.values, expected)
    np.testing.assert_array_equal(known.counts, counts)
    assert known.values.dtype == np.float64


@pytest.mark.parametrize(
    "values",
    [
        np.array([3.5, -1.0, 3.5]),
        np.array([7, 7, 0], dtype=np.float32),
        np.array([BINS + 5, 0, 7, 7]),
        np.array([2**31 - 1, -(2**31)], dtype=np.int32),
    ],
)
def test_other_numbers_are_sorted(values: Array) -> None:
    """Those of an image of fractions, and whole numbers too far apart for a histogram."""
    known = distribution(read_only(values))
    np.testing.assert_array_equal(known.values, np.sort(values))
    assert known.counts.tolist() == [1] * len(values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_have_no_sign(dtype: type) -> None:
    """Equal as they are, the order in which a sort leaves them is another on another processor."""
    known = distribution(read_only(np.array([-0.0, 0.0, 3.0, -0.0], dtype=dtype)))
    assert np.signbit(known.values).tolist() == [False] * 4


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64])
def test_levels_of_whole_numbers_far_apart(dtype: type) -> None:
    values: Array = read_only(np.array([5_000_000, 0, 70_000, 70_000, 4_999_999], dtype=dtype))
    levels = discretise(values, distribution(values), bin_edges(values, width=1000))
    assert levels.numbers[levels.indices - 1].tolist() == [5001, 1, 71, 71, 5000]
    assert levels.counts.tolist() == [1, 2, 1, 1]
