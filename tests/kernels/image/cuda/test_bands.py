"""Weighted sums along an axis on a device have the CPU's bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from cuda_host import DeviceFailedError, HostDevice, HostProcess, registered, running
from image_cases import TYPES, noise
from kernel_cases import read_only
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device
from voxmill_kernels.image.bands import add_quotient, convolve
from voxmill_kernels.image.cuda import bands
from voxmill_kernels.types import Array

SHAPES = st.tuples(*[st.integers(1, 7)] * 3)


@contextmanager
def rows_of(count: int) -> Iterator[None]:
    """Blocks make so many sums of a line, so that short lines have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "ROWS", count)
        yield


def assert_as_the_cpu(device: Device, box: Array, reach: int, axis: int, part: tuple[int, int]) -> None:
    """In a part of an axis; the box on the device is one that is not in order."""
    weights = read_only(np.random.default_rng(reach).normal(size=reach + 1))
    wide = device.upload(np.pad(box, 1))[1:-1, 1:-1, 1:-1]
    found, expected = convolve(wide, weights, axis, *part), convolve(box, weights, axis, *part)
    assert type(found) is type(wide)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert to_host(found).tobytes() == expected.tobytes()


@settings(max_examples=30)
@given(SHAPES, st.sampled_from(TYPES), st.integers(0, 9), st.integers(0, 2), st.sampled_from([4, 8]), st.data())
def test_drawn_boxes(
    host: HostProcess,
    shape: tuple[int, int, int],
    dtype: DTypeLike,
    reach: int,
    axis: int,
    rows: int,
    data: st.DataObject,
) -> None:
    """Whatever a block makes of them, and however few lines it has room for."""
    first = data.draw(st.integers(0, shape[axis] - 1))
    part = first, data.draw(st.integers(1, shape[axis] - first))
    room = data.draw(st.sampled_from([512, 1024, 1 << 16]))
    with registered(HostDevice(host, shared_bytes=room)) as device, rows_of(rows):
        assert_as_the_cpu(device, noise(reach, shape, dtype), reach, axis, part)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_more_lines_and_sums_than_a_block_has(plain: HostProcess, axis: int) -> None:
    box = noise(1, tuple(70 if axis == place else 6 + place for place in range(3)), np.int16)
    with registered(HostDevice(plain)) as device:
        assert_as_the_cpu(device, box, 5, axis, (1, 69))


def test_a_flat_box_and_an_empty_one(plain: HostProcess) -> None:
    with registered(HostDevice(plain)) as device:
        assert_as_the_cpu(device, read_only(np.full((3, 4, 5), -1000, np.int16)), 7, 1, (0, 4))
        assert_as_the_cpu(device, read_only(np.zeros((0, 4, 5), np.int16)), 7, 1, (0, 4))


def test_a_line_that_no_block_has_room_for(plain: HostProcess) -> None:
    with (
        registered(HostDevice(plain, shared_bytes=1 << 10)) as device,
        pytest.raises(MemoryError, match="244 voxels of a line need 4432 bytes of a block, which has 1024"),
    ):
        assert_as_the_cpu(device, noise(2, (1, 1, 200), np.float32), 90, 2, (0, 200))


@given(st.integers(0, 2**32 - 1), SHAPES, st.floats(1e-3, 1e3))
def test_quotients(host: HostProcess, seed: int, shape: tuple[int, int, int], divisor: float) -> None:
    term, total = noise(seed, shape, np.float32), np.array(noise(seed + 1, shape, np.float32))
    with registered(HostDevice(host)) as device:
        found = device.upload(total)
        add_quotient(device.upload(term), divisor, found)
    add_quotient(np.array(term), divisor, total)
    assert to_host(found).tobytes() == total.tobytes()


def test_a_race_is_found(thread_sanitizer: Path) -> None:
    with (
        running(thread_sanitizer, "WITHOUT_BARRIERS") as flawed,
        registered(HostDevice(flawed)) as device,
        pytest.raises(DeviceFailedError, match="data race"),
    ):
        assert_as_the_cpu(device, noise(3, (5, 6, 7), np.float32), 2, 1, (0, 6))


@pytest.mark.gpu
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("reach", [0, 39, 400])
def test_on_a_gpu(gpu: Device, axis: int, dtype: DTypeLike, reach: int) -> None:
    assert_as_the_cpu(gpu, noise(4, (161, 162, 163), dtype), reach, axis, (1, 158))
