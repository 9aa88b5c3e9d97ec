"""Which neighbours are looked at."""

import numpy as np
import pytest

import naive
from voxmill_kernels.count.offsets import directions


@pytest.mark.parametrize("distance", [1, 2, 3])
def test_directions_are_those_of_the_definition(distance: int) -> None:
    assert list(map(tuple, directions(distance).tolist())) == list(naive.directions(distance))


@pytest.mark.parametrize("distance, count", [(1, 13), (2, 49), (3, 109)])
def test_both_ways_they_are_all_offsets_of_that_distance(distance: int, count: int) -> None:
    forward = directions(distance)
    assert forward.shape == (count, 3)
    assert forward.dtype == np.int64
    both_ways = np.concatenate([forward, -forward])
    assert len(np.unique(both_ways, axis=0)) == 2 * count == (2 * distance + 1) ** 3 - (2 * distance - 1) ** 3
    assert (np.abs(both_ways).max(axis=1) == distance).all()
