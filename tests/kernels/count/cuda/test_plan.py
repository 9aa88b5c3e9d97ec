"""What counting takes of a device: as many bytes as were said before, in few pieces, and no copy of an arena."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import DTypeLike

from cuda_cases import NARROW, Task, assert_counts_as_the_cpu, regions, tasks
from cuda_host import HostArray, HostDevice, HostProcess, registered
from kernel_cases import Volume, batch_of
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cuda.counting import bytes_needed, count
from voxmill_kernels.count.cuda.plan import Parts, carve, words
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import GLCM
from voxmill_kernels.types import Array


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


def counted_on(device: HostDevice, batch: Batch, task: Task) -> int:
    """Counts a batch; gives how many bytes were said to be needed."""
    offsets = directions(*task.distances, across=task.across)
    needed = bytes_needed(device, batch, offsets, wanted=task.wanted)
    count(device, batch, offsets, across=task.across, alpha=task.alpha, wanted=task.wanted)
    return needed


@given(drawn=regions(), task=tasks())
def test_so_many_bytes_are_taken_as_were_said_to_be_needed(drawn: list[Volume], task: Task) -> None:
    device = CountingDevice()
    assert counted_on(device, batch_of(*drawn, border=max(task.distances)), task) == sum(device.taken)
    assert len(device.taken) <= 5


def test_an_arena_that_lies_on_a_device_stays_there(plain: HostProcess) -> None:
    device = CountingDevice()
    here = batch_of(*NARROW)
    there = replace(here, arena=HostDevice().upload(here.arena))
    with registered(device):
        needed = counted_on(device, there, Task())
    assert sum(device.taken) == needed - here.arena.nbytes
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


def test_more_levels_take_more_memory_before_any_is_taken() -> None:
    device = CountingDevice()
    few, many = (batch_of(np.arange(120).reshape(4, 5, 6) % levels + 1) for levels in (4, 60))
    needed = [bytes_needed(device, batch, directions(1), wanted=GLCM) for batch in (few, many)]
    assert needed[0] + 13 * 4 * (60**2 - 4**2) < needed[1]
    assert device.taken == []
    with pytest.raises(ValueError, match="lead out of a border"):
        bytes_needed(device, few, directions(2))
