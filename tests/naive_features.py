"""Slow, obvious oracles: each feature by its definition, without epsilons.

The companion of `naive`, which makes the matrices. Definitions are those of IBSI 1
(reference manual, arXiv:1612.07003) and, where the two differ, of PyRadiomics 3.0.1
(page "Radiomic Features" of its documentation). Names are PyRadiomics'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import product
from math import exp, floor, fsum, log2, nan, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers: TypeAlias = NDArray[np.integer[Any] | np.floating[Any]]
LevelNumbers: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]
Cells: TypeAlias = dict[tuple[int, int], float]


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else nan


def _deviations(values: Sequence[float]) -> list[float]:
    """Differences from the exact mean: equal values give zeros."""
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / Fraction(len(exact) or 1)
    return [float(value - mean) for value in exact]


# First order


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Linear between the nearest ranks; the smallest value is 0 %, the largest 100 %."""
    rank = Fraction((len(ordered) - 1) * percent, 100)
    low = floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * float(rank - low)


def first_order(values: Iterable[float], *, voxel_volume: float = 1.0) -> dict[str, float]:
    """The 17 first order features that need no levels, of at least one value.

    IBSI 3.3, UHIW; PyRadiomics: firstorder.

    PyRadiomics' rules: voxelArrayShift is 0; kurtosis is 3 more than IBSI's excess
    kurtosis; of equal values skewness and kurtosis are 0; of two unequal values none
    lies between the percentiles, and the robust mean absolute deviation is NaN.
    IBSI has neither TotalEnergy nor StandardDeviation.
    """
    ordered = sorted(float(value) for value in values)
    deviations = _deviations(ordered)
    variance = _mean([d**2 for d in deviations])
    energy = fsum(value**2 for value in ordered)
    low, high = _percentile(ordered, 10), _percentile(ordered, 90)
    robust = _deviations([value for value in ordered if low <= value <= high])
    return {
        "Energy": energy,
        "TotalEnergy": energy * voxel_volume,
        "Minimum": ordered[0],
        "10Percentile": low,
        "90Percentile": high,
        "Maximum": ordered[-1],
        "Mean": _mean(ordered),
        "Median": _percentile(ordered, 50),
        "InterquartileRange": _percentile(ordered, 75) - _percentile(ordered, 25),
        "Range": ordered[-1] - ordered[0],
        "MeanAbsoluteDeviation": _mean([abs(d) for d in deviations]),
        "RobustMeanAbsoluteDeviation": _mean([abs(d) for d in robust]),
        "RootMeanSquared": sqrt(energy / len(ordered)),
        "StandardDeviation": sqrt(variance),
        "Skewness": _mean([d**3 for d in deviations]) / (variance**1.5 or 1),
        "Kurtosis": _mean([d**4 for d in deviations]) / (variance**2 or 1),
        "Variance": variance,
    }


def entropy(counts: ArrayLike) -> float:
    """Shannon entropy in bits of counts or probabilities (IBSI 3.4.18, TLU2).

    Of any shape; empty cells add nothing (PyRadiomics adds 2.2e-16 in the logarithm).
    """
    present = [float(count) for count in np.ravel(counts) if count > 0]
    total = fsum(present)
    return fsum(count / total * log2(total / count) for count in present)


# Cells of a matrix by the numbers of their row and column


def _cells(matrix: Numbers, rows: Sequence[int], columns: Sequence[int]) -> Cells:
    """The filled cells."""
    return {
        (i, j): float(value)
        for i, row in zip(rows, matrix, strict=True)
        for j, value in zip(columns, row, strict=True)
        if value > 0
    }


def _total(cells: Cells, weight: Callable[[int, int], float]) -> float:
    return fsum(value * weight(i, j) for (i, j), value in cells.items())


def _marginal(cells: Cells, key: Callable[[int, int], int]) -> dict[int, float]:
    """The sum of the cells for each value of key(i, j)."""
    found: dict[int, list[float]] = {}
    for (i, j), value in cells.items():
        found.setdefault(key(i, j), []).append(value)
    return {number: fsum(values) for number, values in found.items()}


# GLCM


def _joint_features(joint: Cells) -> dict[str, float]:
    mean_i, mean_j = _total(joint, lambda i, j: i), _total(joint, lambda i, j: j)
    variance_i = _total(joint, lambda i, j: (i - mean_i) ** 2)
    variance_j = _total(joint, lambda i, j: (j - mean_j) ** 2)
    shared = _total(joint, lambda i, j: (i - mean_i) * (j - mean_j))
    both_vary = len({i for i, _ in joint}) > 1 and len({j for _, j in joint}) > 1
    return {
        "Autocorrelation": _total(joint, lambda i, j: i * j),
        "JointAverage": mean_i,
        "ClusterProminence": _total(joint, lambda i, j: (i + j - mean_i - mean_j) ** 4),
        "ClusterShade": _total(joint, lambda i, j: (i + j - mean_i - mean_j) ** 3),
        "ClusterTendency": _total(joint, lambda i, j: (i + j - mean_i - mean_j) ** 2),
        "Contrast": _total(joint, lambda i, j: (i - j) ** 2),
        "Correlation": shared / sqrt(variance_i * variance_j) if both_vary else 1.0,
        "JointEnergy": fsum(p**2 for p in joint.values()),
        "JointEntropy": entropy(list(joint.values())),
        "MaximumProbability": max(joint.values()),
        "SumSquares": variance_i,
    }


def _difference_features(joint: Cells, highest: int) -> dict[str, float]:
    difference = _marginal(joint, lambda i, j: abs(i - j)).items()
    average = fsum(k * p for k, p in difference)
    return {
        "DifferenceAverage": average,
        "DifferenceEntropy": entropy([p for _, p in difference]),
        "DifferenceVariance": fsum((k - average) ** 2 * p for k, p in difference),
        "Id": fsum(p / (1 + k) for k, p in difference),
        "Idn": fsum(p / (1 + k / highest) for k, p in difference),
        "Idm": fsum(p / (1 + k**2) for k, p in difference),
        "Idmn": fsum(p / (1 + k**2 / highest**2) for k, p in difference),
        "InverseVariance": fsum(p / k**2 for k, p in difference if k > 0),
    }


def _sum_features(joint: Cells) -> dict[str, float]:
    sums = _marginal(joint, lambda i, j: i + j)
    return {
        "SumAverage": fsum(k * p for k, p in sums.items()),
        "SumEntropy": entropy(list(sums.values())),
    }


def _information_features(joint: Cells) -> dict[str, float]:
    """IMC 1 and 2: entropies in bits, yet the exponential is of base e (IBSI too)."""
    px, py = _marginal(joint, lambda i, j: i), _marginal(joint, lambda i, j: j)
    most, hxy = max(entropy(list(px.values())), entropy(list(py.values()))), entropy(list(joint.values()))
    hxy1 = -fsum(p * log2(px[i] * py[j]) for (i, j), p in joint.items())
    hxy2 = -fsum(p * q * log2(p * q) for p, q in product(px.values(), py.values()))
    return {
        "Imc1": (hxy - hxy1) / most if most else 0.0,
        "Imc2": sqrt(max(0.0, 1 - exp(-2 * (hxy2 - hxy)))),
    }


def _maximal_correlation(matrix: Numbers) -> float:
    """Root of the second largest eigenvalue of Q(i,j) = sum_k p(i,k)p(j,k) / px(i)py(k).

    Q is similar to A times its transpose for A(i,j) = p(i,j) / sqrt(px(i)py(j)), so that
    it is the second largest singular value of A.
    """
    rows = [sqrt(fsum(row)) or 1.0 for row in matrix]  # an empty row stays empty
    columns = [sqrt(fsum(column)) or 1.0 for column in matrix.T]
    scaled = [[p / (a * b) for p, b in zip(row, columns, strict=True)] for row, a in zip(matrix, rows, strict=True)]
    sizes = sorted(float(value) for value in np.linalg.svd(scaled, compute_uv=False))
    return sizes[-2] if len(sizes) > 1 else 1.0


def glcm_features(matrix: Numbers, level_numbers: LevelNumbers) -> dict[str, float]:
    """The 24 features of one GLCM that sums to 1, symmetric or not.

    IBSI 3.6, LFYI; PyRadiomics: glcm. `level_numbers` names rows and columns: in
    PyRadiomics the levels that occur in the region, in this direction or not. The
    highest is the Ng of Idn and Idmn.

    PyRadiomics' rules: where only one level i, or j, is paired, Correlation is 1 and
    both IMC are 0; MCC (not in IBSI) is 1 then if the matrix has one row, and 0 if it
    has more. JointAverage and SumSquares are those of i.
    """
    numbers = [int(number) for number in level_numbers]
    joint = _cells(matrix, numbers, numbers)
    return {
        **_joint_features(joint),
        **_difference_features(joint, max(numbers)),
        **_sum_features(joint),
        **_information_features(joint),
        "MCC": _maximal_correlation(matrix),
    }


def deprecated_glcm_features(matrix: Numbers, level_numbers: LevelNumbers) -> dict[str, float]:
    """What PyRadiomics has under these names no more, of the same matrix (IBSI 8S9J, OEEB)."""
    numbers = [int(number) for number in level_numbers]
    joint = _cells(matrix, numbers, numbers)
    average = _total(joint, lambda i, j: i + j)
    return {
        "Dissimilarity": _total(joint, lambda i, j: abs(i - j)),
        "Homogeneity1": _total(joint, lambda i, j: 1 / (1 + abs(i - j))),
        "Homogeneity2": _total(joint, lambda i, j: 1 / (1 + abs(i - j) ** 2)),
        "SumVariance": _total(joint, lambda i, j: (i + j - average) ** 2),
    }


# GLRLM, GLSZM, GLDM


def size_matrix_features(matrix: Numbers, level_numbers: LevelNumbers, voxels: float) -> dict[str, float]:
    """The 16 features that GLRLM, GLSZM and GLDM share, by generic names.

    IBSI 3.7, TP0I; 3.8, 9SAK; 3.11, REK0; PyRadiomics: glrlm, glszm, gldm.

    Rows are `level_numbers`, columns the sizes 1, 2, ...: run length, zone size or
    dependence with the voxel itself. At least one cell is filled. `voxels` is the
    number of the region's voxels; of a weighted matrix, the sum of its cells times size.
    """
    numbers = [int(number) for number in level_numbers]
    counts = _cells(matrix, numbers, range(1, matrix.shape[1] + 1))
    total = fsum(counts.values())
    by_level = fsum(c**2 for c in _marginal(counts, lambda i, j: i).values())
    by_size = fsum(c**2 for c in _marginal(counts, lambda i, j: j).values())
    level_mean = _total(counts, lambda i, j: i) / total
    size_mean = _total(counts, lambda i, j: j) / total
    means = {
        "SmallEmphasis": lambda i, j: 1 / j**2,
        "LargeEmphasis": lambda i, j: j**2,
        "GrayLevelVariance": lambda i, j: (i - level_mean) ** 2,
        "SizeVariance": lambda i, j: (j - size_mean) ** 2,
        "LowGrayLevelEmphasis": lambda i, j: 1 / i**2,
        "HighGrayLevelEmphasis": lambda i, j: i**2,
        "SmallLowGrayLevelEmphasis": lambda i, j: 1 / (i**2 * j**2),
        "SmallHighGrayLevelEmphasis": lambda i, j: i**2 / j**2,
        "LargeLowGrayLevelEmphasis": lambda i, j: j**2 / i**2,
        "LargeHighGrayLevelEmphasis": lambda i, j: i**2 * j**2,
    }
    return {
        "GrayLevelNonUniformity": by_level / total,
        "GrayLevelNonUniformityNormalized": by_level / total**2,
        "SizeNonUniformity": by_size / total,
        "SizeNonUniformityNormalized": by_size / total**2,
        "Percentage": total / voxels,
        "Entropy": entropy(list(counts.values())),
        **{name: _total(counts, weight) / total for name, weight in means.items()},
    }


# NGTDM


def ngtdm_features(matrix: Numbers) -> dict[str, float]:
    """The 5 features of a matrix of columns n_i, s_i, i.

    IBSI 3.10, IPET; PyRadiomics: ngtdm.

    PyRadiomics' rules where a denominator is 0: Coarseness is 1e6, the others are 0.
    The denominator of Busyness is summed in whole numbers, so that it is 0 where it is
    so by definition.
    """
    rows = [(int(n), float(s), int(i)) for n, s, i in matrix if n > 0]
    pairs = list(product(rows, repeat=2))
    voxels, levels = sum(n for n, _, _ in rows), len(rows)
    differences = fsum(s for _, s, _ in rows)
    weighted = fsum(n * s for n, s, _ in rows) / voxels
    change = sum(abs(n * i - m * j) for (n, _, i), (m, _, j) in pairs) / voxels
    spread = sum(n * m * (i - j) ** 2 for (n, _, i), (m, _, j) in pairs) / voxels**2
    contrast = spread * differences / voxels / (levels * (levels - 1) or 1)
    complexity = fsum(abs(i - j) * (n * s + m * t) / (n + m) for (n, s, i), (m, t, j) in pairs)
    strength = sum((n + m) * (i - j) ** 2 for (n, _, i), (m, _, j) in pairs) / voxels
    return {
        "Coarseness": 1 / weighted if weighted else 1e6,
        "Contrast": contrast,
        "Busyness": weighted / change if change else 0.0,
        "Complexity": complexity / voxels,
        "Strength": strength / differences if differences else 0.0,
    }
