"""GLCM features of each direction equal those of the definition; those of a region are their mean.

Relative differences up to 1e-12 come of sums in another order. An absolute 1e-12 goes with them, 1e-9 for ClusterShade:
both for sums of terms that cancel, of cubes of up to 80 there. Imc2 is the root of what may be nothing but rounding, so
its square is compared.
"""

from fractions import Fraction
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
import naive_features
from kernel_cases import (
    VOLUMES,
    Volume,
    batch_of,
    blocks,
    by_name,
    grey_levels,
    occurring,
    read_only,
    swept,
    volumes,
)
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sums import sum_glcm, sum_glcm_as_is
from voxmill_kernels.count.weighting import EQUAL, NORMS, weigh_pairs
from voxmill_kernels.features.glcm import FEATURES, glcm_features
from voxmill_kernels.types import Array, Floats, Ints


def measured_directions(counts: Array, numbers: Ints, *, symmetric: bool = True) -> Floats:
    """Of matrices (offsets, levels, levels)."""
    matrix = read_only(np.ascontiguousarray(counts, dtype=np.uint32))
    return glcm_features((sum_glcm if symmetric else sum_glcm_as_is)(matrix, numbers), matrix, numbers)


def measured(volume: Volume) -> dict[str, float]:
    return by_name(FEATURES, measured_directions(swept(volume).glcm, *batch_of(volume).numbers))


def assert_direction_equals_definition(one_way: Array, numbers: Ints) -> None:
    both_ways = one_way + one_way.T
    assert_are_those(measured_directions(one_way[np.newaxis], numbers), both_ways, numbers)
    assert_are_those(measured_directions(one_way[np.newaxis], numbers, symmetric=False), one_way, numbers)


def assert_are_those(values: Floats, matrix: Array, numbers: Ints) -> None:
    """The values of one matrix as it is."""
    ours = by_name(FEATURES, values)
    joint = matrix / matrix.sum()
    expected = {
        **naive_features.glcm_features(joint, numbers),
        **naive_features.deprecated_glcm_features(joint, numbers),
    }
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        atol = 1e-9 if name == "ClusterShade" else 1e-12
        power = 2 if name == "Imc2" else 1
        np.testing.assert_allclose(ours[name] ** power, value**power, rtol=1e-12, atol=atol, err_msg=name)


def assert_equals_definition(volume: Volume) -> None:
    numbers = np.unique(volume[volume > 0]).astype(np.int64)
    counts = occurring(volume, occurring(volume, naive.glcm(volume), axis=1), axis=2)
    full = [one_way for one_way in counts if one_way.any()]
    for one_way in full:
        assert_direction_equals_definition(one_way, numbers)
    each = [measured_directions(one_way[np.newaxis], numbers) for one_way in full]
    mean = np.mean(each, axis=0) if full else np.full(len(FEATURES), np.nan)
    np.testing.assert_allclose(list(measured(volume).values()), mean, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", sorted(VOLUMES.keys() - {"many levels"}))
def test_named_regions(name: str) -> None:
    assert_equals_definition(VOLUMES[name])


def test_large_counts() -> None:
    assert_equals_definition(blocks())


def test_many_levels() -> None:
    """One direction: the definition is slow."""
    counts = swept(VOLUMES["many levels"]).glcm
    assert_direction_equals_definition(counts[0].astype(np.int64), grey_levels(VOLUMES["many levels"]).numbers)


@given(volume=volumes(max_side=4))
def test_drawn_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


@pytest.mark.parametrize("symmetric", [True, False])
@given(volume=volumes(max_side=4), norm=st.sampled_from([*NORMS, EQUAL]))
def test_weighted(symmetric: bool, volume: Volume, norm: str) -> None:  # noqa: FBT001
    (numbers,), spacing = batch_of(volume).numbers, (1.3, 0.7, 0.9)
    weights = [exp(-(naive.length(offset, spacing, norm) ** 2)) if norm != EQUAL else 1 for offset in naive.DIRECTIONS]
    counts = occurring(volume, occurring(volume, naive.glcm(volume), axis=1), axis=2)
    one_way = np.sum([weight * matrix for weight, matrix in zip(weights, counts, strict=True)], axis=0)
    matrix = weigh_pairs(swept(volume).glcm, directions(1), spacing, norm, symmetric=symmetric)
    values = glcm_features(sum_glcm_as_is(read_only(matrix), numbers), matrix, numbers)
    if counts.any():
        assert_are_those(values, one_way + one_way.T if symmetric else one_way, numbers)
    else:
        assert np.isnan(values).all()


def exact_correlation(matrix: Floats, numbers: Ints) -> float:
    """Of one matrix as it is, in fractions."""
    cells = {(i, j): Fraction(matrix[a, b]) for a, i in enumerate(numbers) for b, j in enumerate(numbers)}
    total = sum(cells.values())
    mean_i, mean_j = (sum(key[side] * c for key, c in cells.items()) / total for side in (0, 1))
    spreads = [sum((key[s] - m) ** 2 * c for key, c in cells.items()) / total for s, m in ((0, mean_i), (1, mean_j))]
    shared = sum((i - mean_i) * (j - mean_j) * c for (i, j), c in cells.items()) / total
    return float(shared / Fraction(sqrt(spreads[0])) / Fraction(sqrt(spreads[1])))


@pytest.mark.parametrize("power", [-20, -40, -120, -700])
@pytest.mark.parametrize("seed", range(8))
def test_correlation_where_nearly_all_weight_lies_in_one_cell(seed: int, power: int) -> None:
    random = np.random.default_rng(seed)
    numbers = np.array([1, 2, 9, 40])
    matrix: Floats = random.integers(0, 9, (4, 4)) * np.float64(2.0**power)
    matrix[1, 3] = 3.0
    values = glcm_features(sum_glcm_as_is(read_only(matrix[np.newaxis]), numbers), matrix[np.newaxis], numbers)
    ours = by_name(FEATURES, values)["Correlation"]
    assert ours == pytest.approx(exact_correlation(matrix, numbers), abs=1e-9)


def test_one_level() -> None:
    ours = measured(VOLUMES["flat"])
    assert [ours[name] for name in ("Correlation", "MCC", "Imc1", "Imc2", "Contrast", "JointEntropy")] == [
        *(1, 1, 0, 0, 0, 0)
    ]


def test_no_pair_of_voxels_is_undefined() -> None:
    assert np.isnan(list(measured(VOLUMES["far apart"]).values())).all()


@given(volume=volumes(max_side=4))
def test_mirroring_changes_nothing(volume: Volume) -> None:
    """The directions come in another order, turned around or not, so that only roundings differ."""
    mirrored = np.ascontiguousarray(volume[::-1, :, ::-1].transpose(2, 0, 1))
    ours, other = measured(volume), measured(mirrored)
    for name, value in ours.items():
        atol = 1e-7 if name == "Imc2" else 1e-9
        np.testing.assert_allclose(other[name], value, rtol=1e-12, atol=atol, err_msg=name)


@pytest.mark.parametrize("volume", [blocks(), VOLUMES["one voxel"]], ids=["blocks", "one voxel"])
def test_mcc_may_be_known_or_left_out_and_the_rest_is_the_same(volume: Volume) -> None:
    matrix, (numbers,) = swept(volume).glcm, batch_of(volume).numbers
    sums = sum_glcm(matrix, numbers)
    expected = by_name(FEATURES, glcm_features(sums, matrix, numbers))
    for mcc in (expected["MCC"], np.nan):
        found = by_name(FEATURES, glcm_features(sums, mcc, numbers))
        np.testing.assert_equal(found, expected | {"MCC": mcc})
