"""NGTDM counts equal those of the definition, in whole numbers and fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import VOLUMES, Volume, batch_of, occurring, swept, volumes
from voxmill_kernels.types import Ints


def divided(differences: Ints) -> list[Fraction]:
    """The exact s_i."""
    return [sum((Fraction(d, c) for c, d in enumerate(row) if c), Fraction(0)) for row in differences.tolist()]


def assert_equals_definition(volume: Volume, distance: int) -> None:
    fractions = naive.ngtdm_fractions(volume, distance=distance)
    numbers = np.unique(volume[volume > 0]).tolist()
    assert divided(swept(volume, distance=distance).ngtdm) == [fractions[number - 1] for number in numbers]
    voxels = occurring(volume, naive.ngtdm(volume, distance=distance))[:, 0]
    np.testing.assert_array_equal(batch_of(volume).counts[0], voxels)


@pytest.mark.parametrize("distance", [1, 2])
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, distance: int) -> None:
    assert_equals_definition(VOLUMES[name], distance)


@pytest.mark.parametrize("distance", [1, 2, 3])
@given(volume=volumes(max_side=4))
def test_drawn_regions(volume: Volume, distance: int) -> None:
    assert_equals_definition(volume, distance)


@given(volume=volumes())
def test_adding_to_every_level_changes_nothing(volume: Volume) -> None:
    shifted = np.where(volume > 0, volume + 5, 0)
    np.testing.assert_array_equal(swept(volume).ngtdm, swept(shifted).ngtdm)


@given(volume=volumes())
def test_voxels_without_neighbours_differ_from_nothing(volume: Volume) -> None:
    assert not swept(volume).ngtdm[:, 0].any()
