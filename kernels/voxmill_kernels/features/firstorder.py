"""First order statistics (IBSI families UHIW, and ZVCW for entropy and uniformity)."""

import math

import numpy as np

from voxmill_kernels.features.entropy import entropy
from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.features.powers import distance_sum, power_sum
from voxmill_kernels.intensities import Distribution
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Ints

SOURCE = "PyRadiomics 3.0.1, firstorder; IBSI 1 manual, intensity-based statistics"
FEATURES = table(
    "firstorder",
    SOURCE,
    ("10Percentile", "QG58", "I", "10th percentile, linear between order statistics"),
    ("90Percentile", "8DWT", "I", "90th percentile, linear between order statistics"),
    ("Energy", "N8CA", "I²", "Σ (x + voxel_array_shift)²"),
    ("Entropy", "TLU2", "bit", "-Σ p log2 p, p the share of voxels at each grey level"),
    ("InterquartileRange", "SALO", "I", "75th minus 25th percentile"),
    ("Kurtosis", "", "1", "m4 / m2², not less 3 (IBSI's IPH6 is this less 3); 0 for a flat region"),
    ("Maximum", "84IY", "I", "largest intensity"),
    ("MeanAbsoluteDeviation", "4FUA", "I", "mean of |x - mean|"),
    ("Mean", "Q4LE", "I", "Σ x / N"),
    ("Median", "Y12H", "I", "50th percentile"),
    ("Minimum", "1GSF", "I", "smallest intensity"),
    ("Range", "2OJQ", "I", "largest minus smallest intensity"),
    (
        "RobustMeanAbsoluteDeviation",
        "1128",
        "I",
        "mean absolute deviation of those from the 10th to the 90th percentile",
    ),
    ("RootMeanSquared", "5ZWQ", "I", "√(Energy / N)"),
    ("Skewness", "KE2A", "1", "m3 / m2^1.5; 0 for a flat region"),
    ("TotalEnergy", "", "I² mm³", "Energy times the volume of a voxel"),
    ("Uniformity", "BJ5W", "1", "Σ p², p the share of voxels at each grey level"),
    ("Variance", "ECT3", "I²", "m2 = Σ (x - mean)² / N"),
) + deprecated("firstorder", SOURCE, ("StandardDeviation", "", "I", "√(Σ (x - mean)² / N)", "√Variance"))


def first_order(known: Distribution, level_counts: Ints, *, voxel_volume: float, shift: float = 0.0) -> Floats:
    """The values of FEATURES, in its order.

    `known` is the distribution of the intensities of the region, `level_counts` the voxels of each grey level;
    `voxel_volume` is in mm³; `shift` is added to every intensity before it is squared.
    """
    return np.array(_first_order(known.values, known.counts, level_counts, voxel_volume, shift))


@njit
def _first_order(
    values: Floats, counts: Ints, level_counts: Ints, voxel_volume: float, shift: float
) -> tuple[float, ...]:
    """Central moments are taken about the mean, in a second pass; those of a flat region are 0, not a rounding."""
    upto = _cumulative(counts)
    voxels, last = upto[upto.shape[0] - 1], values.shape[0] - 1
    mean = _mean(values, counts)
    m2, m3, m4 = _central_moments(values, counts, mean)
    p10, p90 = percentile(values, upto, 10.0), percentile(values, upto, 90.0)
    energy = power_sum(values, counts, -shift, 2)
    return (
        p10,
        p90,
        energy,
        entropy(level_counts, voxels),
        percentile(values, upto, 75.0) - percentile(values, upto, 25.0),
        0.0 if m2 == 0.0 else m4 / (m2 * m2),
        values[last],
        _deviation(values, counts, mean),
        mean,
        percentile(values, upto, 50.0),
        values[0],
        values[last] - values[0],
        _robust_deviation(values, counts, p10, p90),
        math.sqrt(energy / voxels),
        0.0 if m2 == 0.0 else m3 / math.sqrt(m2) ** 3,
        energy * voxel_volume,
        _uniformity(level_counts, voxels),
        m2,
        math.sqrt(m2),
    )


@njit
def _cumulative(counts: Ints) -> Ints:
    upto = np.empty(counts.shape[0], dtype=np.int64)
    total = 0
    for place in range(counts.shape[0]):
        total += counts[place]
        upto[place] = total
    return upto


@njit
def percentile(values: Floats, upto: Ints, percent: float) -> float:
    """The percentile of ascending values, linear between the two nearest; `upto` counts voxels up to each value.

    Step by step as NumPy computes it, to the last bit.
    """
    rank = percent / 100 * (upto[upto.shape[0] - 1] - 1)
    below = int(rank)
    low = values[_place_of(upto, below)]
    if rank == below:
        return low
    high, share = values[_place_of(upto, below + 1)], rank - below
    if share >= 0.5:
        return high - (high - low) * (1 - share)
    return low + (high - low) * share


@njit
def _place_of(upto: Ints, voxel: int) -> int:
    """Which value the voxel of this rank (from 0) has."""
    low, high = 0, upto.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if upto[middle] > voxel:
            high = middle
        else:
            low = middle + 1
    return low


@njit
def _mean(values: Floats, counts: Ints) -> float:
    """The mean of values; NaN for none."""
    return power_sum(values, counts, 0.0, 1) / counts.sum()


@njit
def _deviation(values: Floats, counts: Ints, mean: float) -> float:
    """The mean absolute deviation of values; NaN for none."""
    if values.shape[0] > 0 and values[0] == values[-1]:
        return 0.0
    return distance_sum(values, counts, mean) / counts.sum()


@njit
def _robust_deviation(values: Floats, counts: Ints, low: float, high: float) -> float:
    """Mean absolute deviation of the values from `low` to `high`; NaN where there is none (two unequal voxels)."""
    first, last = 0, values.shape[0] - 1
    while values[first] < low:
        first += 1
    while values[last] > high:
        last -= 1
    inside, times = values[first : last + 1], counts[first : last + 1]
    return _deviation(inside, times, _mean(inside, times))


@njit
def _central_moments(values: Floats, counts: Ints, mean: float) -> tuple[float, float, float]:
    if values[0] == values[-1]:
        return 0.0, 0.0, 0.0
    voxels = counts.sum()
    m2, m3, m4 = (
        power_sum(values, counts, mean, 2),
        power_sum(values, counts, mean, 3),
        power_sum(values, counts, mean, 4),
    )
    return m2 / voxels, m3 / voxels, m4 / voxels


@njit
def _uniformity(level_counts: Ints, voxels: int) -> float:
    total = 0.0
    for count in level_counts:
        total += (count / voxels) ** 2
    return total
