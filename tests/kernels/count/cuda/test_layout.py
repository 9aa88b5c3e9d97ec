"""What lies where: every place in one tile, every part in its own place, no block with more memory than there is."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuda_cases import Task, regions, tasks
from kernel_cases import Volume, batch_of, read_only
from voxmill_kernels.count import cuda
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.cuda.layout import BOX, MOST_PLACES, PARTS, Layout, Sizes, lay_out, sides_of
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import EVERYTHING, GLDM, GLRLM, GLSZM, NGTDM
from voxmill_kernels.types import Ints


def laid_out(volumes: list[Volume], task: Task, shared_bytes: int) -> Layout:
    offsets = directions(*task.distances, across=task.across)
    batch = batch_of(*volumes, border=max(task.distances))
    return lay_out(batch, len(offsets), wanted=task.wanted, shared_bytes=shared_bytes)


@given(drawn=regions(), task=tasks(), shared_bytes=st.integers(0, 1 << 16))
def test_blocks_have_no_more_memory_than_there_is(drawn: list[Volume], task: Task, shared_bytes: int) -> None:
    layout = laid_out(drawn, task, shared_bytes)
    steps = 4 * (layout.offsets + len(DIRECTIONS))
    assert (layout.shared <= max(shared_bytes, steps)).all()
    assert not (layout.boxes["own"] & ~task.wanted).any()
    together = [box for _, boxes in layout.size_classes() for box in boxes.tolist()]
    assert sorted(together) == list(range(len(drawn)))
    for shared, boxes in layout.size_classes():
        assert (layout.shared[boxes] <= shared).all()
        assert (2 * layout.shared[boxes] > shared).all()


@given(drawn=regions(), task=tasks())
def test_parts_lie_one_after_the_other(drawn: list[Volume], task: Task) -> None:
    layout = laid_out(drawn, task, 0)
    for part in PARTS:
        ends = layout.boxes[part] + layout.shapes[part].prod(axis=1)
        np.testing.assert_array_equal([0, *ends], [*layout.boxes[part], layout.length(part)])


def test_no_order_of_parts_is_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned_round(sizes: Sizes, offsets: int, wanted: int) -> dict[str, tuple[Ints | int, ...]]:
        return dict(reversed(sides_of(sizes, offsets, wanted).items()))

    volumes: list[Volume] = [read_only(np.arange(1, 61).reshape(3, 4, 5)), read_only(np.arange(24).reshape(2, 3, 4))]
    expected = laid_out(volumes, Task(), 1 << 15)
    monkeypatch.setattr("voxmill_kernels.count.cuda.layout.sides_of", turned_round)
    found = laid_out(volumes, Task(), 1 << 15)
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.shared, expected.shared)


def test_small_counts_are_first_to_get_a_place_in_the_memory_of_a_block() -> None:
    def own(shared_bytes: int) -> int:
        return int(laid_out([read_only(np.arange(1, 61).reshape(3, 4, 5))], Task(), shared_bytes).boxes["own"][0])

    assert own(1 << 10) == 0
    assert own(8 << 10) == NGTDM
    assert own(1 << 15) == NGTDM | GLDM | GLRLM
    assert own(1 << 17) == EVERYTHING & ~GLSZM


def test_a_block_keeps_short_runs_however_long_a_box_is() -> None:
    def shared(width: int) -> int:
        layout = laid_out([read_only(np.arange(width).reshape(1, 1, -1) % 60 + 1)], Task(wanted=GLRLM), 1 << 15)
        assert layout.boxes["own"][0] == GLRLM
        return int(layout.shared[0])

    assert shared(400) == shared(60)


def test_sums_that_could_need_more_than_32_bits_are_no_block_s_own() -> None:
    def own(top: int) -> int:
        return int(laid_out([read_only(np.array([[[1, top]]]))], Task(), 1 << 16).boxes["own"][0]) & NGTDM

    most = ((1 << 32) - 1) // (26 * tiles.MOST)
    assert own(most) == NGTDM
    assert own(most + 1) == 0


def test_kernels_know_the_same_fields() -> None:
    text = (Path(cuda.__file__).parent / "box.cuh").read_text(encoding="utf-8")
    (fields,) = re.findall(r"struct Box \{(.*?)\};", text, re.DOTALL)
    names = re.sub(r"//.*|\bInt\b", "", fields).replace(";", ",")
    assert [name.strip() for name in names.split(",") if name.strip()] == list(BOX.names or ())


def test_a_box_with_more_places_than_a_kernel_can_count_is_refused() -> None:
    batch = batch_of(np.ones((1, 1, 1), dtype=np.int64))
    table = batch.table.copy()
    table[0, 1:4] = 1402, 1202, 1302
    assert table[0, 1:4].prod() > MOST_PLACES
    with pytest.raises(ValueError, match=r"1400 x 1200 x 1300 voxels \(z, y, x\) is too large for a GPU"):
        lay_out(replace(batch, table=table), 13, wanted=EVERYTHING, shared_bytes=0)
