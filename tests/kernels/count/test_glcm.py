"""GLCM counts equal those of the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from kernel_cases import VOLUMES, Volume, batch_of, occurring, swept, volumes
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import GLCM, sweep


def assert_equals_definition(volume: Volume, *distances: int, across: int | None = None) -> None:
    counts = swept(volume, *distances, across=across).glcm
    expected = naive.glcm(volume, offsets=naive.directions(*distances, across=across))
    np.testing.assert_array_equal(counts, occurring(volume, occurring(volume, expected, axis=1), axis=2))


@pytest.mark.parametrize("distance", [1, 2, 3])
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, distance: int) -> None:
    assert_equals_definition(VOLUMES[name], distance)


@pytest.mark.parametrize("distance", [1, 2, 3])
@given(volume=volumes())
def test_drawn_regions(volume: Volume, distance: int) -> None:
    assert_equals_definition(volume, distance)


@pytest.mark.parametrize("across", [0, 1, 2])
@given(volume=volumes(), distances=st.sets(st.integers(1, 4), min_size=1))
def test_in_slices_at_several_distances(volume: Volume, distances: set[int], across: int) -> None:
    assert_equals_definition(volume, *distances, across=across)


@given(volume=volumes())
def test_turning_the_offsets_around_transposes(volume: Volume) -> None:
    (matrices,) = sweep(batch_of(volume), np.concatenate([directions(1), -directions(1)]), wanted=GLCM)
    counts = matrices.glcm
    np.testing.assert_array_equal(counts[:13], counts[13:].transpose(0, 2, 1))


@given(volume=volumes())
def test_a_wider_border_changes_nothing(volume: Volume) -> None:
    np.testing.assert_array_equal(swept(volume).glcm, swept(volume, border=3).glcm)
