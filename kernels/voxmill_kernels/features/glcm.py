"""Grey level co-occurrence features (IBSI family LFYI): each the mean over the matrices that hold any pair."""

import math

import numpy as np

from voxmill_kernels.count.sums import GlcmSums
from voxmill_kernels.features.entropy import entropy, tallied_entropy
from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.features.mcc import mean_maximal_correlation
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Floats, Ints, Sums

SOURCE = "PyRadiomics 3.0.1, glcm; IBSI 1 manual, grey level co-occurrence, 3D averaged (ITBB)"
FEATURES = table(
    "glcm",
    SOURCE,
    ("Autocorrelation", "QWB0", "1", "Σ i j p(i, j)"),
    ("ClusterProminence", "AE86", "1", "Σ (i + j - μi - μj)⁴ p(i, j)"),
    ("ClusterShade", "7NFM", "1", "Σ (i + j - μi - μj)³ p(i, j)"),
    ("ClusterTendency", "DG8W", "1", "Σ (i + j - μi - μj)² p(i, j)"),
    ("Contrast", "ACUI", "1", "Σ (i - j)² p(i, j)"),
    (
        "Correlation",
        "NI2N",
        "1",
        "Σ (i - μi)(j - μj) p(i, j) / (σi σj), σi² the variance of i; 1 where σi or σj is 0",
    ),
    ("DifferenceAverage", "TF7R", "1", "Σ k p₋(k), p₋(k) the probability of |i - j| = k"),
    ("DifferenceEntropy", "NTRS", "bit", "-Σ p₋(k) log2 p₋(k)"),
    ("DifferenceVariance", "D3YU", "1", "Σ (k - DifferenceAverage)² p₋(k)"),
    ("Id", "IB1Z", "1", "Σ p₋(k) / (1 + k)"),
    ("Idm", "WF0Z", "1", "Σ p₋(k) / (1 + k²)"),
    ("Idmn", "1QCO", "1", "Σ p₋(k) / (1 + k² / Ng²), Ng the largest grey level"),
    ("Idn", "NDRX", "1", "Σ p₋(k) / (1 + k / Ng), Ng the largest grey level"),
    ("Imc1", "R8DG", "1", "(HXY - HXY1) / max(HX, HY); 0 where both are 0"),
    ("Imc2", "JN9H", "1", "√(1 - exp(-2 (HXY2 - HXY))); 0 where the two are equal"),
    ("InverseVariance", "E8JP", "1", "Σ p₋(k) / k² for k > 0"),
    ("JointAverage", "60VM", "1", "μi = Σ i p(i, j); μj = Σ j p(i, j), the same where p is symmetric"),
    ("JointEnergy", "8ZQL", "1", "Σ p(i, j)²"),
    ("JointEntropy", "TU9B", "bit", "HXY = -Σ p(i, j) log2 p(i, j)"),
    ("MCC", "", "1", "second largest singular value of p(i, j) / √(p(i) p(j)); 1 for one grey level"),
    ("MaximumProbability", "GYBY", "1", "largest p(i, j)"),
    ("SumAverage", "ZGXS", "1", "Σ k p₊(k), p₊(k) the probability of i + j = k"),
    ("SumEntropy", "P6QZ", "bit", "-Σ p₊(k) log2 p₊(k)"),
    ("SumSquares", "UR99", "1", "Σ (i - μi)² p(i, j)"),
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


def glcm_features(sums: GlcmSums, matrix: Array | float, numbers: Ints) -> Floats:
    """The values of FEATURES, in its order, from sums of matrices and (for MCC) the matrices themselves.

    There is a matrix for every direction, or a weighted one of all; or the MCC that a device has found stands in their
    place. All NaN when none holds a pair of voxels.
    """
    values = np.full(len(FEATURES), np.nan)
    scalars = (sums.total, sums.product, sums.squares, sums.largest)
    _mean_over_directions(scalars, (sums.marginals, sums.plus, sums.minus, sums.few, sums.many), numbers, values)
    if not np.isnan(values[MCC]):
        values[MCC] = matrix if isinstance(matrix, float) else _correlation(sums, matrix)
    return values


def _correlation(sums: GlcmSums, matrix: Array) -> float:
    """MCC; 1 where there is one grey level."""
    if matrix.shape[1] == 1:
        return 1.0
    return mean_maximal_correlation(matrix, sums.total, symmetric=sums.marginals.shape[1] == 1)


@njit
def _mean_over_directions(scalars: tuple[Sums, ...], tables: tuple[Sums, ...], numbers: Ints, values: Floats) -> None:
    """Leaves `values` as they are when no direction holds a pair."""
    marginals, plus, minus, few, many = tables
    directions = 0
    for a in range(marginals.shape[0]):
        if scalars[0][a] == 0:
            continue
        if directions == 0:
            values[:] = 0.0
        directions += 1
        row = _glcm(a, scalars, marginals[a], plus[a], minus[a], few[a], many[a], numbers)
        for place in range(len(row)):
            values[place] += row[place]
    for place in range(values.shape[0]):
        values[place] /= max(directions, 1)


@njit
def _glcm(
    a: int, scalars: tuple[Sums, ...], marginals: Sums, plus: Sums, minus: Sums, few: Counts, many: Sums, numbers: Ints
) -> tuple[float, ...]:
    """One direction: from the marginals of i and j, of i + j and of |i - j|; MCC is left at 0.

    A symmetric matrix has one marginal for both. HXY1 = HXY2 = HX + HY. Where i and j are independent, HXY is HX + HY
    too, but for rounding, whose root would be Imc2. The covariance is (Var(i + j) - Var(i) - Var(j)) / 2, which loses
    no digits to means that are large or far apart.
    """
    total = scalars[0][a]
    mean, variance = _moments(marginals[0], numbers, total)
    single = entropy(marginals[0], total)
    other_mean, other_variance, other_single = mean, variance, single
    if marginals.shape[0] == 2:
        other_mean, other_variance = _moments(marginals[1], numbers, total)
        other_single = entropy(marginals[1], total)
    spread = math.sqrt(variance) * math.sqrt(other_variance)
    tendency, shade, prominence, sum_average = _cluster(plus, mean + other_mean, total)
    contrast, difference_average, id_, idm, idmn, idn, inverse_variance = _differences(minus, numbers[-1], total)
    joint = tallied_entropy(few, many, total)
    most = max(single, other_single)
    information = single + other_single - joint
    if information <= NO_INFORMATION * joint:
        information = 0.0
    return (
        scalars[1][a] / total,
        prominence,
        shade,
        tendency,
        contrast,
        1.0 if spread == 0.0 else (tendency - variance - other_variance) / 2 / spread,
        difference_average,
        entropy(minus, total),
        _difference_variance(minus, difference_average, total),
        id_,
        idm,
        idmn,
        idn,
        0.0 if most == 0.0 else -information / most,
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
def _moments(marginal: Sums, numbers: Ints, total: float) -> tuple[float, float]:
    mean = 0.0
    for i in range(numbers.shape[0]):
        mean += numbers[i] * marginal[i] / total
    variance = 0.0
    for i in range(numbers.shape[0]):
        variance += (numbers[i] - mean) ** 2 * marginal[i] / total
    return mean, variance


@njit
def _cluster(plus: Sums, middle: float, total: float) -> tuple[float, float, float, float]:
    tendency = shade = prominence = average = 0.0
    for k in range(plus.shape[0]):
        if plus[k] == 0:
            continue
        p = plus[k] / total
        away = k - middle
        tendency += away * away * p
        shade += away * away * away * p
        prominence += away * away * away * away * p
        average += k * p
    return tendency, shade, prominence, average


@njit
def _differences(minus: Sums, top: int, total: float) -> tuple[float, float, float, float, float, float, float]:
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
def _difference_variance(minus: Sums, average: float, total: float) -> float:
    variance = 0.0
    for k in range(minus.shape[0]):
        if minus[k] > 0:
            variance += (k - average) ** 2 * (minus[k] / total)
    return variance
