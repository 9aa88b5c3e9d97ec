"""Which neighbours are looked at."""

from types import ModuleType

import numpy as np
import pytest

import naive
from voxmill_kernels.count.offsets import directions


@pytest.mark.parametrize("across", [None, 0, 1, 2])
@pytest.mark.parametrize("distances", [(1,), (2,), (3,), (1, 2), (3, 1), (1, 2, 3)])
def test_directions_are_those_of_the_definition(distances: tuple[int, ...], across: int | None) -> None:
    ours = directions(*distances, across=across)
    assert list(map(tuple, ours.tolist())) == list(naive.directions(*distances, across=across))


@pytest.mark.parametrize("across", [None, 0, 1, 2])
@pytest.mark.parametrize("distances", [(1,), (3, 1), (2, 3, 5)])
def test_order_is_that_of_pyradiomics(radiomics: ModuleType, distances: tuple[int, ...], across: int | None) -> None:
    in_slices = (0, 0) if across is None else (1, across)
    theirs = radiomics.cMatrices.generate_angles(np.array([9, 9, 9]), np.array(distances), 0, *in_slices)
    np.testing.assert_array_equal(directions(*distances, across=across), theirs)


def test_no_distance_has_no_offsets() -> None:
    assert directions().shape == (0, 3)


@pytest.mark.parametrize("distance, count", [(1, 13), (2, 49), (3, 109)])
def test_both_ways_they_are_all_offsets_of_that_distance(distance: int, count: int) -> None:
    forward = directions(distance)
    assert forward.shape == (count, 3)
    assert forward.dtype == np.int64
    both_ways = np.concatenate([forward, -forward])
    assert len(np.unique(both_ways, axis=0)) == 2 * count == (2 * distance + 1) ** 3 - (2 * distance - 1) ** 3
    assert (np.abs(both_ways).max(axis=1) == distance).all()
