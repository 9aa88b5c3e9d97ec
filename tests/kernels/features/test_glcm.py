"""GLCM features of each direction equal those of the definition; those of a region are their mean.

Relative differences up to 1e-12 come of sums in another order. An absolute 1e-12 goes with them, 1e-9 for ClusterShade:
both for sums of terms that cancel, of cubes of up to 80 there. Imc2 is the root of what may be nothing but rounding, so
its square is compared.
"""

import numpy as np
import pytest
from hypothesis import given

import naive
import naive_features
from kernel_cases import VOLUMES, Volume, batch_of, blocks, by_name, grey_levels, occurring, swept, volumes
from voxmill_kernels.count.sums import sum_glcm
from voxmill_kernels.features.glcm import FEATURES, glcm_features
from voxmill_kernels.types import Array, Floats, Ints


def measured_directions(counts: Array, numbers: Ints) -> Floats:
    """Of matrices (offsets, levels, levels)."""
    matrix = np.ascontiguousarray(counts, dtype=np.uint32)
    return glcm_features(sum_glcm(matrix, numbers), matrix, numbers)


def measured(volume: Volume) -> dict[str, float]:
    return by_name(FEATURES, measured_directions(swept(volume).glcm, *batch_of(volume).numbers))


def assert_direction_equals_definition(one_way: Array, numbers: Ints) -> None:
    ours = by_name(FEATURES, measured_directions(one_way[np.newaxis], numbers))
    both_ways = one_way + one_way.T
    joint = both_ways / both_ways.sum()
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
