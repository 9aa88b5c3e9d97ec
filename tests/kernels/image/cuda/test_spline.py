"""Coefficients of splines on a device have the CPU's bytes, and are refused where it refuses them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from cuda_host import DeviceFailedError, HostDevice, HostProcess, registered, running
from itk_resampling import noise, patches, windows
from kernel_cases import read_only
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device
from voxmill_kernels.image.box import Box, BoxTooSmallError, Index, whole
from voxmill_kernels.image.recursion import HORIZON
from voxmill_kernels.image.spline import HALO, coefficients
from voxmill_kernels.types import Array

TYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)


def assert_as_the_cpu(device: Device, box: Box, start: Index, stop: Index) -> None:
    """Of a box that is not in order there: the same coefficients, or the same sentence."""
    there = box._replace(voxels=device.upload(np.pad(box.voxels, 1))[1:-1, 1:-1, 1:-1])
    try:
        expected = coefficients(box, start, stop)
    except BoxTooSmallError as error:
        with pytest.raises(BoxTooSmallError, match=str(error)):
            coefficients(there, start, stop)
        return
    found = coefficients(there, start, stop)
    assert type(found) is type(there.voxels)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert to_host(found).tobytes() == expected.tobytes()


def around(image: Array, start: Index, stop: Index, halo: int) -> Box:
    """The box of an image with so many voxels around a window."""
    z, y, x = (max(0, a - halo) for a in start)
    inner = zip((z, y, x), (b + halo for b in stop), strict=True)
    return Box(image[tuple(slice(*ends) for ends in inner)], (z, y, x), whole(image).shape)


@settings(max_examples=12)
@given(st.tuples(*[st.integers(1, 9)] * 3), st.sampled_from(TYPES), st.integers(0, 1000), st.data())
def test_small_images(
    host: HostProcess, shape: tuple[int, int, int], dtype: DTypeLike, seed: int, data: st.DataObject
) -> None:
    start, stop = data.draw(windows(shape))
    with registered(HostDevice(host)) as device:
        assert_as_the_cpu(device, whole(noise(shape, dtype, seed)), start, stop)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("size", [1, 2, 3, HORIZON - 1, HORIZON, HORIZON + 1, 31, 32, 33, 34, 64, 65, 97])
def test_lines_of_every_length(plain: HostProcess, axis: int, size: int) -> None:
    """Around the horizon, and around what a block holds at a time; more lines than a block has."""
    shape = [9, 8, 9]
    shape[axis] = size
    with registered(HostDevice(plain)) as device:
        image = noise(tuple(shape), np.float64, size)
        assert_as_the_cpu(device, whole(image), (0, 0, 0), whole(image).shape)


@settings(max_examples=12)
@given(data=st.data())
def test_a_box_is_enough_or_too_small(plain: HostProcess, data: st.DataObject) -> None:
    shape = data.draw(st.permutations((150, 9, 10)))
    seed, dtype = data.draw(st.integers(0, 1000)), data.draw(st.sampled_from(TYPES))
    image = data.draw(st.sampled_from([noise(tuple(shape), dtype, seed), patches(tuple(shape), seed)]))
    start, stop = data.draw(windows(whole(image).shape))
    halo = data.draw(st.sampled_from([0, 1, 20, 34, 38, HALO]))
    with registered(HostDevice(plain)) as device:
        assert_as_the_cpu(device, around(image, start, stop, halo), start, stop)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("halo", [24, HALO, 90])
def test_beside_many_voxels_of_one_value(plain: HostProcess, axis: int, halo: int) -> None:
    """On which the recursion ends in a cycle of two numbers: either end of the halo alone can leave a bit open."""
    for turned in (False, True):
        line = np.full(300, -39987, dtype=np.int32)
        line[150:] = noise((150,), np.int32)
        lines = np.moveaxis(np.tile(line[::-1] if turned else line, (2, 3, 1)), 2, axis)
        start, stop = [0, 0, 0], list(lines.shape)
        start[axis], stop[axis] = 145, 155
        ends = (start[0], start[1], start[2]), (stop[0], stop[1], stop[2])
        with registered(HostDevice(plain)) as device:
            assert_as_the_cpu(device, around(read_only(lines.copy()), *ends, halo), *ends)


def test_an_empty_window(plain: HostProcess) -> None:
    with registered(HostDevice(plain)) as device:
        assert_as_the_cpu(device, whole(noise((3, 4, 5), np.int16)), (1, 2, 2), (2, 2, 4))


def test_a_race_is_found(thread_sanitizer: Path) -> None:
    with (
        running(thread_sanitizer, "WITHOUT_BARRIERS") as flawed,
        registered(HostDevice(flawed)) as device,
        pytest.raises(DeviceFailedError, match="data race"),
    ):
        assert_as_the_cpu(device, whole(noise((5, 6, 7), np.float32)), (0, 0, 0), (5, 6, 7))


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("halo", [0, HALO, 300])
def test_on_a_gpu(gpu: Device, dtype: DTypeLike, halo: int) -> None:
    image = noise((161, 162, 163), dtype)
    assert_as_the_cpu(gpu, around(image, (60, 3, 50), (81, 72, 70), halo), (60, 3, 50), (81, 72, 70))
