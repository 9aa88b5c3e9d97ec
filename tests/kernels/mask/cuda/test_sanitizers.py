"""The sanitizers would find what is wrong: a kernel without its atomics, its barriers or all of a buffer fails."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import DTypeLike

from cuda_cases import NARROW
from cuda_host import DeviceFailedError, HostArray, HostDevice, registered, running
from cuda_regions import (
    assert_levels_as_the_cpu,
    assert_packed_as_the_cpu,
    assert_scans_as_the_cpu,
    blocks_of,
    intensities_of,
)
from kernel_cases import read_only


def scan_a_block(device: HostDevice) -> None:
    inside = np.ones((4, 5, 6), dtype=bool)
    inside[::2, ::2, ::2] = False
    assert_scans_as_the_cpu(device, read_only(inside))


def count_near(device: HostDevice) -> None:
    """By blocks with histograms of their own."""
    assert_levels_as_the_cpu(device, intensities_of((200,), "int16", 5), width=2)


def count_far_apart(device: HostDevice) -> None:
    assert_levels_as_the_cpu(device, intensities_of((200,), "int16", 6000), width=200)


def pack_some(device: HostDevice) -> None:
    assert_packed_as_the_cpu(device, NARROW[:2], 1)


Work = Callable[[HostDevice], None]
RACES: list[tuple[str, str, Work]] = [
    ("WITHOUT_ATOMICS", "scan_surface", scan_a_block),
    ("WITHOUT_BARRIERS", "scan_surface", scan_a_block),
    ("WITHOUT_ATOMICS", "count_values_int16", count_near),
    ("WITHOUT_BARRIERS", "count_values_int16", count_near),
    ("WITHOUT_ATOMICS", "count_values_int16", count_far_apart),
]


class ShortDevice(HostDevice):
    """One whose buffers lack their last number."""

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return super().zeros(int(np.prod(shape)) - 1, dtype)


class TinyDevice(HostDevice):
    """One whose buffers have few numbers: the tail of an arena is not enough to hide what is beside its boxes."""

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        del shape
        return super().zeros(8, dtype)


@pytest.mark.parametrize("flaw, kernel, work", RACES)
def test_a_race_is_found(thread_sanitizer: Path, flaw: str, kernel: str, work: Work) -> None:
    with (
        running(thread_sanitizer) as sound,
        running(thread_sanitizer, flaw) as flawed,
        registered(HostDevice(sound, others={kernel: flawed})) as device,
        blocks_of(50),
        pytest.raises(DeviceFailedError, match="data race"),
    ):
        work(device)


def find_overflow(program: Path, kind: type[HostDevice], work: Work) -> None:
    with (
        running(program) as process,
        registered(kind(process)) as device,
        pytest.raises(DeviceFailedError, match="heap-buffer-overflow"),
    ):
        work(device)


@pytest.mark.parametrize("work", [scan_a_block, count_near, count_far_apart])
def test_a_number_outside_a_buffer_is_found(address_sanitizer: Path, work: Work) -> None:
    find_overflow(address_sanitizer, ShortDevice, work)


def test_a_place_outside_an_arena_is_found(address_sanitizer: Path) -> None:
    find_overflow(address_sanitizer, TinyDevice, pack_some)
