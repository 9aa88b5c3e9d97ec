"""The arena: what lies where, and a batch of unlike boxes counts as its boxes one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernel_cases import VOLUMES, Volume, batch_of, grey_levels, swept, volumes
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import EVERYTHING, FAMILIES, sweep

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
    for volume, numbers, counts in zip(regions, batch.numbers, batch.counts, strict=True):
        expected = np.unique(volume[volume > 0], return_counts=True)
        np.testing.assert_array_equal([numbers, counts], expected)
    assert batch.table[0, 0] == 0
    end = batch.table[-1, 0] + batch.table[-1, 1:4].prod()
    assert len(batch.arena) == end + ((batch.table[:, 2] + 1) * batch.table[:, 3] + 1).max()
    assert not batch.arena[end:].any()


def test_the_tail_is_as_long_as_two_steps_lead() -> None:
    """From the last voxel within the border, along (1, 1, 1)."""
    batch = batch_of(np.ones((3, 4, 5), dtype=np.int64))
    _, depth, height, width, _ = batch.table[0].tolist()
    last = ((depth - 2) * height + height - 2) * width + width - 2
    assert batch.arena[last] == 1
    assert last + 2 * ((height + 1) * width + 1) == len(batch.arena) - 1


@pytest.mark.parametrize("levels, dtype", [(1, np.uint8), (255, np.uint8), (256, np.uint16), (300, np.uint16)])
def test_arena_is_as_narrow_as_its_levels_allow(levels: int, dtype: type) -> None:
    of_levels = np.arange(1, levels + 1).reshape(1, 1, -1)
    batch = batch_of(np.ones((2, 2, 2), dtype=np.int64), of_levels)
    assert batch.arena.dtype == dtype
    assert batch.arena.max() == levels


@given(regions=batches, distance=st.integers(1, 2), alpha=st.integers(0, 1))
def test_a_batch_is_its_boxes_one_by_one(regions: list[Volume], distance: int, alpha: int) -> None:
    together = sweep(batch_of(*regions, border=distance), directions(distance), alpha=alpha)
    assert len(together) == len(regions)
    for matrices, volume in zip(together, regions, strict=True):
        alone = swept(volume, distance, alpha=alpha)
        for family in ("glcm", "gldm", "ngtdm", "glrlm"):
            np.testing.assert_array_equal(getattr(matrices, family), getattr(alone, family))
        for part in ("level", "size", "count"):
            np.testing.assert_array_equal(getattr(matrices.glszm, part), getattr(alone.glszm, part))


@given(volume=volumes(), wanted=st.integers(0, EVERYTHING))
def test_what_is_wanted_does_not_depend_on_what_else_is(volume: Volume, wanted: int) -> None:
    (some,), everything = sweep(batch_of(volume), directions(1), wanted=wanted), swept(volume)
    for family in ("glcm", "gldm", "ngtdm", "glrlm"):
        if wanted & FAMILIES[family]:
            np.testing.assert_array_equal(getattr(some, family), getattr(everything, family))
    if wanted & FAMILIES["glszm"]:
        np.testing.assert_array_equal(some.glszm.count, everything.glszm.count)


def test_matrices_that_need_too_much_memory_are_refused() -> None:
    levels = np.arange(1, 10_001, dtype=np.int64).reshape(1, 100, 100)
    with pytest.raises(
        ValueError, match=r"10000 grey levels in 13 directions need matrices of 4\.9 GiB, at most 4 are taken"
    ):
        swept(levels)


def test_levels_are_placed_in_the_order_of_the_box() -> None:
    volume = VOLUMES["many levels"]
    assert grey_levels(volume).indices.max() == 300
    batch = batch_of(volume)
    placed = batch.arena[batch.arena > 0]
    np.testing.assert_array_equal(batch.numbers[0][placed - 1], volume[volume > 0])
