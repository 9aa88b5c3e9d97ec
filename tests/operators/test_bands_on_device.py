"""LoG and resampling on a device: the CPU's bytes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import DTypeLike

import voxmill as vm
from chain_cases import assert_as_the_cpu
from cuda_host import HostDevice
from image_cases import TYPES, noise, tiny
from kernel_cases import read_only
from voxmill.execute import derive, share
from voxmill.grid import Grid
from voxmill.operators.log import Laplacian
from voxmill.operators.operator import Operator
from voxmill.operators.resample import Coefficients, resampling
from voxmill.steps import Resample
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device

Rounding = Literal["none", "nearest", "truncate"]
SHAPE = (9, 10, 11)
INNER = vm.Window((0, 0, 3), (6, 7, 8))
types = pytest.mark.parametrize("dtype", TYPES)


def image(dtype: DTypeLike) -> vm.Volume:
    return vm.Volume(noise(3, SHAPE, dtype), spacing=(0.7, 0.8, 2.5))


@types
def test_laplacians(threads: HostDevice, dtype: DTypeLike) -> None:
    assert_as_the_cpu(threads, image(dtype), [[Laplacian(0.5)], [Laplacian(2.0)]], INNER)


def test_a_laplacian_of_a_slice(threads: HostDevice) -> None:
    assert_as_the_cpu(threads, vm.Volume(noise(4, (12, 13), np.float32), spacing=(0.7, 0.8)), [[Laplacian(1.0)]], INNER)


def resampled(source: vm.Volume, interpolator: str, rounding: Rounding) -> Sequence[Operator]:
    """The operators of a step, onto a grid that is turned against the image's and reaches out of it."""
    turned = np.array([[0.9, 0.1, 0.0], [-0.1, 1.1, 0.2], [0.0, -0.3, 1.3]])
    matrix = source.grid.matrix.copy()
    matrix[:3, :3] = matrix[:3, :3] @ turned
    step = Resample(spacing_mm=(1, 1, 1), interpolator=interpolator, rounding=rounding)
    return resampling(step, source.dtype, Grid((11, 10, 12), matrix))  # type: ignore[arg-type]


@pytest.mark.parametrize("interpolator", ["nearest", "linear", "bspline"])
@pytest.mark.parametrize("rounding", ["none", "nearest", "truncate"])
@types
def test_resampled(threads: HostDevice, interpolator: str, rounding: Rounding, dtype: DTypeLike) -> None:
    assert_as_the_cpu(threads, image(dtype), [resampled(image(dtype), interpolator, rounding)], INNER)


def of_tiny_numbers() -> tuple[vm.Volume, Sequence[Sequence[Operator]]]:
    """An image of numbers below the normal ones of single precision, and what makes others of them."""
    source = vm.Volume(tiny(3, SHAPE), spacing=(0.7, 0.8, 2.5))
    return source, [[Laplacian(0.5)], *(resampled(source, name, "none") for name in ("nearest", "linear", "bspline"))]


def test_numbers_below_the_normal_ones(threads: HostDevice) -> None:
    assert_as_the_cpu(threads, *of_tiny_numbers(), INNER)


def test_a_slice_resampled(threads: HostDevice) -> None:
    source = vm.Volume(noise(4, (12, 13), np.float32), spacing=(0.7, 0.8))
    finer = Grid((1, 17, 19), np.diag([1, 0.5, 0.6, 1]), 2)  # type: ignore[arg-type]
    operators = resampling(Resample(spacing_mm=(0.6, 0.5)), source.dtype, finer)
    assert_as_the_cpu(threads, source, [operators], INNER)


def test_a_halo_that_is_not_enough(threads: HostDevice) -> None:
    """Beside voxels of one value on which the recursion of splines ends in a cycle."""
    voxels = np.full((2, 2, 300), -39987, dtype=np.int32)
    voxels[..., 200:] = noise(6, (2, 2, 100), np.int32)
    source = vm.Volume(read_only(voxels), spacing=(1, 1, 1))
    made = derive(source, Coefficients())
    window = vm.Window((0, 0, 140), (2, 2, 160))
    (found,) = share([made], [window], threads)
    assert to_host(found).tobytes() == made.read(window).tobytes()


@pytest.mark.gpu
@pytest.mark.parametrize("interpolator", ["nearest", "linear", "bspline"])
@types
def test_resampled_on_a_gpu(gpu: Device, interpolator: str, dtype: DTypeLike) -> None:
    assert_as_the_cpu(gpu, image(dtype), [resampled(image(dtype), interpolator, "nearest")], INNER)


@pytest.mark.gpu
def test_numbers_below_the_normal_ones_on_a_gpu(gpu: Device) -> None:
    assert_as_the_cpu(gpu, *of_tiny_numbers(), INNER)


@pytest.mark.gpu
@types
def test_laplacians_on_a_gpu(gpu: Device, dtype: DTypeLike) -> None:
    assert_as_the_cpu(gpu, image(dtype), [[Laplacian(0.5)], [Laplacian(2.0)]], INNER)
