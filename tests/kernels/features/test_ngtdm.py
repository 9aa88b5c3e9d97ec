"""NGTDM features equal those of the definition; relative differences up to 1e-12 come of sums in another order."""

import numpy as np
import pytest
from hypothesis import given

import naive
import naive_features
from kernel_cases import VOLUMES, Volume, batch_of, by_name, read_only, swept, volumes
from voxmill_kernels.features.ngtdm import FEATURES, ngtdm_features


def measured(volume: Volume) -> dict[str, float]:
    batch = batch_of(volume)
    return by_name(FEATURES, ngtdm_features(swept(volume).ngtdm, *batch.counts, *batch.numbers))


def assert_equals_definition(volume: Volume) -> None:
    expected = naive_features.ngtdm_features(naive.ngtdm(volume))
    assert measured(volume) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str) -> None:
    assert_equals_definition(VOLUMES[name])


@given(volume=volumes())
def test_drawn_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


def test_one_level() -> None:
    assert measured(VOLUMES["flat"]) == {
        "Busyness": 0,
        "Coarseness": 1e6,
        "Complexity": 0,
        "Contrast": 0,
        "Strength": 0,
    }


@pytest.mark.parametrize("numbers", [(1, 2, 3), (1, 3, 6), (2, 5, 7), (3, 7, 10, 11)])
def test_busyness_is_zero_where_its_divisor_is(numbers: tuple[int, ...]) -> None:
    """Levels i of n_i voxels with the same i n_i: fractions of them need not be equal, whole numbers are."""
    product = int(np.prod(numbers))
    line = np.concatenate([np.full(product // number, number) for number in numbers])
    assert measured(read_only(line.reshape(1, 1, -1)))["Busyness"] == 0.0
