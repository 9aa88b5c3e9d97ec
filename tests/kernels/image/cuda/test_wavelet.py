"""Passes of wavelets on a device have the CPU's bytes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from cuda_host import DeviceFailedError, HostArray, HostDevice, HostProcess, registered, running
from image_cases import noise
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device
from voxmill_kernels.image.cuda import places
from voxmill_kernels.image.wavelet import convolve, names, taps

SEEDS = st.integers(0, 2**32 - 1)
REAL = st.sampled_from([np.float32, np.float64])
SHAPES = st.tuples(*[st.integers(1, 7)] * 3)


def assert_as_the_cpu(
    device: Device, shape: tuple[int, ...], name: str, dtype: DTypeLike, axis: int, inner: int
) -> None:
    """What is made has this shape; the box on the device is one that is not in order."""
    filter_taps = taps(name, np.dtype(dtype), high=True)
    longer = [size + (len(filter_taps) - 1) * (place == axis) for place, size in enumerate(shape)]
    box = noise(inner + 9, tuple(longer), dtype)
    wide = device.upload(np.pad(box, 1))[1:-1, 1:-1, 1:-1]
    found, expected = convolve(wide, filter_taps, axis, inner), convolve(box, filter_taps, axis, inner)
    assert type(found) is type(wide)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert to_host(found).tobytes() == expected.tobytes()


@settings(max_examples=30)
@given(SHAPES, st.sampled_from(names()), REAL, st.integers(0, 2), st.integers(-9, 9), st.sampled_from([3, 1 << 11]))
def test_drawn_boxes(
    host: HostProcess,
    shape: tuple[int, int, int],
    name: str,
    dtype: DTypeLike,
    axis: int,
    inner: int,
    of_a_block: int,
) -> None:
    """Whether all places are one block's, or many blocks share them."""
    inner = max(inner, shape[axis] - len(taps(name, np.dtype(dtype), high=True)))
    with registered(HostDevice(host)) as device, pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "PLACES", of_a_block)
        patch.setattr(places, "THREADS", of_a_block)
        assert_as_the_cpu(device, shape, name, dtype, axis, inner)


class ShortDevice(HostDevice):
    """One whose buffers lack their last line."""

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        assert not isinstance(shape, int)
        return super().empty((*shape[:-1], shape[-1] - 1), dtype)


def test_a_number_outside_a_buffer_is_found(address_sanitizer: Path) -> None:
    with (
        running(address_sanitizer) as process,
        registered(ShortDevice(process)) as device,
        pytest.raises(DeviceFailedError, match="heap-buffer-overflow"),
    ):
        assert_as_the_cpu(device, (2, 3, 4), "coif1", np.float64, 1, 3)


@pytest.mark.gpu
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("inner", [-2, 60])
def test_on_a_gpu(gpu: Device, axis: int, dtype: DTypeLike, inner: int) -> None:
    assert_as_the_cpu(gpu, (61, 62, 63), "coif3", dtype, axis, inner)
