"""Rows of PyRadiomics' cases by a device are those of the CPU, to the last bit."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import voxmill as vm
from cases_on_device import assert_same_rows
from cuda_host import HostDevice, HostProcess, registered
from voxmill_kernels.device import Device

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "wavelet, LoG": {"images": {"original": {}, "log": {"sigma_mm": [1.0, 3.0]}, "wavelet": {}}},
    "other images": {"images": {one: {} for one in ("square", "squareroot", "gradient", "lbp2d", "lbp3d")}},
    "resampled": {
        "normalise": {"scale": 100, "outliers": 3},
        "resample": {"spacing_mm": [1, 1, 1], "interpolator": "bspline"},
        "resegment": {"range": [-3, 3], "mode": "sigma"},
        "discretise": {"bin_count": 32},
    },
}
cases = pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
settings = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)


def files(reference_data: Path, name: str) -> list[Path]:
    return [reference_data / "pyradiomics" / f"{name}_{kind}.nrrd" for kind in ("image", "label")]


@cases
@settings
def test_on_threads(
    reference_data: Path, plain: HostProcess, use: Callable[[Device], None], name: str, settings: Mapping[str, Any]
) -> None:
    case = files(reference_data, name)
    expected = vm.extract(*case, settings=settings, device="cpu")
    with registered(HostDevice(plain)) as device:
        use(device)
        assert_same_rows(vm.extract(*case, settings=settings, device="gpu"), expected)


@pytest.mark.gpu
@cases
@settings
def test_on_a_gpu(reference_data: Path, gpu: Device, name: str, settings: Mapping[str, Any]) -> None:
    del gpu
    case = files(reference_data, name)
    expected = vm.extract(*case, settings=settings, device="cpu")
    assert_same_rows(vm.extract(*case, settings=settings, device="gpu"), expected)
