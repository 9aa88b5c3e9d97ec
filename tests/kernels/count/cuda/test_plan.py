"""What counting takes of a device: no more bytes than were said before, in few pieces, and no copy of an arena."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from cProfile import Profile
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import DTypeLike

from cuda_cases import NARROW, Task, assert_counts_as_the_cpu, regions, tasks
from cuda_host import HostArray, HostDevice, HostProcess, registered
from kernel_cases import Volume, batch_of
from voxmill_kernels.count.arena import DEPTH, LEVELS, WIDTH, Batch
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.cuda.layout import FIELDS, PARTS, Sizes
from voxmill_kernels.count.cuda.plan import Parts, bytes_of, carve, plan_of, words
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import EVERYTHING, check_counters, counter_shapes
from voxmill_kernels.types import Array

BATCH_BYTES = 1 << 15
"""What a batch takes once."""


@dataclass(frozen=True)
class CountingDevice(HostDevice):
    """One that runs nothing, and notes what is taken of its memory and what it is asked to run."""

    taken: list[int] = field(default_factory=list)
    launches: list[str] = field(default_factory=list)

    def upload(self, array: Array) -> HostArray:
        return self._noted(super().upload(array))

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._noted(super().zeros(shape, dtype))

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._noted(np.empty(shape, dtype=dtype).view(HostArray))

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        self.launches.append(kernel)

    def _noted(self, buffer: HostArray) -> HostArray:
        self.taken.append(buffer.nbytes)
        return buffer


def counted_on(device: HostDevice, batch: Batch, task: Task) -> None:
    offsets = directions(*task.distances, across=task.across)
    count(device, batch, offsets, across=task.across, alpha=task.alpha, wanted=task.wanted)


def foreseen(batch: Batch, task: Task) -> int:
    """How many bytes are said to be needed for a batch."""
    offsets = len(directions(*task.distances, across=task.across))
    boxes = zip(batch.numbers, batch.counts, batch.shapes, batch.table[:, DEPTH : WIDTH + 1].prod(axis=1), strict=True)
    return BATCH_BYTES + sum(
        bytes_of(
            Sizes(len(numbers), int(numbers[-1]), int(counts.sum()), max(shape)),
            int(places),
            offsets,
            wanted=task.wanted,
        )
        for numbers, counts, shape, places in boxes
    )


@given(drawn=regions(), task=tasks())
def test_no_more_bytes_are_taken_than_were_said_to_be_needed(drawn: list[Volume], task: Task) -> None:
    device, batch = CountingDevice(), batch_of(*drawn, border=max(task.distances))
    counted_on(device, batch, task)
    assert sum(device.taken) <= foreseen(batch, task)
    assert len(device.taken) <= 5


def test_many_bytes_are_foreseen_well() -> None:
    device, batch = CountingDevice(), batch_of(np.arange(30 * 40 * 50).reshape(30, 40, 50) % 60 + 1)
    counted_on(device, batch, Task())
    assert foreseen(batch, Task()) < 2 * sum(device.taken)


def test_a_large_clinical_region_needs_less_than_a_small_gpu_has() -> None:
    """Half of the voxels of a box of 400 x 400 x 300 with 200 levels: 6 GB hold it twice, and filters beside it."""
    sizes = Sizes(200, 200, 24_000_000, 400)
    assert bytes_of(sizes, 402 * 402 * 302, 13, wanted=EVERYTHING) < 1_500_000_000


def test_an_arena_that_lies_on_a_device_stays_there(plain: HostProcess) -> None:
    here, devices = batch_of(*NARROW), (CountingDevice(), CountingDevice())
    there = replace(here, arena=HostDevice().upload(here.arena))
    for device, batch in zip(devices, (here, there), strict=True):
        with registered(device):
            counted_on(device, batch, Task())
    assert sum(devices[0].taken) - sum(devices[1].taken) == here.arena.nbytes
    with registered(HostDevice(plain)) as working:
        found = count(working, there, directions(1))
    assert_counts_as_the_cpu(HostDevice(plain), NARROW, Task(), found)


def test_a_batch_takes_no_more_launches_than_a_box() -> None:
    one, many = CountingDevice(), CountingDevice()
    counted_on(one, batch_of(NARROW[0]), Task())
    counted_on(many, batch_of(*[NARROW[0]] * 40), Task())
    assert one.launches == many.launches


def test_parts_of_a_buffer_begin_at_whole_words() -> None:
    parts: Parts = {"three": (3, np.uint32), "none": (0, np.int64), "two": (2, np.int64), "five": (5, np.uint16)}
    buffer = HostDevice().zeros(words(parts), np.int64)
    found = carve(buffer, parts)
    for value, name in enumerate(parts, 1):
        found[name][...] = value
    assert {name: (len(part), part.dtype) for name, part in found.items()} == parts
    np.testing.assert_array_equal(buffer.view(np.ndarray)[2:4], [3, 3])
    assert all(part.base is not None for part in found.values())


@given(drawn=regions(), task=tasks())
def test_a_box_is_planned_the_same_in_every_batch(drawn: list[Volume], task: Task) -> None:
    border, offsets = max(task.distances), directions(*task.distances, across=task.across)
    batch = batch_of(*drawn, border=border)
    planned = plan_of(HostDevice(), batch, offsets, wanted=task.wanted).layout
    for place, volume in enumerate(drawn):
        alone = plan_of(HostDevice(), batch_of(volume, border=border), offsets, wanted=task.wanted).layout
        for name in set(FIELDS) - {"start", "numbers", *PARTS}:
            assert planned.boxes[name][place] == alone.boxes[name][0], name
        assert planned.shared[place] == alone.shared[0]
        for part, shapes in alone.shapes.items():
            np.testing.assert_array_equal(planned.shapes[part][place], shapes[0])


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected meanwhile: what is called then would count too."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_batch_is_planned_with_no_more_calls_than_a_box() -> None:
    """Not box by box: a device would wait for that."""

    def calls(batch: Batch) -> int:
        profile = Profile(builtins=False)
        profile.runcall(plan_of, HostDevice(), batch, directions(1), wanted=EVERYTHING)
        return sum(entry.callcount for entry in profile.getstats())

    with uncollected():
        assert calls(batch_of(*[NARROW[0]] * 40)) == calls(batch_of(NARROW[0]))


def with_sizes(*sizes: tuple[int, int]) -> Batch:
    """Boxes that are said to have so many levels, and to be so wide."""
    batch = batch_of(*[NARROW[0]] * len(sizes))
    table = batch.table.copy()
    table[:, LEVELS], table[:, WIDTH] = np.transpose(sizes)
    return replace(batch, table=table)


def test_the_first_box_that_needs_too_much_is_refused() -> None:
    batch = with_sizes((10, 10), (12_000, 10), (10_000, 10))
    with pytest.raises(ValueError, match=r"12000 grey levels in 13 directions need matrices of 7\.0 GiB"):
        plan_of(HostDevice(), batch, directions(1), wanted=EVERYTHING)


def test_many_levels_of_one_box_and_the_width_of_another_need_not_go_together() -> None:
    batch = with_sizes((4_000, 10), (10, 200_000))
    check_counters(batch.table[:, LEVELS], 13, batch.longest, EVERYTHING)
    with pytest.raises(ValueError, match="4000 grey levels"):
        counter_shapes(4_000, 13, 200_000, EVERYTHING)


def test_what_can_not_be_counted_takes_no_memory() -> None:
    device = CountingDevice()
    with pytest.raises(ValueError, match="lead out of a border"):
        count(device, batch_of(NARROW[0]), directions(2))
    assert device.taken == []
