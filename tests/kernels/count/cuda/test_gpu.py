"""The whole path on a GPU: counts and sums equal those of the CPU, to the last bit."""

import numpy as np
import pytest
from hypothesis import given

from cuda_cases import NARROW, WIDE, Task, assert_counts_as_the_cpu, regions, tasks
from kernel_cases import Volume, read_only
from voxmill_kernels.device import Device

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("volumes", [NARROW, WIDE], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("task", [Task(), Task((2,), alpha=1), Task((1, 3), across=0)], ids=str)
def test_named_regions(gpu: Device, volumes: list[Volume], task: Task) -> None:
    assert_counts_as_the_cpu(gpu, volumes, task)


@given(drawn=regions(8), task=tasks())
def test_drawn_regions(gpu: Device, drawn: list[Volume], task: Task) -> None:
    assert_counts_as_the_cpu(gpu, drawn, task)


@pytest.mark.parametrize("levels", [2, 32, 64, 200, 400])
def test_large_regions(gpu: Device, levels: int) -> None:
    """Of many tiles, beside a small one; with zones and counts too large for tables."""
    noise = np.random.default_rng(5).integers(0, levels + 1, (80, 90, 100))
    smooth = read_only(np.sort(noise, axis=2))
    assert_counts_as_the_cpu(gpu, [read_only(noise), smooth, NARROW[0]], Task())


def test_many_small_regions(gpu: Device) -> None:
    drawn = np.random.default_rng(6).integers(0, 33, (500, 12, 14, 16))
    assert_counts_as_the_cpu(gpu, [read_only(volume) for volume in drawn], Task())


def test_regions_of_one_level_and_of_voxels_apart(gpu: Device) -> None:
    """The longest runs and the largest zone there can be, and lines along which no two voxels touch."""
    flat, apart = np.ones((90, 100, 110), dtype=np.int64), np.zeros((40, 50, 60), dtype=np.int64)
    apart[::2, ::2, ::2] = 1
    assert_counts_as_the_cpu(gpu, [read_only(flat), read_only(apart)], Task())
