"""Grey level co-occurrence features (IBSI family LFYI): each the mean over the directions that hold any pair."""

import math

import numpy as np

from voxmill_kernels.count.sums import GlcmSums
from voxmill_kernels.features.entropy import entropy, tallied_entropy
from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.features.mcc import mean_maximal_correlation
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Floats, Ints

SOURCE = "PyRadiomics 3.0.1, glcm; IBSI 1 manual, grey level co-occurrence, 3D averaged (ITBB)"
FEATURES = table(
    "glcm",
    SOURCE,
    ("Autocorrelation", "QWB0", "1", "Σ i j p(i, j)"),
    ("ClusterProminence", "AE86", "1", "Σ (i + j - 2 μ)⁴ p(i, j)"),
    ("ClusterShade", "7NFM", "1", "Σ (i + j - 2 μ)³ p(i, j)"),
    ("ClusterTendency", "DG8W", "1", "Σ (i + j - 2 μ)² p(i, j)"),
    ("Contrast", "ACUI", "1", "Σ (i - j)² p(i, j)"),
    ("Correlation", "NI2N", "1", "Σ (i - μ)(j - μ) p(i, j) / σ²; 1 where σ is 0"),
    ("DifferenceAverage", "TF7R", "1", "Σ k p₋(k), p₋(k) the probability of |i - j| = k"),
    ("DifferenceEntropy", "NTRS", "bit", "-Σ p₋(k) log2 p₋(k)"),
    ("DifferenceVariance", "D3YU", "1", "Σ (k - DifferenceAverage)² p₋(k)"),
    ("Id", "IB1Z", "1", "Σ p₋(k) / (1 + k)"),
    ("Idm", "WF0Z", "1", "Σ p₋(k) / (1 + k²)"),
    ("Idmn", "1QCO", "1", "Σ p₋(k) / (1 + k² / Ng²), Ng the largest grey level"),
    ("Idn", "NDRX", "1", "Σ p₋(k) / (1 + k / Ng), Ng the largest grey level"),
    ("Imc1", "R8DG", "1", "(HXY - HXY1) / HX; 0 where HX is 0"),
    ("Imc2", "JN9H", "1", "√(1 - exp(-2 (HXY2 - HXY))); 0 where the two are equal"),
    ("InverseVariance", "E8JP", "1", "Σ p₋(k) / k² for k > 0"),
    ("JointAverage", "60VM", "1", "μ = Σ i p(i, j)"),
    ("JointEnergy", "8ZQL", "1", "Σ p(i, j)²"),
    ("JointEntropy", "TU9B", "bit", "HXY = -Σ p(i, j) log2 p(i, j)"),
    ("MCC", "", "1", "second largest singular value of p(i, j) / √(p(i) p(j)); 1 for one grey level"),
    ("MaximumProbability", "GYBY", "1", "largest p(i, j)"),
    ("SumAverage", "ZGXS", "1", "Σ k p₊(k), p₊(k) the probability of i + j = k"),
    ("SumEntropy", "P6QZ", "bit", "-Σ p₊(k) log2 p₊(k)"),
    ("SumSquares", "UR99", "1", "σ² = Σ (i - μ)² p(i, j)"),
) + deprecated(
    "glcm",
    SOURCE,
    ("Dissimilarity", "8S9J", "1", "Σ |i - j| p(i, j)", "DifferenceAverage"),
    ("Homogeneity1", "", "1", "Σ p(i, j) / (1 + |i - j|)", "Id"),
    ("Homogeneity2", "", "1", "Σ p(i, j) / (1 + |i - j|²)", "Idm"),
    ("SumVariance", "OEEB", "1", "Σ (k - SumAverage)² p₊(k)", "ClusterTendency"),
)
NO_INFORMATION = 1e-14
MCC = next(index for index, feature in enumerate(FEATURES) if feature.name == "MCC")


def glcm_features(sums: GlcmSums, matrix: Counts, numbers: Ints) -> Floats:
    """The values of FEATURES, in its order, from sums of symmetric matrices and (for MCC) the matrices themselves.

    All NaN when no direction holds a pair of voxels.
    """
    values = np.full(len(FEATURES), np.nan)
    scalars = (sums.total, sums.product, sums.squares, sums.largest)
    _mean_over_directions(scalars, (sums.marginal, sums.plus, sums.minus, sums.few, sums.many), numbers, values)
    if not np.isnan(values[MCC]):
        values[MCC] = 1.0 if len(numbers) == 1 else mean_maximal_correlation(matrix, sums.total)
    return values


@njit
def _mean_over_directions(scalars: tuple[Ints, ...], tables: tuple[Ints, ...], numbers: Ints, values: Floats) -> None:
    """Leaves `values` as they are when no direction holds a pair."""
    marginal, plus, minus, few, many = tables
    directions = 0
    for a in range(marginal.shape[0]):
        if scalars[0][a] == 0:
            continue
        if directions == 0:
            values[:] = 0.0
        directions += 1
        row = _glcm(a, scalars, marginal[a], plus[a], minus[a], few[a], many[a], numbers)
        for place in range(len(row)):
            values[place] += row[place]
    for place in range(values.shape[0]):
        values[place] /= max(directions, 1)


@njit
def _glcm(
    a: int, scalars: tuple[Ints, ...], marginal: Ints, plus: Ints, minus: Ints, few: Ints, many: Ints, numbers: Ints
) -> tuple[float, ...]:
    """One direction: from the marginals of i, of i + j and of |i - j|; MCC is left at 0.

    With HX = HY of a symmetric matrix, HXY1 = HXY2 = 2 HX. Where i and j are independent, HXY is 2 HX too, but for
    rounding, whose root would be Imc2. The covariance is (Var(i + j) - Var(i - j)) / 4, which loses no digits to a
    large mean.
    """
    total = scalars[0][a]
    mean, variance = _moments(marginal, numbers, total)
    tendency, shade, prominence, sum_average = _cluster(plus, mean, total)
    contrast, difference_average, id_, idm, idmn, idn, inverse_variance = _differences(minus, numbers[-1], total)
    joint = tallied_entropy(few, many, total)
    single = entropy(marginal, total)
    information = 2 * single - joint
    if information <= NO_INFORMATION * joint:
        information = 0.0
    return (
        scalars[1][a] / total,
        prominence,
        shade,
        tendency,
        contrast,
        1.0 if variance == 0.0 else (tendency - contrast) / 4 / variance,
        difference_average,
        entropy(minus, total),
        _difference_variance(minus, difference_average, total),
        id_,
        idm,
        idmn,
        idn,
        0.0 if single == 0.0 else -information / single,
        math.sqrt(1 - math.exp(-2 * information)),
        inverse_variance,
        mean,
        scalars[2][a] / total / total,
        joint,
        0.0,
        scalars[3][a] / total,
        sum_average,
        entropy(plus, total),
        variance,
        difference_average,
        id_,
        idm,
        tendency,
    )


@njit
def _moments(marginal: Ints, numbers: Ints, total: int) -> tuple[float, float]:
    mean = 0.0
    for i in range(numbers.shape[0]):
        mean += numbers[i] * marginal[i] / total
    variance = 0.0
    for i in range(numbers.shape[0]):
        variance += (numbers[i] - mean) ** 2 * marginal[i] / total
    return mean, variance


@njit
def _cluster(plus: Ints, mean: float, total: int) -> tuple[float, float, float, float]:
    tendency = shade = prominence = average = 0.0
    for k in range(plus.shape[0]):
        if plus[k] == 0:
            continue
        p = plus[k] / total
        away = k - 2 * mean
        tendency += away * away * p
        shade += away * away * away * p
        prominence += away * away * away * away * p
        average += k * p
    return tendency, shade, prominence, average


@njit
def _differences(minus: Ints, top: int, total: int) -> tuple[float, float, float, float, float, float, float]:
    contrast = average = id_ = idm = idmn = idn = inverse_variance = 0.0
    for k in range(minus.shape[0]):
        if minus[k] == 0:
            continue
        p = minus[k] / total
        square = float(k * k)
        contrast += square * p
        average += k * p
        id_ += p / (1 + k)
        idm += p / (1 + square)
        idmn += p / (1 + square / (float(top) * top))
        idn += p / (1 + k / top)
        if k > 0:
            inverse_variance += p / square
    return contrast, average, id_, idm, idmn, idn, inverse_variance


@njit
def _difference_variance(minus: Ints, average: float, total: int) -> float:
    variance = 0.0
    for k in range(minus.shape[0]):
        if minus[k] > 0:
            variance += (k - average) ** 2 * (minus[k] / total)
    return variance
