"""Checks of the oracles of features: by hand, against IBSI and PyRadiomics.

The published values are those of the IBSI 1 reference manual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pytest
import SimpleITK as sitk

import naive
import naive_features
from naive_cases import PHANTOM, VOLUMES, Levels
from naive_regions import generic, glcm_features, glrlm_features, present, size_features

Numbers: TypeAlias = naive_features.Numbers
Calculate: TypeAlias = Callable[..., dict[str, float]]

SPACING = (3.0, 0.7, 1.3)

volumes = pytest.mark.parametrize("levels", VOLUMES.values(), ids=VOLUMES.keys())
# PyRadiomics takes means of nothing, which NumPy warns of.
quietly = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def assert_published(computed: Mapping[str, float], published: str) -> None:
    """Each published "Name value" is the computed one after IBSI's rounding."""
    for name, value in (line.split() for line in published.strip().splitlines()):
        assert float(f"{computed[name]:.3g}") == float(value), name


# IBSI's values and hand-worked cases


def test_first_order_of_the_phantom() -> None:
    computed = naive_features.first_order(PHANTOM[PHANTOM > 0].tolist())
    published = """
        Mean 2.15
        Variance 3.05
        Skewness 1.08
        Median 1
        Minimum 1
        10Percentile 1
        90Percentile 4
        Maximum 6
        InterquartileRange 3
        Range 5
        MeanAbsoluteDeviation 1.55
        RobustMeanAbsoluteDeviation 1.11
        Energy 567
        RootMeanSquared 2.77
    """
    assert_published(computed, published)
    assert float(f"{computed['Kurtosis'] - 3:.3g}") == -0.355
    assert len(computed) == 17


def test_first_order_of_equal_values() -> None:
    computed = naive_features.first_order([0.1] * 6, voxel_volume=2.0)
    flat = ["Variance", "Skewness", "Kurtosis", "RobustMeanAbsoluteDeviation", "Range"]
    assert [computed[name] for name in flat] == [0, 0, 0, 0, 0]
    assert computed["TotalEnergy"] == 2 * computed["Energy"]


def test_percentiles_are_linear_between_ranks() -> None:
    computed = naive_features.first_order([5.0, 1.0])
    assert computed["10Percentile"] == pytest.approx(1.4)
    assert computed["90Percentile"] == pytest.approx(4.6)
    assert computed["InterquartileRange"] == 2
    assert math.isnan(computed["RobustMeanAbsoluteDeviation"])


def test_entropy_in_bits() -> None:
    assert naive_features.entropy([3, 0, 3]) == 1
    assert naive_features.entropy([5]) == 0
    assert naive_features.entropy([[0.25, 0.25], [0.25, 0.25]]) == 2
    assert float(f"{naive_features.entropy([50, 1, 16, 7]):.3g}") == 1.27


def test_glcm_features_of_the_phantom() -> None:
    published = """
        MaximumProbability 0.503
        JointAverage 2.14
        SumSquares 3.1
        JointEntropy 2.4
        DifferenceAverage 1.43
        DifferenceVariance 3.06
        DifferenceEntropy 1.56
        SumAverage 4.29
        SumEntropy 1.92
        JointEnergy 0.303
        Contrast 5.32
        Id 0.677
        Idn 0.851
        Idm 0.618
        Idmn 0.898
        InverseVariance 0.0604
        Correlation 0.157
        Autocorrelation 5.06
        ClusterTendency 7.07
        ClusterShade 16.6
        ClusterProminence 145
        Imc1 -0.157
        Imc2 0.52
    """
    computed = glcm_features(PHANTOM)
    assert_published(computed, published)
    assert len(computed) == 24


def test_glcm_features_of_one_paired_level() -> None:
    flat = naive_features.glcm_features(np.array([[1.0]]), [1])
    lone = naive_features.glcm_features(np.array([[1.0, 0.0], [0.0, 0.0]]), [1, 4])
    for features in (flat, lone):
        assert features["Correlation"] == 1
        assert features["Imc1"] == features["Imc2"] == features["JointEntropy"] == 0
    assert (flat["MCC"], lone["MCC"]) == (1, 0)


def test_maximal_correlation_of_two_levels_is_the_correlation() -> None:
    features = naive_features.glcm_features(np.array([[0.5, 0.1], [0.1, 0.3]]), [2, 5])
    assert features["MCC"] == pytest.approx(features["Correlation"], rel=1e-12)


def test_glrlm_features_of_the_phantom() -> None:
    published = """
        SmallEmphasis 0.705
        LargeEmphasis 3.06
        LowGrayLevelEmphasis 0.603
        HighGrayLevelEmphasis 9.7
        SmallLowGrayLevelEmphasis 0.352
        SmallHighGrayLevelEmphasis 8.54
        LargeLowGrayLevelEmphasis 2.39
        LargeHighGrayLevelEmphasis 17.6
        GrayLevelNonUniformity 21.8
        GrayLevelNonUniformityNormalized 0.43
        SizeNonUniformity 26.9
        SizeNonUniformityNormalized 0.513
        Percentage 0.68
        GrayLevelVariance 3.46
        SizeVariance 0.574
        Entropy 2.43
    """
    assert_published(glrlm_features(PHANTOM), published)


def test_glszm_features_of_the_phantom() -> None:
    published = """
        SmallEmphasis 0.255
        LargeEmphasis 550
        LowGrayLevelEmphasis 0.253
        HighGrayLevelEmphasis 15.6
        SmallLowGrayLevelEmphasis 0.0256
        SmallHighGrayLevelEmphasis 2.76
        LargeLowGrayLevelEmphasis 503
        LargeHighGrayLevelEmphasis 1490
        GrayLevelNonUniformity 1.4
        SizeNonUniformityNormalized 0.2
        Percentage 0.0676
        GrayLevelVariance 2.64
        SizeVariance 331
        Entropy 2.32
    """
    assert_published(size_features(PHANTOM, naive.glszm(PHANTOM)), published)


def test_gldm_features_of_the_phantom() -> None:
    published = """
        SmallEmphasis 0.045
        LargeEmphasis 109
        SmallLowGrayLevelEmphasis 0.00963
        SmallHighGrayLevelEmphasis 0.736
        LargeLowGrayLevelEmphasis 102
        LargeHighGrayLevelEmphasis 235
        GrayLevelNonUniformity 37.9
        SizeNonUniformity 4.86
        Percentage 1
        SizeVariance 22.1
        Entropy 4.4
    """
    assert_published(size_features(PHANTOM, naive.gldm(PHANTOM)), published)


def test_ngtdm_features_of_the_phantom() -> None:
    published = """
        Coarseness 0.0296
        Contrast 0.584
        Busyness 6.54
        Complexity 13.5
        Strength 0.763
    """
    assert_published(naive_features.ngtdm_features(naive.ngtdm(PHANTOM)), published)


def test_ngtdm_features_with_denominators_of_zero() -> None:
    flat = naive_features.ngtdm_features(naive.ngtdm(np.ones((2, 2, 2), int)))
    assert flat == {
        "Coarseness": 1e6,
        "Contrast": 0,
        "Busyness": 0,
        "Complexity": 0,
        "Strength": 0,
    }
    balanced = np.array([[[1] * 6 + [2] * 3 + [3] * 2]])  # n_i i is 6 for each level
    assert naive_features.ngtdm_features(naive.ngtdm(balanced))["Busyness"] == 0


# PyRadiomics


@pytest.fixture
def calculated(radiomics: ModuleType) -> Calculate:
    """Runs a feature class of PyRadiomics: name, levels of the region, its values if they are others."""
    classes = radiomics.getFeatureClasses()

    def run(name: str, levels: Levels, values: Numbers | None = None) -> dict[str, float]:
        image = sitk.GetImageFromArray(np.asarray(levels if values is None else values, np.float64))
        mask = sitk.GetImageFromArray((levels > 0).astype(np.uint8))
        for one in (image, mask):
            one.SetSpacing(SPACING[::-1])
        features = classes[name](image, mask, binWidth=1)
        features.enableAllFeatures()
        if name == "firstorder":
            features.enableFeatureByName("StandardDeviation")
        # Rounding can leave the eigenvalues of a line, and so its axes, with an imaginary part near 0.
        return {key: float(np.real(value)) for key, value in features.execute().items()}

    return run


def assert_same(ours: Mapping[str, float], theirs: Mapping[str, float], *, atol: float = 1e-12) -> None:
    """Equal but for PyRadiomics' epsilons; where no direction is left it has NaN."""
    if not ours:
        assert all(math.isnan(value) for value in theirs.values())
        return
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, 1e-11, atol, err_msg=name)


@quietly
@volumes
@pytest.mark.parametrize("scale", [1, -0.37])
def test_first_order_is_that_of_pyradiomics(calculated: Calculate, levels: Levels, scale: float) -> None:
    if scale != 1 and len(present(levels)) == 1:
        pytest.skip("PyRadiomics' mean of equal fractions is off by a rounding")
    values = levels * scale
    theirs = calculated("firstorder", levels, values)
    ours = naive_features.first_order(values[levels > 0], voxel_volume=math.prod(SPACING))
    assert ours.keys() == theirs.keys() - {"Entropy", "Uniformity"}
    assert_same(ours, {name: theirs[name] for name in ours})


@quietly
@volumes
def test_entropy_is_that_of_pyradiomics(calculated: Calculate, levels: Levels) -> None:
    counts = [np.count_nonzero(levels == number) for number in present(levels)]
    theirs = calculated("firstorder", levels)
    assert naive_features.entropy(counts) == pytest.approx(theirs["Entropy"], abs=1e-12)


@quietly
@volumes
def test_glcm_features_are_those_of_pyradiomics(calculated: Calculate, levels: Levels) -> None:
    ours, theirs = glcm_features(levels), calculated("glcm", levels)
    assert not ours or ours.keys() == theirs.keys()
    # A root of what is near 0 turns an error of 1e-16 into one of 1e-8.
    roots = {name: theirs.pop(name) for name in ("MCC", "Imc2")}
    assert_same(ours, roots, atol=1e-7)
    assert_same(ours, theirs)


@quietly
@volumes
@pytest.mark.parametrize("name", ["glrlm", "glszm", "gldm"])
def test_size_features_are_those_of_pyradiomics(calculated: Calculate, levels: Levels, name: str) -> None:
    ours = glrlm_features(levels) if name == "glrlm" else size_features(levels, getattr(naive, name)(levels))
    assert_same(ours, generic(name, calculated(name, levels)))


@volumes
def test_ngtdm_features_are_those_of_pyradiomics(calculated: Calculate, levels: Levels) -> None:
    ours = naive_features.ngtdm_features(naive.ngtdm(levels))
    assert_same(ours, calculated("ngtdm", levels))


@volumes
def test_covariance_has_the_axes_of_pyradiomics(calculated: Calculate, levels: Levels) -> None:
    eigenvalues = np.linalg.eigvalsh(naive.covariance(levels, SPACING))
    theirs = calculated("shape", levels)
    names = ["LeastAxisLength", "MinorAxisLength", "MajorAxisLength"]
    ours = {name: 4 * math.sqrt(max(value, 0)) for name, value in zip(names, eigenvalues.tolist(), strict=True)}
    assert_same(ours, {name: theirs[name] for name in names}, atol=1e-6)
