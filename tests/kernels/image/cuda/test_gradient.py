"""Lengths of the gradient on a device have the CPU's bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_host import HostDevice, HostProcess, registered
from image_cases import noise
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device
from voxmill_kernels.image.cuda import places
from voxmill_kernels.image.gradient import magnitude
from voxmill_kernels.types import Spacing


def assert_as_the_cpu(device: Device, shape: tuple[int, int, int], spacing_zyx: Spacing) -> None:
    """What is made has this shape; the box on the device is one that is not in order."""
    box = noise(shape[0], tuple(size + 2 for size in shape), np.float64)
    wide = device.upload(np.pad(box, 1))[1:-1, 1:-1, 1:-1]
    found, expected = magnitude(wide, spacing_zyx), magnitude(box, spacing_zyx)
    assert type(found) is type(wide)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert to_host(found).tobytes() == expected.tobytes()


@settings(max_examples=20)
@given(st.tuples(*[st.integers(1, 7)] * 3), st.tuples(*[st.floats(0.3, 6)] * 3), st.sampled_from([3, 1 << 11]))
def test_drawn_boxes(host: HostProcess, shape: tuple[int, int, int], spacing_zyx: Spacing, of_a_block: int) -> None:
    """Whether all places are one block's, or many blocks share them."""
    with registered(HostDevice(host)) as device, pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "PLACES", of_a_block)
        patch.setattr(places, "THREADS", of_a_block)
        assert_as_the_cpu(device, shape, spacing_zyx)


@pytest.mark.gpu
def test_on_a_gpu(gpu: Device) -> None:
    assert_as_the_cpu(gpu, (61, 62, 63), (2.5, 0.7, 0.9))
