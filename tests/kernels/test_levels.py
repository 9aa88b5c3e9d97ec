"""Edges are PyRadiomics' to the last bit, levels those of the definition."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import naive
from kernel_cases import read_only
from voxmill_kernels.intensities import distribution
from voxmill_kernels.levels import MAX_LEVELS, Levels, bin_edges, discretise
from voxmill_kernels.types import Array, Floats

WIDTHS = st.sampled_from([25, 1, 0.1, 0.3, 7.5, 1 / 3, 100])
COUNTS = st.integers(1, 80)
# Far enough from a type's limits for PyRadiomics' own sums, which are made in the image's type.
INTEGERS = {np.uint8: (0, 55), np.int16: (-3000, 3000), np.uint16: (56_000, 60_000), np.int32: (-3000, 3000)}
THEIR_NAMES = {"width": "binWidth", "count": "binCount"}


@st.composite
def intensities(draw: st.DrawFn, dtype: type) -> Array:
    """Regions of one to thirty intensities, ties likely; of floats also some far from zero, where they are coarse."""
    size = draw(st.integers(1, 30))
    if dtype in INTEGERS:
        return read_only(draw(arrays(dtype, size, elements=st.integers(*INTEGERS[dtype]))))
    near = st.floats(-1000, 1000, width=32, allow_subnormal=False)
    values = draw(arrays(dtype, size, elements=near | st.sampled_from([0, -0.5, 24.999998, 25, 75, 0.75])))
    return read_only(values + values.dtype.type(draw(st.sampled_from([0, 0.1, -33_000.3, 1e6]))))


every_type = pytest.mark.parametrize("dtype", [*INTEGERS, np.float32, np.float64])


def levels_of(values: Array, edges: Floats) -> NDArray[np.int64]:
    """The level number of each voxel, by way of the levels that occur."""
    levels = discretise(values, distribution(values), edges)
    assert_consistent(levels)
    numbers: NDArray[np.int64] = levels.numbers[levels.indices - 1]
    return numbers


def assert_consistent(levels: Levels) -> None:
    assert levels.indices.dtype == (np.uint8 if len(levels.numbers) < 256 else np.uint16)
    assert levels.numbers.dtype == levels.counts.dtype == np.int64
    occurring, counts = np.unique(levels.indices, return_counts=True)
    np.testing.assert_array_equal(occurring, np.arange(1, len(levels.numbers) + 1))
    np.testing.assert_array_equal(levels.counts, counts)
    assert (np.diff(levels.numbers) > 0).all()
    assert levels.numbers[0] >= 1


def assert_as_pyradiomics(
    radiomics: ModuleType, values: Array, setting: Mapping[str, Any], *, their_values: Array | None = None
) -> None:
    """The same edges and levels; the same refusal where the type is too coarse for such bins."""
    theirs = {THEIR_NAMES[name]: number for name, number in setting.items()}
    try:
        expected, edges = radiomics.imageoperations.binImage(values if their_values is None else their_values, **theirs)
    except ValueError:
        with pytest.raises(ValueError, match=r"lost in the rounding of float"):
            bin_edges(values, **setting)
        return
    ours = bin_edges(values, **setting)
    np.testing.assert_array_equal(ours, np.asarray(edges, dtype=np.float64))
    np.testing.assert_array_equal(levels_of(values, ours), expected)


# PyRadiomics


@every_type
@given(data=st.data(), width=WIDTHS)
def test_bin_width_is_that_of_pyradiomics(
    radiomics: ModuleType, dtype: type, data: st.DataObject, width: float
) -> None:
    assert_as_pyradiomics(radiomics, data.draw(intensities(dtype)), {"width": width})


@every_type
@given(data=st.data(), count=COUNTS)
def test_bin_count_is_that_of_pyradiomics(radiomics: ModuleType, dtype: type, data: st.DataObject, count: int) -> None:
    assert_as_pyradiomics(radiomics, data.draw(intensities(dtype)), {"count": count})


def test_bin_count_where_float32_cannot_add_one(radiomics: ModuleType) -> None:
    """The last edge is the maximum itself there, which falls into a bin of its own, in PyRadiomics too."""
    values = read_only(np.array([2**24, 2**24 + 2, 2**24 + 8], dtype=np.float32))
    assert_as_pyradiomics(radiomics, values, {"count": 4})
    assert levels_of(values, bin_edges(values, count=4)).max() == 5


def test_bin_count_where_float32_cannot_part_the_bins(radiomics: ModuleType) -> None:
    values = read_only(np.full(3, 1e6, dtype=np.float32))
    assert_as_pyradiomics(radiomics, values, {"count": 17})
    with pytest.raises(ValueError, match=r"17 bins are lost in the rounding of float32 at 1e\+06"):
        bin_edges(values, count=17)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16])
@pytest.mark.parametrize("setting", [{"width": 25}, {"width": 0.3}, {"count": 16}])
def test_near_the_limits_of_a_type(radiomics: ModuleType, dtype: type, setting: dict[str, Any]) -> None:
    """PyRadiomics' sums overflow there; as wide integers they are what its documentation says."""
    limits = np.iinfo(dtype)
    span = np.linspace(limits.max - 250, limits.max, 40) if limits.bits > 8 else np.linspace(limits.min, limits.max, 40)
    values: Array = read_only(span.astype(dtype))
    assert_as_pyradiomics(radiomics, values, setting, their_values=values.astype(np.int64))


@pytest.mark.parametrize("value", [0, 1, 25, -25, 1024])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("setting", [{"width": 25}, {"count": 1}, {"count": 7}])
def test_flat_regions(radiomics: ModuleType, value: int, dtype: type, setting: dict[str, Any]) -> None:
    values: Array = read_only(np.full(5, value, dtype=dtype))
    assert_as_pyradiomics(radiomics, values, setting)
    levels = discretise(values, distribution(values), bin_edges(values, **setting))
    assert (len(levels.numbers), levels.counts.tolist()) == (1, [5])


# The definition


@example(values=np.array([24.999999999999996, 25.0, 25.000000000000004]), width=25.0)
@given(values=intensities(np.float64), width=WIDTHS)
def test_levels_are_those_of_the_definition(values: Floats, width: float) -> None:
    edges = read_only(bin_edges(values, width=width))
    np.testing.assert_array_equal(levels_of(values, edges), naive.discretise(values, edges))


@given(values=intensities(np.float64), count=COUNTS)
def test_a_count_of_bins_holds_all_values(values: Floats, count: int) -> None:
    levels = levels_of(values, read_only(bin_edges(values, count=count)))
    assert levels.min() >= 1
    assert levels.max() <= count
    if values.min() < values.max():
        assert (levels.min(), levels.max()) == (1, count)


@given(values=intensities(np.int16), width=WIDTHS)
def test_whole_numbers_have_the_levels_of_the_same_fractions(values: Array, width: float) -> None:
    """Their levels are looked up in a table, those of others are found voxel by voxel."""
    fractions = values.astype(np.float64)
    edges = bin_edges(values, width=width)
    np.testing.assert_array_equal(levels_of(values, edges), levels_of(fractions, edges))


@given(values=intensities(np.int16), steps=st.integers(-40, 40))
def test_shifting_by_whole_bins_changes_no_level(values: Array, steps: int) -> None:
    shifted = values.astype(np.int32) + 25 * steps
    levels = levels_of(values, bin_edges(values, width=25))
    np.testing.assert_array_equal(levels_of(shifted, bin_edges(shifted, width=25)), levels)


@given(values=intensities(np.float64))
def test_edges_that_are_not_quite_evenly_spaced(values: Floats) -> None:
    """The guess from the mean distance of edges is put right by comparing with the edges."""
    low, high = values.min(), values.max()
    assume(high - low > 1)
    even = np.linspace(low, high + 1, 12)
    even[1:-1] += np.resize([0.04, -0.04], 10) * (high - low)
    np.testing.assert_array_equal(levels_of(values, even), naive.discretise(values, even))


# Limits


def test_many_levels() -> None:
    values = read_only(np.arange(MAX_LEVELS, dtype=np.int32))
    levels = discretise(values, distribution(values), bin_edges(values, width=1))
    np.testing.assert_array_equal(levels.indices, np.arange(1, MAX_LEVELS + 1))
    np.testing.assert_array_equal(levels.numbers, np.arange(1, MAX_LEVELS + 1))


@pytest.mark.parametrize("levels", [255, 256])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_as_many_levels_as_a_byte_holds_and_one_more(levels: int, dtype: type) -> None:
    values: Array = read_only(np.arange(levels).repeat(2).astype(dtype))
    np.testing.assert_array_equal(levels_of(values, bin_edges(values, width=1)), np.arange(1, levels + 1).repeat(2))


def test_more_levels_than_a_batch_can_hold() -> None:
    values = read_only(np.arange(MAX_LEVELS + 1, dtype=np.int32))
    with pytest.raises(ValueError, match="65536 grey levels are more than 65535"):
        discretise(values, distribution(values), np.arange(MAX_LEVELS + 2, dtype=np.float64))


@pytest.mark.parametrize("width", [1, 0.5, 1e-300])
def test_too_many_levels(width: float) -> None:
    with pytest.raises(ValueError, match=r"bin width of .* into .* grey levels, more than 65535"):
        bin_edges(np.array([0, MAX_LEVELS], dtype=np.int32), width=width)


def test_too_many_bins() -> None:
    with pytest.raises(ValueError, match="65536 bins are more than 65535 grey levels"):
        bin_edges(np.array([0.0, 1.0]), count=MAX_LEVELS + 1)


@pytest.mark.parametrize("highest", [1e9, 1e9 + 640])
def test_a_width_that_the_type_cannot_hold(highest: float) -> None:
    with pytest.raises(ValueError, match=r"bin width of 1 is lost in the rounding of float32 at 1e\+09"):
        bin_edges(np.array([1e9, highest], dtype=np.float32), width=1)


def test_neither_width_nor_count() -> None:
    with pytest.raises(ValueError, match="either width or count"):
        bin_edges(np.array([0.0, 1.0]))
