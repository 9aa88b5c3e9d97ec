"""GLCM counts equal those of the definition."""

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import VOLUMES, Volume, batch_of, occurring, volumes
from voxmill_kernels.count.glcm import count_glcm
from voxmill_kernels.count.offsets import directions, neighbours


def assert_equals_definition(volume: Volume, distance: int) -> None:
    (counts,) = count_glcm(batch_of(volume, border=distance), directions(distance))
    expected = naive.glcm(volume, offsets=naive.directions(distance))
    np.testing.assert_array_equal(counts, occurring(volume, occurring(volume, expected, axis=1), axis=2))


@pytest.mark.parametrize("distance", [1, 2, 3])
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, distance: int) -> None:
    assert_equals_definition(VOLUMES[name], distance)


@pytest.mark.parametrize("distance", [1, 2, 3])
@given(volume=volumes())
def test_drawn_regions(volume: Volume, distance: int) -> None:
    assert_equals_definition(volume, distance)


@given(volume=volumes())
def test_turning_the_offsets_around_transposes(volume: Volume) -> None:
    batch = batch_of(volume)
    (counts,) = count_glcm(batch, neighbours())
    np.testing.assert_array_equal(counts[:13], counts[13:].transpose(0, 2, 1))


@given(volume=volumes())
def test_a_wider_border_changes_nothing(volume: Volume) -> None:
    (narrow,) = count_glcm(batch_of(volume), directions())
    (wide,) = count_glcm(batch_of(volume, border=3), directions())
    np.testing.assert_array_equal(narrow, wide)
