"""Whole extractions on a device: rows are those of the CPU to the last bit, whatever becomes of the device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cases_on_device import SETTINGS, WAVELET, LostError, Watched, assert_same_rows, twelve
from cuda_host import FullError, HostDevice, HostProcess, registered
from small_images import case
from voxmill import measures
from voxmill.demo import PATIENTS, make_patient
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.device import Device

TOO_SMALL = "the memory of the GPU was too small, or taken by other programs"


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_rows_are_those_of_the_cpu(
    plain: HostProcess, use: Callable[[Device], None], settings: Mapping[str, Any]
) -> None:
    with registered(HostDevice(plain)) as device:
        use(device)
        expected = vm.extract(*case(), settings=settings, device="cpu")
        assert_same_rows(vm.extract(*case(), settings=settings, device="gpu"), expected)


def test_matrices_stay_on_the_device(
    plain: HostProcess, use: Callable[[Device], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But where they are weighted, or counted one way."""
    for matrices in ("pairs", "run_matrices", "matrices"):
        monkeypatch.setattr(Counted, matrices, lambda _: pytest.fail("they came back"))
    with registered(HostDevice(plain)) as device:
        use(device)
        table = vm.extract(*case(), settings={"features": ["glcm", "gldm", "glrlm", "glszm"]})
    assert [row.notes for row in table.rows] == [(), ()]


@pytest.mark.parametrize("least, scans", [(0, 2), (1 << 20, 0)])
def test_large_boxes_are_scanned_on_the_device(
    plain: HostProcess, use: Callable[[Device], None], monkeypatch: pytest.MonkeyPatch, least: int, scans: int
) -> None:
    monkeypatch.setattr(measures, "LEAST_THERE", least)
    for settings in ({}, SETTINGS["resegmented"]):
        with registered(Watched(plain)) as device:
            use(device)
            expected = vm.extract(*case(), settings=settings, device="cpu")
            assert_same_rows(vm.extract(*case(), settings=settings), expected)
        assert device.calls.count("scan_surface") == scans


def test_an_image_goes_up_once_in_its_own_type(plain: HostProcess, use: Callable[[Device], None]) -> None:
    settings = {"images": {"original": {}, "log": {"sigma_mm": [1.0]}, "wavelet": {}}, "features": ["firstorder"]}
    with registered(Watched(plain)) as device:
        use(device)
        expected = vm.extract(*case(), settings=settings, device="cpu")
        assert_same_rows(vm.extract(*case(), settings=settings), expected)
    (box,) = (one for one in device.uploaded if one.dtype == np.int16)
    assert box.shape == case()[0].array.shape


def test_the_demo(plain: HostProcess, use: Callable[[Device], None]) -> None:
    with registered(HostDevice(plain)) as device:
        use(device)
        patient = make_patient(PATIENTS[0])
        assert_same_rows(vm.extract(*patient), vm.extract(*patient, device="cpu"))


def test_regions_that_fail(plain: HostProcess, use: Callable[[Device], None]) -> None:
    """Too many grey levels, values that are no numbers, an image that says nothing: each is said of its region."""
    image, mask = twelve()
    values = image.array.astype(np.float64)
    values[mask.layers[0] == 2] *= 1e9
    values[1, 1, 0] = np.nan
    volume = vm.Volume(values, image.grid)
    settings = {"images": {"original": {}, "logarithm": {}}, "min_region_voxels": 46}
    with registered(HostDevice(plain)) as device:
        use(device)
        expected = vm.extract(volume, mask, settings=settings, device="cpu")
        assert len({str(row.error)[-20:] for row in expected.failed}) == 3
        assert_same_rows(vm.extract(volume, mask, settings=settings), expected)


@pytest.mark.parametrize("kernel", ["digitise_int16", "count_values_int16"])
def test_what_goes_wrong_on_the_device_is_no_fault_of_a_region(use: Callable[[Device], None], kernel: str) -> None:
    """Also where it is an error of the kind by which grey levels are refused."""

    class Refusing(HostDevice):
        def launch(self, name: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
            if name == kernel:
                raise ValueError("shapes do not match")

    with registered(Refusing()) as device:
        use(device)
        found = vm.extract(*case())
    assert not found.failed
    assert all("a mistake in Voxmill itself (ValueError" in row.notes[-1] for row in found.rows)


@pytest.mark.parametrize("kind", ["full once", "full", "lost"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_whatever_fails_is_done_on_the_cpu(
    plain: HostProcess, use: Callable[[Device], None], share: float, kind: str
) -> None:
    """But where memory was too small for all regions together, and is not for half of them."""
    lost = kind == "lost"
    expected = vm.extract(*case(), settings=WAVELET, device="cpu")
    with registered(Watched(plain)) as device:
        use(device)
        vm.extract(*case(), settings=WAVELET)
    error = LostError("cudaErrorLaunchFailure: unspecified\nlaunch failure") if lost else FullError("Out of memory")
    note = "the GPU failed (LostError: cudaErrorLaunchFailure: unspecified)" if lost else TOO_SMALL
    failing = Watched(plain, error=error, until=int(share * len(device.calls)), lost=kind != "full once")
    with registered(failing):
        use(failing)
        found = vm.extract(*case(), settings=WAVELET, device="gpu")
    assert_same_rows(found, expected, *([] if kind == "full once" else [f"computed on the CPU: {note}"]))


def test_what_is_refused_has_nothing_to_do_with_a_device(
    plain: HostProcess, use: Callable[[Device], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LostError

    monkeypatch.setattr("voxmill.extraction.with_room", broken)
    with registered(HostDevice(plain)) as device:
        use(device)
        measured, refused = vm.extract(*case(), labels=[1, 9], settings={"features": "firstorder"}, device="gpu").rows
    assert (len(measured.notes), measured.error) == (1, None)
    assert refused.notes == ()
