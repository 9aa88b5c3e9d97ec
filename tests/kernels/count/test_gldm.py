"""GLDM counts equal those of the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from kernel_cases import VOLUMES, Volume, occurring, swept, volumes


def assert_equals_definition(volume: Volume, alpha: int, *distances: int, across: int | None = None) -> None:
    counts = swept(volume, *distances, across=across, alpha=alpha).gldm
    offsets = naive.directions(*distances, across=across)
    expected = occurring(volume, naive.gldm(volume, alpha=alpha, offsets=offsets))
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("alpha, distance", [(0, 1), (1, 1), (2, 2), (150, 1)])
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str, alpha: int, distance: int) -> None:
    assert_equals_definition(VOLUMES[name], alpha, distance)


@pytest.mark.parametrize("distance", [1, 2, 3])
@given(volume=volumes(max_side=4), alpha=st.integers(0, 6))
def test_drawn_regions(volume: Volume, alpha: int, distance: int) -> None:
    """Levels may be missing: `alpha` compares their numbers, not their places in the table."""
    assert_equals_definition(volume, alpha, distance)


@pytest.mark.parametrize("across", [0, 1, 2])
@given(volume=volumes(max_side=4), alpha=st.integers(0, 3), distances=st.sets(st.integers(1, 3), min_size=1))
def test_in_slices_at_several_distances(volume: Volume, alpha: int, distances: set[int], across: int) -> None:
    assert_equals_definition(volume, alpha, *distances, across=across)


@given(volume=volumes())
def test_with_a_large_alpha_every_neighbour_depends(volume: Volume) -> None:
    flat = (volume > 0).astype(np.int64)
    np.testing.assert_array_equal(swept(volume, alpha=100).gldm.sum(axis=0), swept(flat).gldm[0])
