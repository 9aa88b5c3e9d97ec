"""NGTDM counts equal those of the definition, in whole numbers and fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from kernel_cases import VOLUMES, Volume, batch_of, occurring, swept, volumes
from voxmill_kernels.types import Ints


def divided(differences: Ints) -> list[Fraction]:
    """The exact s_i."""
    return [sum((Fraction(d, c) for c, d in enumerate(row) if c), Fraction(0)) for row in differences.tolist()]


def assert_equals_definition(volume: Volume, *distances: int, across: int | None = None) -> None:
    offsets = naive.directions(*distances, across=across)
    fractions = naive.ngtdm_fractions(volume, offsets=offsets)
    numbers = np.unique(volume[volume > 0]).tolist()
    assert divided(swept(volume, *distances, across=across).ngtdm) == [fractions[number - 1] for number in numbers]
    voxels = occurring(volume, naive.ngtdm(volume, offsets=offsets))[:, 0]
    np.testing.assert_array_equal(batch_of(volume).counts[0], voxels)


@pytest.mark.parametrize("distance", [1, 2])
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, distance: int) -> None:
    assert_equals_definition(VOLUMES[name], distance)


@pytest.mark.parametrize("distance", [1, 2, 3])
@given(volume=volumes(max_side=4))
def test_drawn_regions(volume: Volume, distance: int) -> None:
    assert_equals_definition(volume, distance)


@pytest.mark.parametrize("across", [0, 1, 2])
@given(volume=volumes(max_side=4), distances=st.sets(st.integers(1, 3), min_size=1))
def test_in_slices_at_several_distances(volume: Volume, distances: set[int], across: int) -> None:
    assert_equals_definition(volume, *distances, across=across)


@given(volume=volumes())
def test_adding_to_every_level_changes_nothing(volume: Volume) -> None:
    shifted = np.where(volume > 0, volume + 5, 0)
    np.testing.assert_array_equal(swept(volume).ngtdm, swept(shifted).ngtdm)


@given(volume=volumes())
def test_voxels_without_neighbours_differ_from_nothing(volume: Volume) -> None:
    assert not swept(volume).ngtdm[:, 0].any()
