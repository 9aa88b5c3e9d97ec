"""Intensities and grey levels of a region on a device equal those of the CPU, to the last bit; without a race."""

import gc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_host import HostArray, HostDevice, HostProcess, registered
from cuda_regions import (
    SETTINGS,
    SPREADS,
    TYPES,
    assert_gathers_as_the_cpu,
    assert_levels_as_the_cpu,
    blocks_of,
    intensities_of,
    regions,
)
from kernel_cases import read_only
from voxmill_kernels.array import device_of, to_host
from voxmill_kernels.intensities import distribution, gather, gather_again
from voxmill_kernels.levels import MAX_LEVELS, bin_edges, discretise
from voxmill_kernels.mask.cuda import places
from voxmill_kernels.mask.cuda.places import places_of
from voxmill_kernels.types import Array


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data())
def test_gathered_as_on_the_cpu(dtype: str, data: st.DataObject) -> None:
    with registered(HostDevice()) as device:
        assert_gathers_as_the_cpu(device, *data.draw(regions(dtype)))


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=25)
@given(data=st.data(), setting=st.sampled_from(SETTINGS), values=st.sampled_from([7, 4096]))
def test_levels_of_drawn_regions(
    plain: HostProcess, dtype: str, data: st.DataObject, setting: dict[str, Any], values: int
) -> None:
    image, inside = data.draw(regions(dtype))
    with registered(HostDevice(plain)) as device, blocks_of(values):
        assert_levels_as_the_cpu(device, read_only(image[inside]), **setting)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
def test_levels_under_sanitizers(host: HostProcess, dtype: str, spread: float) -> None:
    values = intensities_of((300,), dtype, spread)
    with registered(HostDevice(host)) as device, blocks_of(40):
        assert_levels_as_the_cpu(device, values, width=spread / 17)
        assert_levels_as_the_cpu(device, values, width=spread / 400)


@given(steps=st.lists(st.integers(-2, 2), min_size=1, max_size=20), count=st.integers(1, 9))
def test_values_on_edges_and_one_digit_beside(plain: HostProcess, steps: list[int], count: int) -> None:
    edges = np.arange(-1.0, 1.5, 0.1)
    values = edges[np.arange(len(steps)) % len(edges)]
    values = np.nextafter(values, values + np.sign(steps))
    with registered(HostDevice(plain)) as device:
        assert_levels_as_the_cpu(device, read_only(values), width=0.1)
        assert_levels_as_the_cpu(device, read_only(values), count=count)


def test_values_beyond_the_edges(plain: HostProcess) -> None:
    """Those below the first edge have the first level, those above the last one the last."""
    values, edges = read_only(np.array([-7.0, 0.0, 1.0, 2.5, 900.0])), np.array([0.0, 1.0, 2.0])
    known = distribution(values)
    with registered(HostDevice(plain)) as device:
        found, expected = discretise(device.upload(values), known, edges), discretise(values, known, edges)
        assert to_host(found.indices).tolist() == expected.indices.tolist() == [1, 1, 2, 3, 3]
    assert found.counts.tolist() == expected.counts.tolist() == [2, 1, 2]


def test_zeros_have_no_sign() -> None:
    with registered(HostDevice()) as device:
        known = distribution(device.upload(np.array([0.0, -0.0, 1.0], dtype=np.float32)))
    assert np.signbit(known.values).tolist() == [False] * 3


def test_what_the_cpu_refuses_is_refused() -> None:
    values: Array = np.arange(MAX_LEVELS + 1, dtype=np.int32)
    known = distribution(values)
    with registered(HostDevice()) as device:
        with pytest.raises(ValueError, match="65536 grey levels are more than 65535"):
            discretise(device.upload(values), known, np.arange(MAX_LEVELS + 2, dtype=np.float64))
        flat = device.upload(np.full(3, 1e6, dtype=np.float32))
        with pytest.raises(ValueError, match=r"17 bins are lost in the rounding of float32 at 1e\+06"):
            bin_edges(flat, count=17)


class CountingDevice(HostDevice):
    """One that counts what goes there and what is waited for."""

    uploads = 0
    waits = 0

    def upload(self, array: Array) -> HostArray:
        type(self).uploads += 1
        return super().upload(array)

    def download(self, buffer: HostArray) -> Array:
        type(self).waits += 1
        return super().download(buffer)


def test_places_go_up_once_for_all_images_of_a_region() -> None:
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5) % 3
    with registered(CountingDevice()) as device:
        images = [device.upload(np.random.default_rng(n).random((3, 4, 5))) for n in range(4)]
        box, _ = gather(images[0], labels, 1, 20)
        before = CountingDevice.uploads
        for image in images[1:]:
            gather_again(image, box, 20)
        assert CountingDevice.uploads == before
        other = gather(images[0], labels, 2, 20)[0]
        assert CountingDevice.uploads == before + 1
        assert places_of(other[1:-1, 1:-1, 1:-1], device) is not places_of(box[1:-1, 1:-1, 1:-1], device)


def test_places_are_kept_as_long_as_their_box() -> None:
    with registered(HostDevice()) as device:
        box, _ = gather(device.upload(np.ones((2, 2, 2))), np.ones((2, 2, 2), dtype=np.uint8), 1, 8)
        kept = len(places._KEPT)
        del box
        gc.collect()
        assert len(places._KEPT) == kept - 1


def test_places_of_another_device_are_not_taken() -> None:
    inside = np.ones((2, 2, 2), dtype=np.int8)
    one, other = HostDevice(threads=1), HostDevice(threads=2)
    assert places_of(inside, one) is places_of(inside, one)
    assert places_of(inside, one) is not places_of(inside, other)


def test_one_wait_for_edges_and_none_for_levels(plain: HostProcess) -> None:
    values = np.random.default_rng(1).normal(size=200)
    known = distribution(values)
    with registered(CountingDevice(plain)) as device:
        there = device.upload(values)
        before = CountingDevice.waits
        edges = bin_edges(there, width=0.1)
        assert CountingDevice.waits == before + 1
        assert device_of(discretise(there, known, edges).indices) is device
        assert CountingDevice.waits == before + 1
        distribution(there)
        assert CountingDevice.waits == before + 2
