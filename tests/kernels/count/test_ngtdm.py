"""NGTDM counts equal those of the definition, in whole numbers and fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import VOLUMES, Volume, batch_of, occurring, volumes
from voxmill_kernels.count.ngtdm import Ngtdm, count_ngtdm
from voxmill_kernels.count.offsets import neighbours


def divided(ngtdm: Ngtdm) -> list[Fraction]:
    """The exact s_i."""
    return [sum((Fraction(d, c) for c, d in enumerate(row) if c), Fraction(0)) for row in ngtdm.differences.tolist()]


def assert_equals_definition(volume: Volume, distance: int) -> None:
    (ngtdm,) = count_ngtdm(batch_of(volume, border=distance), neighbours(distance))
    fractions = naive.ngtdm_fractions(volume, distance=distance)
    numbers = np.unique(volume[volume > 0]).tolist()
    assert divided(ngtdm) == [fractions[number - 1] for number in numbers]
    voxels = occurring(volume, naive.ngtdm(volume, distance=distance))[:, 0]
    np.testing.assert_array_equal(ngtdm.voxels, voxels)


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
    (ngtdm,) = count_ngtdm(batch_of(volume), neighbours())
    (shifted,) = count_ngtdm(batch_of(np.where(volume > 0, volume + 5, 0)), neighbours())
    np.testing.assert_array_equal(ngtdm.differences, shifted.differences)


@given(volume=volumes())
def test_voxels_without_neighbours_differ_from_nothing(volume: Volume) -> None:
    (ngtdm,) = count_ngtdm(batch_of(volume), neighbours())
    assert not ngtdm.differences[:, 0].any()
