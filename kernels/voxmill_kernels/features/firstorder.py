"""First order statistics (IBSI families UHIW, and ZVCW for entropy and uniformity)."""

import math

import numpy as np

from voxmill_kernels.features.entropy import entropy
from voxmill_kernels.features.feature import table
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Ints

FEATURES = table(
    "firstorder",
    "PyRadiomics 3.0.1, firstorder; IBSI 1 manual, intensity-based statistics",
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
)


def first_order(ordered: Floats, level_counts: Ints, *, voxel_volume: float, shift: float = 0.0) -> Floats:
    """The values of FEATURES, in its order.

    `ordered` holds the intensities of the region in ascending order, `level_counts` the voxels of each grey level;
    `voxel_volume` is in mm³; `shift` is added to every intensity before it is squared.
    """
    return np.array(_first_order(ordered, level_counts, voxel_volume, shift))


@njit
def _first_order(ordered: Floats, level_counts: Ints, voxel_volume: float, shift: float) -> tuple[float, ...]:
    voxels = ordered.shape[0]
    mean = _mean(ordered)
    m1 = m2 = m3 = m4 = energy = 0.0
    for value in ordered:
        away = value - mean
        square = away * away
        m1 += abs(away)
        m2 += square
        m3 += square * away
        m4 += square * square
        energy += (value + shift) * (value + shift)
    flat = ordered[0] == ordered[voxels - 1]
    variance = 0.0 if flat else m2 / voxels
    p10, p90 = percentile(ordered, 10.0), percentile(ordered, 90.0)
    return (
        p10,
        p90,
        energy,
        entropy(level_counts, voxels),
        percentile(ordered, 75.0) - percentile(ordered, 25.0),
        0.0 if flat else m4 / voxels / (variance * variance),
        ordered[voxels - 1],
        0.0 if flat else m1 / voxels,
        mean,
        percentile(ordered, 50.0),
        ordered[0],
        ordered[voxels - 1] - ordered[0],
        _robust_deviation(ordered, p10, p90),
        math.sqrt(energy / voxels),
        0.0 if flat else m3 / voxels / math.sqrt(variance) ** 3,
        energy * voxel_volume,
        _uniformity(level_counts, voxels),
        variance,
    )


@njit
def percentile(ordered: Floats, percent: float) -> float:
    """The percentile of ascending values, linear between the two nearest."""
    rank = (ordered.shape[0] - 1) * percent / 100
    below = int(rank)
    above = min(below + 1, ordered.shape[0] - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


@njit
def _mean(values: Floats) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / values.shape[0]


@njit
def _uniformity(level_counts: Ints, voxels: int) -> float:
    total = 0.0
    for count in level_counts:
        total += (count / voxels) ** 2
    return total


@njit
def _robust_deviation(ordered: Floats, low: float, high: float) -> float:
    """Mean absolute deviation of the values from `low` to `high`; NaN where there is none (two unequal voxels)."""
    first, last = 0, ordered.shape[0]
    while ordered[first] < low:
        first += 1
    while ordered[last - 1] > high:
        last -= 1
    inside = ordered[first:last]
    mean = _mean(inside)
    total = 0.0
    for value in inside:
        total += abs(value - mean)
    return total / inside.shape[0]
