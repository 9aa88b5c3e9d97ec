"""GLSZM cells equal those of the definition."""

import numpy as np
import pytest
from hypothesis import given

import naive
from kernel_cases import VOLUMES, Volume, blocks, dense, occurring, read_only, swept, volumes
from voxmill_kernels.count.cells import Cells


def zones(volume: Volume, border: int = 1, across: int | None = None) -> Cells:
    return swept(volume, border=border, across=across).glszm


def assert_equals_definition(volume: Volume, across: int | None = None) -> None:
    cells = zones(volume, across=across)
    matrix = occurring(volume, naive.glszm(volume, offsets=naive.directions(1, across=across)))
    np.testing.assert_array_equal(dense(cells, len(matrix))[0], matrix)
    assert (cells.count > 0).all()


@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(name: str) -> None:
    assert_equals_definition(VOLUMES[name])


@given(volume=volumes())
def test_drawn_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


@pytest.mark.parametrize("across", [0, 1, 2])
@given(volume=volumes())
def test_in_slices(volume: Volume, across: int) -> None:
    assert_equals_definition(volume, across)


@given(volume=volumes(max_side=4))
def test_a_wider_border_changes_nothing(volume: Volume) -> None:
    levels = len(np.unique(volume[volume > 0]))
    np.testing.assert_array_equal(dense(zones(volume), levels), dense(zones(volume, border=2), levels))


def test_a_winding_zone_is_one() -> None:
    """A spiral, whose ends are first seen as zones of their own."""
    spiral = np.array([[1, 1, 1, 1, 1], [2, 2, 2, 2, 1], [1, 1, 1, 2, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1]])
    cells = zones(read_only(spiral[np.newaxis]))
    assert list(zip(cells.level, cells.size, cells.count, strict=True)) == [(0, 17, 1), (1, 8, 1)]


def test_large_zones() -> None:
    assert_equals_definition(blocks())
