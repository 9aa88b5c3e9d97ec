"""The arena of a batch whose levels lie on a device has the bytes of the CPU's; without a race."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_cases import NARROW, WIDE, regions
from cuda_host import HostDevice, HostProcess, registered
from cuda_regions import assert_packed_as_the_cpu, blocks_of
from kernel_cases import Volume, grey_levels
from voxmill_kernels.count.packing import pack


@pytest.mark.parametrize("volumes", [NARROW, WIDE, WIDE[-1:]], ids=["8 bits", "16 bits", "one"])
@pytest.mark.parametrize("border", [1, 2])
def test_named_regions(host: HostProcess, volumes: list[Volume], border: int) -> None:
    """Levels of 8 bits and of 16 come together in one arena of 16."""
    with registered(HostDevice(host)) as device, blocks_of(100):
        assert_packed_as_the_cpu(device, volumes, border)


@settings(max_examples=40)
@given(drawn=regions(6), border=st.integers(1, 3), values=st.sampled_from([5, 1024]))
def test_drawn_regions(plain: HostProcess, drawn: list[Volume], border: int, values: int) -> None:
    with registered(HostDevice(plain)) as device, blocks_of(values):
        assert_packed_as_the_cpu(device, drawn, border)


def test_a_box_with_more_places_than_a_kernel_can_count_is_refused() -> None:
    levels = grey_levels(np.ones((1, 1, 1), dtype=np.int64))
    inside = np.broadcast_to(np.int8(1), (1400, 1200, 1300))
    with registered(HostDevice()) as device:
        there = type(levels)(device.upload(levels.indices), levels.numbers, levels.counts)
        with pytest.raises(ValueError, match=r"1400 x 1200 x 1300 voxels \(z, y, x\) is too large for a GPU"):
            pack([(there, inside)])
