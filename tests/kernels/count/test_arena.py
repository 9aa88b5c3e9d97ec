"""The arena: what lies where, and a batch of unlike boxes counts as its boxes one by one."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernel_cases import VOLUMES, Volume, batch_of, grey_levels, volumes
from voxmill_kernels.count.arena import Batch, allocate
from voxmill_kernels.count.glcm import count_glcm
from voxmill_kernels.count.gldm import count_gldm
from voxmill_kernels.count.glrlm import count_glrlm
from voxmill_kernels.count.glszm import count_glszm
from voxmill_kernels.count.ngtdm import count_ngtdm
from voxmill_kernels.count.offsets import directions, neighbours

batches = st.lists(volumes(max_side=4) | st.sampled_from(list(VOLUMES.values())), min_size=1, max_size=4)


def box_in_arena(batch: Batch, index: int) -> NDArray[np.unsignedinteger]:
    offset, *shape, _ = batch.table[index].tolist()
    return batch.arena[offset : offset + int(np.prod(shape))].reshape(shape)


@given(regions=batches, border=st.integers(1, 3))
def test_boxes_lie_in_a_border_of_zeros(regions: list[Volume], border: int) -> None:
    batch = batch_of(*regions, border=border)
    for index, volume in enumerate(regions):
        numbers = np.concatenate([[0], np.unique(volume[volume > 0])])
        padded = np.pad(volume, border)
        np.testing.assert_array_equal(numbers[box_in_arena(batch, index)], padded)


@given(regions=batches, border=st.integers(1, 3))
def test_table(regions: list[Volume], border: int) -> None:
    batch = batch_of(*regions, border=border)
    assert len(batch) == len(regions)
    assert batch.shapes == [volume.shape for volume in regions]
    assert batch.levels == [len(numbers) for numbers in batch.numbers]
    for volume, numbers in zip(regions, batch.numbers, strict=True):
        np.testing.assert_array_equal(numbers, np.unique(volume[volume > 0]))
    assert batch.table[0, 0] == 0
    assert batch.table[-1, 0] + batch.table[-1, 1:4].prod() == len(batch.arena)


@pytest.mark.parametrize("levels, dtype", [(1, np.uint8), (255, np.uint8), (256, np.uint16), (300, np.uint16)])
def test_arena_is_as_narrow_as_its_levels_allow(levels: int, dtype: type) -> None:
    of_levels = np.arange(1, levels + 1).reshape(1, 1, -1)
    batch = batch_of(np.ones((2, 2, 2), dtype=np.int64), of_levels)
    assert batch.arena.dtype == dtype
    assert batch.arena.max() == levels


def test_allocate_gives_zeros_that_share_one_array() -> None:
    flat, starts, views = allocate([(2, 3), (0, 4), (5,)], np.uint32)
    assert [view.shape for view in views] == [(2, 3), (0, 4), (5,)]
    assert starts.tolist() == [0, 6, 6]
    assert flat.dtype == np.uint32
    assert not flat.any()
    views[2][:] = 1
    assert flat.tolist() == [0] * 6 + [1] * 5


def glcm(batch: Batch) -> list[list[NDArray[np.integer]]]:
    return [[matrix] for matrix in count_glcm(batch, directions())]


def glrlm(batch: Batch) -> list[list[NDArray[np.integer]]]:
    return [[matrix] for matrix in count_glrlm(batch, directions())]


def glszm(batch: Batch) -> list[list[NDArray[np.integer]]]:
    return [[cells.level, cells.size, cells.count] for cells in count_glszm(batch, directions())]


def gldm(batch: Batch) -> list[list[NDArray[np.integer]]]:
    return [[matrix] for matrix in count_gldm(batch, neighbours(), alpha=1)]


def ngtdm(batch: Batch) -> list[list[NDArray[np.integer]]]:
    return [[one.voxels, one.differences] for one in count_ngtdm(batch, neighbours())]


@pytest.mark.parametrize("count", [glcm, glrlm, glszm, gldm, ngtdm])
@given(regions=batches)
def test_a_batch_is_its_boxes_one_by_one(
    count: Callable[[Batch], list[list[NDArray[np.integer]]]], regions: list[Volume]
) -> None:
    together = count(batch_of(*regions))
    assert len(together) == len(regions)
    for counted, volume in zip(together, regions, strict=True):
        (alone,) = count(batch_of(volume))
        for one, other in zip(counted, alone, strict=True):
            np.testing.assert_array_equal(one, other)


def test_levels_are_placed_in_the_order_of_the_box() -> None:
    volume = VOLUMES["many levels"]
    assert grey_levels(volume).indices.max() == 300
    batch = batch_of(volume)
    placed = batch.arena[batch.arena > 0]
    np.testing.assert_array_equal(batch.numbers[0][placed - 1], volume[volume > 0])
