"""Whole extractions in the memory of a device: regions and images share it, as many at a time as it has room for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cases_on_device import FINE, SETTINGS, WAVELET, Case, Watched, assert_same_rows, tasks_of, twelve
from cuda_host import HostDevice, HostMemory, HostProcess, registered
from small_images import texture
from voxmill.cases import open_case
from voxmill.choices import Choice
from voxmill.computing import SHARING, Workplace
from voxmill.preparation import Shared, preparing
from voxmill.textures import count_there
from voxmill.voxels import bytes_held, place_of
from voxmill_kernels.device import Device
from voxmill_kernels.mask.cuda.places import places_of


def large() -> Case:
    """A region that fills most of an image, and one within."""
    labels = np.zeros((24, 40, 40), dtype=np.uint8)
    labels[2:22, 4:36, 4:36], labels[5:9, 10:20, 10:20] = 1, 2
    image = vm.Volume(texture(labels.shape), spacing=(0.8, 0.8, 1.5))
    return image, vm.Mask(labels, image.grid)


def test_regions_are_counted_together_as_far_as_memory_lasts(plain: HostProcess, use: Callable[[Device], None]) -> None:
    expected = vm.extract(*twelve(), settings=WAVELET, device="cpu")
    sweeps: dict[int, int] = {}
    for free_bytes in (1 << 30, 4 << 20, 1 << 17):
        with registered(Watched(plain, free=free_bytes)) as device:
            use(device)
            assert_same_rows(vm.extract(*twelve(), settings=WAVELET), expected)
            sweeps[free_bytes] = sum(call == "begin_zones8" for call in device.calls)
            assert device.released == [len(device.calls)]
    assert sweeps[1 << 30] == 1
    assert 1 < sweeps[4 << 20] < 60
    assert sweeps[1 << 17] == 9 * 12


def test_what_no_memory_is_large_enough_for_is_counted_on_the_cpu(
    plain: HostProcess, use: Callable[[Device], None]
) -> None:
    with registered(HostDevice(plain, free=10_000)) as device:
        use(device)
        found = vm.extract(*twelve())
    (note,) = {row.notes[-1] for row in found.rows}
    said = r"computed on the CPU: the memory of the GPU was too small: 0\.\d MB are needed, 0\.0 MB are free"
    assert re.fullmatch(said, note)
    assert_same_rows(found, vm.extract(*twelve(), device="cpu"), note)


@pytest.mark.parametrize("memory_bytes, threads", [(10_000_000, 1), (2_000_000, 1), (4_000_000, 2)])
def test_little_memory_is_enough(
    plain: HostProcess, use: Callable[[Device], None], memory_bytes: int, threads: int
) -> None:
    """For 20,000 voxels, resampled and in eleven images: what takes 6.6 MB where there is more is done in parts."""
    expected = vm.extract(*large(), settings=FINE, device="cpu")
    memory = HostMemory(memory_bytes)
    with registered(HostDevice(plain, memory=memory)) as device:
        use(device)
        assert_same_rows(vm.extract(*large(), settings=FINE, threads=threads), expected)
    assert memory.most > memory_bytes // 4
    assert memory.taken == 0


@pytest.mark.parametrize("memory_bytes, refused", [(1_200_000, 1), (500_000, 2)])
def test_a_region_that_does_not_fit_leaves_others_on_the_device(
    plain: HostProcess, use: Callable[[Device], None], memory_bytes: int, refused: int
) -> None:
    expected = vm.extract(*large(), settings=FINE, device="cpu").rows
    with registered(HostDevice(plain, memory=HostMemory(memory_bytes))) as device:
        use(device)
        found = vm.extract(*large(), settings=FINE)
    notes = [row.notes[-1] for row in found.rows[:refused]]
    said = r"computed on the CPU: the memory of the GPU was too small: 0\.\d MB are needed, 0\.\d MB are free"
    assert all(re.fullmatch(said, note) for note in notes)
    for row, other, note in zip_longest(found.rows, expected, notes):
        assert_same_rows(replace(found, rows=(row,)), replace(found, rows=(other,)), *([note] if note else []))


def test_what_is_held_of_regions_is_foreseen(plain: HostProcess, use: Callable[[Device], None]) -> None:
    """So few are measured together from the first that nothing is done twice."""
    expected = vm.extract(*twelve(), settings=FINE, device="cpu")
    with registered(Watched(plain, memory=HostMemory(300_000))) as device:
        use(device)
        assert_same_rows(vm.extract(*twelve(), settings=FINE), expected)
    assert len(device.released) == 1


@pytest.mark.parametrize("name", ["everything", "resegmented", "defaults"])
def test_no_region_holds_more_than_was_foreseen(plain: HostProcess, name: str) -> None:
    settings = vm.Settings.parse(SETTINGS[name])
    opened, choices = open_case(*twelve(), settings)
    places = {
        choice: place_of(opened.image, opened.mask, choice, settings)
        for choice in choices
        if isinstance(choice, Choice)
    }
    foreseen = sum(bytes_held(place, opened.image, settings) for place in places.values())
    memory = HostMemory(1 << 30)
    with registered(HostDevice(plain, memory=memory)) as device:
        work = Shared.of(opened, places.values(), Workplace(device))
        prepare, before = preparing(opened, places, work), memory.taken
        prepared = [prepare(choice) for choice in places]
        for one in prepared:
            places_of(one.voxels.box[1:-1, 1:-1, 1:-1], device)
        assert foreseen / 3 < memory.taken - before <= foreseen


@pytest.mark.parametrize("rules", [{}, {"distances": [1, 2]}, {"features": ["glszm"]}, {"slice_axis": "z"}])
@pytest.mark.parametrize("width", [1, 100])
def test_no_batch_takes_more_than_was_foreseen(plain: HostProcess, rules: Mapping[str, Any], width: float) -> None:
    settings = vm.Settings.parse({"discretise": {"bin_width": width}, **rules})
    with registered(Watched(plain)) as device:
        tasks = tasks_of(device, settings)
        device.taken.clear()
        count_there(tasks, device)
        foreseen = sum(task.bytes_there() for task in tasks)
        assert foreseen / 4 < sum(device.taken) <= foreseen + (1 << 15)


def test_cases_share_the_memory_of_a_device(plain: HostProcess, use: Callable[[Device], None]) -> None:
    launches = []
    for sharing in (1, 8):
        with registered(Watched(plain, free=16 << 20)) as device:
            use(device)
            token = SHARING.set(sharing)
            vm.extract(*twelve(), settings=WAVELET)
            SHARING.reset(token)
        launches.append(device.calls.count("begin_zones8"))
    assert launches[1] > 2 * launches[0]
