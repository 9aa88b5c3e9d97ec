"""The sanitizers would find what is wrong: a kernel without its atomics, its barriers or all of a buffer fails."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import DTypeLike

from cuda_cases import Task, assert_counts_as_the_cpu, tiles_of
from cuda_host import DeviceFailedError, HostArray, HostDevice, running
from kernel_cases import Volume, read_only

ATOMICS = ["sweep8", "follow_lines8", "finish_runs", "join_zones8", "measure_zones8", "count_zones8", "sum_pairs"]
BARRIERS = ["sweep8", "follow_lines8", "join_zones8", "sum_pairs"]
FLAWS = [
    *[("WITHOUT_ATOMICS", kernel) for kernel in ATOMICS],
    *[("WITHOUT_BARRIERS", kernel) for kernel in BARRIERS],
]


def zones_in_many_tiles() -> Volume:
    """Two large zones, and many of one voxel."""
    volume = np.zeros((5, 5, 9), dtype=np.int64)
    volume[:, :, :3] = 2
    volume[:, :, 0] = 3
    volume[::2, ::2, 4::2] = 1
    return read_only(volume)


def voxels_apart() -> Volume:
    """Lines meet voxels in all directions, none of which are next to each other."""
    volume = np.zeros((5, 5, 9), dtype=np.int64)
    volume[::2, ::2, ::2] = 1
    return read_only(volume)


class ShortDevice(HostDevice):
    """One whose buffers lack their last number."""

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        assert isinstance(shape, int)
        return super().zeros(max(0, shape - 1), dtype)


@pytest.mark.parametrize("own", [0, 1 << 16])
@pytest.mark.parametrize("flaw, kernel", FLAWS)
def test_a_race_is_found(thread_sanitizer: Path, flaw: str, kernel: str, own: int) -> None:
    with running(thread_sanitizer) as sound, running(thread_sanitizer, flaw) as flawed, tiles_of(80):
        device = HostDevice(sound, shared_bytes=own, others={kernel: flawed})
        with pytest.raises(DeviceFailedError, match="data race"):
            assert_counts_as_the_cpu(device, [zones_in_many_tiles(), voxels_apart()], Task())


def test_a_number_outside_a_buffer_is_found(address_sanitizer: Path) -> None:
    flat = read_only(np.ones((3, 3, 3), dtype=np.int64))
    with (
        running(address_sanitizer) as process,
        pytest.raises(DeviceFailedError, match="heap-buffer-overflow"),
    ):
        assert_counts_as_the_cpu(ShortDevice(process), [flat], Task())
