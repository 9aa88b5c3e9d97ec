"""First order features equal those of the definition.

Differences up to 1e-12 come of sums in another order. Deviations from the mean carry its rounding: skewness and
kurtosis get 1e-14 more for each time that the standard deviation goes into the largest intensity.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import naive_features
from kernel_cases import by_name, read_only
from voxmill_kernels.features.firstorder import FEATURES, first_order, percentile
from voxmill_kernels.intensities import Distribution
from voxmill_kernels.types import Floats


@st.composite
def regions(draw: st.DrawFn) -> Floats:
    """One to forty intensities as of CT, ties likely, in whole units or in fractions."""
    low, high = draw(st.sampled_from([(-1000, 3000), (-2, 2), (990, 1010)]))
    whole = draw(arrays(np.int64, st.integers(1, 40), elements=st.integers(low, high)))
    return read_only(np.sort(whole * draw(st.sampled_from([1.0, 0.1, -0.37]))))


def measured(values: Floats, *, voxel_volume: float = 1.0, shift: float = 0.0) -> dict[str, float]:
    """Each intensity is a grey level of its own; a distribution of single voxels and one of values are the same."""
    distinct, counts = np.unique(values, return_counts=True)
    of_values = Distribution(read_only(distinct), read_only(counts.astype(np.int64)))
    of_voxels = Distribution(values, read_only(np.ones(len(values), dtype=np.int64)))
    ours, other = (
        by_name(FEATURES, first_order(known, of_values.counts, voxel_volume=voxel_volume, shift=shift))
        for known in (of_values, of_voxels)
    )
    assert ours == pytest.approx(other, rel=1e-12, abs=1e-11, nan_ok=True)
    return ours


@given(values=regions())
def test_features_are_those_of_the_definition(values: Floats) -> None:
    ours = measured(values, voxel_volume=2.73)
    expected = naive_features.first_order(values, voxel_volume=2.73)
    counts = np.unique(values, return_counts=True)[1]
    expected["Entropy"] = naive_features.entropy(counts)
    expected["Uniformity"] = math.fsum((counts / len(values)) ** 2)
    assert ours.keys() == expected.keys()
    of_mean = 1e-14 * np.abs(values).max() / (np.sqrt(expected["Variance"]) or 1)
    for name, value in expected.items():
        tolerance = 1e-12 + (of_mean if name in ("Skewness", "Kurtosis") else 0)
        np.testing.assert_allclose(ours[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@given(values=regions(), shift=st.sampled_from([0.0, 2000.0, -17.5]))
def test_shift_is_added_to_what_is_squared(values: Floats, shift: float) -> None:
    ours, plain = measured(values, voxel_volume=3.0, shift=shift), measured(values, voxel_volume=3.0)
    energy = math.fsum((values + shift) ** 2)
    assert ours["Energy"] == pytest.approx(energy, rel=1e-12)
    assert ours["TotalEnergy"] == pytest.approx(3 * energy, rel=1e-12)
    assert ours["RootMeanSquared"] == pytest.approx(math.sqrt(energy / len(values)), rel=1e-12)
    shifted = {"Energy", "TotalEnergy", "RootMeanSquared"}
    for name in plain.keys() - shifted:
        np.testing.assert_array_equal(ours[name], plain[name])


@pytest.mark.parametrize("value", [0.1, -1024.0, 1e-300, 0.0])
@pytest.mark.parametrize("voxels", [1, 2, 6, 7])
def test_flat_regions(value: float, voxels: int) -> None:
    """Zero, not a rounding: the mean of equal fractions need not be that fraction."""
    ours = measured(read_only(np.full(voxels, value)))
    for name in ("Variance", "Skewness", "Kurtosis", "Entropy", "Range", "InterquartileRange", "MeanAbsoluteDeviation"):
        assert ours[name] == 0.0, name
    assert ours["Uniformity"] == 1.0
    assert ours["10Percentile"] == ours["Median"] == ours["Maximum"] == value
    assert ours["RobustMeanAbsoluteDeviation"] == pytest.approx(0.0, abs=1e-15 * abs(value))


def test_of_two_unequal_voxels_none_lies_between_the_percentiles() -> None:
    assert math.isnan(measured(read_only(np.array([1.0, 5.0])))["RobustMeanAbsoluteDeviation"])


@given(values=regions(), percent=st.sampled_from([0, 10, 25, 50, 75, 90, 100]))
def test_percentiles_are_numpys(values: Floats, percent: int) -> None:
    distinct, counts = np.unique(values, return_counts=True)
    ours = percentile(distinct, np.cumsum(counts), float(percent))
    assert ours == np.percentile(values, percent)


@pytest.mark.parametrize("scale, spread", [(100.0, 0.1), (0.1, 1e-6)])
def test_sums_of_many_equal_fractions_keep_their_digits(scale: float, spread: float) -> None:
    """A running sum of a million ties rounds one way every time."""
    steps = np.repeat(np.arange(-2, 3), [100_000, 400_000, 700_000, 399_000, 101_000])
    values = np.sort(scale + spread * steps)
    counts = np.ones(len(values), dtype=np.int64)
    ours = by_name(FEATURES, first_order(Distribution(values, counts), counts[:1], voxel_volume=1.0))
    mean = math.fsum(values) / len(values)
    m2, m3 = (math.fsum((values - mean) ** power) / len(values) for power in (2, 3))
    assert ours["Mean"] == pytest.approx(mean, rel=1e-15)
    assert ours["Variance"] == pytest.approx(m2, rel=1e-12)
    assert ours["Skewness"] == pytest.approx(m3 / m2**1.5, rel=1e-9)
    assert ours["MeanAbsoluteDeviation"] == pytest.approx(math.fsum(abs(values - mean)) / len(values), rel=1e-13)
