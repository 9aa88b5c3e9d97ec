"""Which neighbours are looked at."""

import numpy as np
import pytest

import naive
from voxmill_kernels.count.offsets import directions, neighbours


@pytest.mark.parametrize("distance", [1, 2, 3])
def test_directions_are_those_of_the_definition(distance: int) -> None:
    assert list(map(tuple, directions(distance).tolist())) == list(naive.directions(distance))


@pytest.mark.parametrize("distance, count", [(1, 26), (2, 98), (3, 218)])
def test_neighbours_are_all_offsets_of_that_distance(distance: int, count: int) -> None:
    offsets = neighbours(distance)
    assert offsets.shape == (count, 3)
    assert offsets.dtype == np.int64
    assert len(np.unique(offsets, axis=0)) == count
    assert (np.abs(offsets).max(axis=1) == distance).all()
