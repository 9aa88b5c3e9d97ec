"""Chains of operators on a device: the CPU's bytes, and where a last digit may differ, the levels that do are counted.

How many that are is not promised: it depends on the device.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import DTypeLike

import voxmill as vm
from chain_cases import assert_as_the_cpu
from cuda_host import HostArray, HostDevice
from image_cases import TYPES, noise, tiny
from voxmill.execute import derive, share
from voxmill.operators.crop import Crop
from voxmill.operators.gradient import Gradient
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import Exactness, Operator
from voxmill.operators.pointwise import Exponential, Logarithm, Square, SquareRoot
from voxmill.operators.scale import Scale
from voxmill.operators.wavelet import bands
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device
from voxmill_kernels.levels import bin_edges
from voxmill_kernels.types import Floats

ODD = (13, 10, 11)
INNER = vm.Window((2, 0, 3), (9, 9, 8))
CROPPED = Crop(vm.Window((1, 1, 0), (12, 10, 11)))
LAST_DIGITS = 4
"""A device's logarithm and exponential, NumPy's, and a product of each, are off by one at most."""
ALIKE: dict[str, Sequence[Operator]] = {
    "square": [Square()],
    "square root": [SquareRoot()],
    "normalise": [Normalise()],
    "normalise, outliers": [Normalise(scale=100, outliers=1.5)],
    "scale": [Scale(1.7)],
    "gradient": [Gradient()],
    "gradient, without spacing": [Gradient(use_spacing=False)],
    "crop": [CROPPED],
    "crop, scale, normalise, gradient, square": [CROPPED, Scale(0.3), Normalise(), Gradient(), Square()],
}
"""Chains with the same bytes everywhere."""
alike = pytest.mark.parametrize("chain", ALIKE.values(), ids=ALIKE)
types = pytest.mark.parametrize("dtype", TYPES)


def image(dtype: DTypeLike) -> vm.Volume:
    return vm.Volume(noise(3, ODD, dtype), spacing=(0.7, 0.8, 2.5))


@alike
@types
def test_bytes_are_those_of_the_cpu(threads: HostDevice, chain: Sequence[Operator], dtype: DTypeLike) -> None:
    assert all(one.exactness != Exactness.BOUND for one in chain)
    assert_as_the_cpu(threads, image(dtype), [chain], INNER)


@alike
def test_numbers_below_the_normal_ones(threads: HostDevice, chain: Sequence[Operator]) -> None:
    assert_as_the_cpu(threads, vm.Volume(tiny(3, ODD), spacing=(0.7, 0.8, 2.5)), [chain], INNER)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("wavelet, levels", [("coif1", 2), ("dmey", 1)])
def test_all_bands_of_a_wavelet(threads: HostDevice, dtype: DTypeLike, wavelet: str, levels: int) -> None:
    """Of an image whose sides are odd, one of them, and which a filter may go around more than once."""
    chains = list(bands(wavelet, shape=ODD, levels=levels).values())
    assert_as_the_cpu(threads, image(dtype), chains, INNER)


@pytest.mark.parametrize("operator", [Logarithm(), Exponential()])
def test_logarithm_and_exponential_are_made_on_the_device(threads: HostDevice, operator: Operator) -> None:
    assert operator.on_device
    made = derive(image(np.int16), operator)
    (found,) = share([made], [INNER], threads)
    assert isinstance(found, HostArray)
    np.testing.assert_allclose(to_host(found), made.read(INNER), rtol=1e-14)


def differing(found: Floats, expected: Floats, edges: Floats) -> int:
    """How many voxels have another level; all values agree within last digits, and so those voxels lie at an edge."""
    np.testing.assert_array_max_ulp(found, expected, LAST_DIGITS)
    levels, known = (np.searchsorted(edges, values, side="right") for values in (found, expected))
    differ = levels != known
    crossed = edges[np.maximum(levels, known)[differ] - 1]
    np.testing.assert_array_max_ulp(crossed, expected[differ], LAST_DIGITS)
    return int(differ.sum())


def test_levels_that_differ_are_counted() -> None:
    edges = np.array([0.0, 25, 50, 75])
    expected = np.array([0.5, 25, 50, np.nextafter(75, 0)])
    found = np.array([0.5, np.nextafter(25, 0), np.nextafter(50, 99), 75])
    assert differing(found, expected, edges) == 2
    with pytest.raises(AssertionError):
        differing(expected + 1e-12, expected, edges)


@pytest.mark.gpu
@alike
@types
def test_bytes_on_a_gpu(gpu: Device, chain: Sequence[Operator], dtype: DTypeLike) -> None:
    assert_as_the_cpu(gpu, image(dtype), [chain], INNER)


@pytest.mark.gpu
def test_numbers_below_the_normal_ones_on_a_gpu(gpu: Device) -> None:
    source = vm.Volume(tiny(3, ODD), spacing=(0.7, 0.8, 2.5))
    assert_as_the_cpu(gpu, source, [*ALIKE.values(), *bands("coif1", shape=ODD, levels=2).values()], INNER)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_all_bands_of_a_wavelet_on_a_gpu(gpu: Device, dtype: DTypeLike) -> None:
    assert_as_the_cpu(gpu, image(dtype), list(bands("coif1", shape=ODD, levels=2).values()), INNER)


@pytest.mark.gpu
@pytest.mark.parametrize("operator", [Logarithm(), Exponential()], ids=repr)
def test_levels_that_differ_on_a_gpu(gpu: Device, operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    made = derive(vm.Volume(noise(5, (80, 90, 100), np.int16), spacing=(1, 1, 1)), operator)
    window = vm.Window.whole(made.grid.shape)
    (box,) = share([made], [window], gpu)
    found, expected = to_host(box).ravel(), made.read(window).ravel()
    for bins, edges in ("64 bins", bin_edges(expected, count=64)), ("bins of 25", bin_edges(expected, width=25)):
        count = differing(found, expected, edges)
        with capsys.disabled():
            print(f"\n{type(operator).__name__}, {bins}: {count} of {len(expected)} voxels have another level")
