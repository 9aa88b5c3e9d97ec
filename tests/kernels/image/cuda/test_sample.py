"""Values between voxels on a device have the CPU's bytes."""

from collections.abc import Callable
from functools import partial
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
from voxmill_kernels.cuda.sources import WHOLE
from voxmill_kernels.device import Device
from voxmill_kernels.image.box import Box, whole
from voxmill_kernels.image.cuda import places, sample
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.image.sample import cubic, linear, nearest, to_type
from voxmill_kernels.types import Array

Sampler = Callable[[Box, Lines], Array]
FLAT: Sampler = partial(cubic, flat=True)
SHAPES = st.tuples(*[st.integers(1, 6)] * 3)


def assert_as_the_cpu(device: Device, sampler: Sampler, box: Box, lines: Lines) -> None:
    """Of a box that is not in order, and lines that lie here or there."""
    wide = device.upload(np.pad(box.voxels, 1))[1:-1, 1:-1, 1:-1]
    there = lines._replace(starts=device.upload(lines.starts), steps=device.upload(lines.steps))
    expected = sampler(box, lines)
    for one in (lines, there):
        found = sampler(box._replace(voxels=wide), one)
        assert type(found) is type(wide)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        assert to_host(found).tobytes() == expected.tobytes()


@st.composite
def some_lines(draw: st.DrawFn, shape: tuple[int, ...]) -> Lines:
    """Along x and oblique, in, across and outside of an image, often on voxels and half between them."""
    number = draw(st.integers(1, 3))
    places = st.integers(-2, 2 * max(shape) + 1).map(lambda half: half / 2) | st.floats(-2.0, max(shape) + 1.0)
    ways = st.integers(-12, 12).map(float) | st.floats(-9.0, 9.0)
    starts, steps = ([[draw(one) for _ in shape] for _ in range(number)] for one in (places, ways))
    if draw(st.booleans()):
        steps[0][:2] = [0.0, 0.0]
    first, width = draw(st.integers(0, 3)), draw(st.integers(1, 9))
    length = first + width + draw(st.integers(0, 2))
    return Lines(read_only(np.array(starts)), read_only(np.array(steps)), length, first, width)


def part_of(image: Array, lines: Lines) -> Box:
    """What samplers need of an image, mirrored voxels at a border included."""
    ends = (
        lines.starts[:, None]
        + np.array([lines.first, lines.first + lines.width])[:, None] / lines.length * (lines.steps[:, None])
    )
    at = ends.reshape(-1, 3)
    start = np.clip(np.floor(at.min(axis=0)) - 3, 0, image.shape).astype(int)
    stop = np.clip(np.ceil(at.max(axis=0)) + 4, start, image.shape).astype(int)
    z, y, x = start.tolist()
    return Box(image[tuple(slice(*ends) for ends in zip(start, stop, strict=True))], (z, y, x), whole(image).shape)


@pytest.mark.parametrize("sampler, flat", [(nearest, False), (linear, False), (cubic, False), (FLAT, True)])
@settings(max_examples=25)
@given(
    data=st.data(),
    shape=SHAPES,
    dtype=st.sampled_from(TYPES),
    of_a_block=st.sampled_from([3, 1 << 11]),
    lanes=st.sampled_from([1, 4, 32]),
)
def test_drawn_lines(
    host: HostProcess,
    sampler: Sampler,
    flat: bool,  # noqa: FBT001
    data: st.DataObject,
    shape: tuple[int, int, int],
    dtype: DTypeLike,
    of_a_block: int,
    lanes: int,
) -> None:
    """Through whole images and the parts of them that they touch, which may be none; few threads or many for a line."""
    shape = (1, *shape[1:]) if flat else shape
    image = noise(data.draw(st.integers(0, 1000)), shape, np.float64 if sampler in (cubic, FLAT) else dtype)
    lines = data.draw(some_lines(shape))
    with registered(HostDevice(host)) as device, pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "PLACES", of_a_block)
        patch.setattr(places, "THREADS", of_a_block)
        patch.setattr(sample, "LANES", lanes)
        assert_as_the_cpu(device, sampler, whole(image), lines)
        assert_as_the_cpu(device, sampler, part_of(image, lines), lines)


def test_an_infinite_voxel_says_nothing_at_its_neighbours(plain: HostProcess) -> None:
    image = read_only(np.array([1.0, np.inf, 2.0]).reshape(1, 1, 3))
    with registered(HostDevice(plain)) as device:
        assert_as_the_cpu(device, linear, whole(image), Lines(np.zeros((1, 3)), np.array([[0.0, 0.0, 3.0]]), 3, 0, 3))


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("dtype", WHOLE)
def test_casts_are_those_of_the_cpu(plain: HostProcess, dtype: str, rounded: bool) -> None:  # noqa: FBT001
    """Around the limits of types, infinite ones and whole numbers too."""
    limits = [float(end) for one in WHOLE for end in (np.iinfo(one).min, np.iinfo(one).max)]
    near = [limit + away for limit in limits for away in (-1.5, -0.7, -0.5, 0.0, 0.3, 0.5, 1.0)]
    values = read_only(np.array([*near, -np.inf, -1e300, -2.5, -0.0, 0.49999999999999994, 1.5, 1e300, np.inf]))
    with registered(HostDevice(plain)) as device:
        for some in (values, noise(9, (5,), np.int16)):
            found = to_type(device.upload(some), dtype, rounded=rounded)
            expected = to_type(some, dtype, rounded=rounded)
            assert found.dtype == expected.dtype
            assert to_host(found).tobytes() == expected.tobytes()


def test_a_position_outside_of_the_box_is_found(address_sanitizer: Path) -> None:
    lines = Lines(np.array([[1.0, 2.0, 0.0]]), np.zeros((1, 3)), 1, 0, 1)
    with (
        running(address_sanitizer) as process,
        registered(HostDevice(process)) as device,
        pytest.raises(DeviceFailedError, match="heap-buffer-overflow"),
    ):
        linear(Box(device.upload(np.ones((2, 2, 2))), (0, 0, 0), (2, 9, 9)), lines)


@pytest.mark.gpu
@pytest.mark.parametrize("sampler", [nearest, linear, cubic])
def test_on_a_gpu(gpu: Device, sampler: Sampler) -> None:
    random = np.random.default_rng(7)
    image = noise(8, (60, 70, 80), np.float64 if sampler is cubic else np.int16)
    lines = Lines(random.uniform(-2, 70, (999, 3)), random.uniform(-60, 60, (999, 3)), 100, 3, 90)
    assert_as_the_cpu(gpu, sampler, whole(image), lines)
