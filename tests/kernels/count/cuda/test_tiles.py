"""Tiles: every place in one, none too large, as many as a device can use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuda_cases import tiles_of
from cuda_host import HostDevice
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.cuda.tiles import LEAST, MOST, RESIDENT, blocks_at_once, cut
from voxmill_kernels.types import Ints


def counts_of(sizes: list[int], blocks: int) -> list[int]:
    """How many tiles each box has."""
    table = cut(np.array(sizes), np.arange(len(sizes)), blocks)
    counts: list[int] = np.bincount(table[:, 0], minlength=len(sizes)).tolist()
    return counts


@given(
    sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=5),
    blocks=st.integers(0, 50),
    most=st.integers(1, 300),
    data=st.data(),
)
def test_every_place_lies_in_one_tile(sizes: list[int], blocks: int, most: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(1, most))
    boxes: Ints = np.arange(len(sizes)) + 7
    with tiles_of(most, least):
        table = cut(np.array(sizes), boxes, blocks)
    seen = [np.zeros(size, dtype=np.int64) for size in sizes]
    for box, first, last in table.tolist():
        assert 0 < last - first <= most
        seen[box - 7][first:last] += 1
    assert all((counts == 1).all() for counts in seen)


def test_a_large_box_is_cut_into_as_many_tiles_as_blocks_run_at_once() -> None:
    assert counts_of([10**6], 132) == [132]
    assert counts_of([10**6], 132 * RESIDENT) == pytest.approx([10**6 / LEAST], abs=1)
    assert counts_of([10**8], 132) == [-(-(10**8) // MOST)]


def test_small_boxes_stay_whole() -> None:
    assert counts_of([4032] * 500, 132 * RESIDENT) == [1] * 500
    assert counts_of([100, 10**6, 100], 132) == [1, 132, 1]


def test_blocks_that_share_much_are_fewer() -> None:
    device = HostDevice(multiprocessors=10, shared_bytes=1000)
    assert [blocks_at_once(device, shared) for shared in (0, 100, 251, 400, 600, 1000)] == [40, 40, 30, 20, 10, 10]


def test_a_count_of_a_tile_has_room_in_16_bits() -> None:
    assert tiles.MOST < 1 << 16
