"""GLRLM counts equal those of the definition, with PyRadiomics' rule for directions without a line of two."""

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import VOLUMES, Volume, occurring, read_only, swept, volumes
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.types import Counts


def runs(volume: Volume, border: int = 1) -> Counts:
    return swept(volume, border=border).glrlm


def placed(shape: tuple[int, int, int], voxels: dict[tuple[int, int, int], int]) -> Volume:
    volume = np.zeros(shape, dtype=np.int64)
    for at, level in voxels.items():
        volume[at] = level
    return read_only(volume)


def assert_equals_definition(volume: Volume) -> None:
    np.testing.assert_array_equal(runs(volume), occurring(volume, naive.glrlm(volume), axis=1))


@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str) -> None:
    assert_equals_definition(VOLUMES[name])


@given(volume=volumes())
def test_drawn_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


@pytest.mark.parametrize("across", [0, 1, 2])
@given(volume=volumes())
def test_in_slices(volume: Volume, across: int) -> None:
    """Directions that lead out of a slice are empty."""
    counts = swept(volume, across=across).glrlm
    in_slice = directions(1)[:, across] == 0
    expected = naive.glrlm(volume, offsets=naive.directions(1, across=across))
    np.testing.assert_array_equal(counts[in_slice], occurring(volume, expected, axis=1))
    assert not counts[~in_slice].any()


@given(volume=volumes(max_side=4))
def test_a_wider_border_changes_nothing(volume: Volume) -> None:
    np.testing.assert_array_equal(runs(volume), runs(volume, border=3))


def test_two_voxels_on_no_common_line_are_in_no_direction() -> None:
    assert not runs(placed((3, 4, 5), {(0, 0, 0): 1, (2, 3, 4): 2})).any()


def test_two_voxels_far_apart_on_one_line_are_in_that_direction_only() -> None:
    counts = runs(placed((4, 4, 4), {(0, 0, 0): 1, (3, 3, 3): 2}))
    assert counts[0].tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    assert not counts[1:].any()


def test_a_line_that_leads_backwards_is_found() -> None:
    counts = runs(placed((3, 3, 3), {(0, 2, 2): 1, (2, 0, 0): 1}))
    along = directions(1).tolist().index([1, -1, -1])
    assert counts[along].tolist() == [[2, 0, 0]]
    assert counts.sum() == 2


def test_a_direction_with_one_long_run_is_kept_whole() -> None:
    counts = runs(placed((1, 3, 3), {(0, 0, 0): 1, (0, 0, 1): 1, (0, 2, 2): 1}))
    along_x = directions(1).tolist().index([0, 0, 1])
    assert counts[along_x].tolist() == [[1, 1, 0]]


def test_a_single_voxel_is_in_no_direction() -> None:
    assert not runs(VOLUMES["one voxel"]).any()
