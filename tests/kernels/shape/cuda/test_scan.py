"""The scan of a box on a device gives what the CPU's does, to the last bit; without a race."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_host import HostDevice, HostProcess, registered
from cuda_regions import assert_scans_as_the_cpu, blocks_of
from kernel_cases import VOLUMES, masks, read_only
from voxmill_kernels.types import Bools


@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(host: HostProcess, name: str) -> None:
    with registered(HostDevice(host)) as device, blocks_of(60):
        assert_scans_as_the_cpu(device, read_only(VOLUMES[name] > 0))


@settings(max_examples=40)
@given(inside=masks(max_side=8), places=st.sampled_from([9, 1 << 13]))
def test_drawn_regions(plain: HostProcess, inside: Bools, places: int) -> None:
    with registered(HostDevice(plain)) as device, blocks_of(places):
        assert_scans_as_the_cpu(device, inside)


@pytest.mark.parametrize("shape", [(1, 1, 1), (40, 1, 1), (1, 40, 1), (1, 1, 40), (20, 30, 25)])
def test_boxes(plain: HostProcess, shape: tuple[int, int, int]) -> None:
    with registered(HostDevice(plain)) as device:
        assert_scans_as_the_cpu(device, read_only(np.ones(shape, dtype=bool)))


def test_a_region_of_every_code(plain: HostProcess) -> None:
    inside = np.random.default_rng(2).random((17, 18, 19)) < 0.5
    with registered(HostDevice(plain, threads=8)) as device:
        assert_scans_as_the_cpu(device, read_only(inside))
