"""Derived images are sources; facts are gathered over planes and do not depend on how."""

import gc
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import voxmill as vm
from cuda_host import HostArray, HostDevice, registered
from voxmill import execute
from voxmill.execute import Derived, Work, chain_of, derive, find_facts, keep, share
from voxmill.operators.crop import Crop
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import At, Exactness, Facts, Form, OnHost, Voxelwise
from voxmill.plan import Want, plan
from voxmill.volume import Source
from voxmill_kernels.array import to_host
from voxmill_kernels.facts import Moments

SHAPE = (7, 8, 9)
WHOLE = vm.Window.whole(SHAPE)


def image(dtype: type = np.float32) -> vm.Volume:
    voxels: np.ndarray = np.random.default_rng(5).normal(100, 30, SHAPE).astype(dtype)
    return vm.Volume(voxels, spacing=(1, 2, 3), name="scan")


def test_a_derived_image_is_a_source() -> None:
    made = derive(image(), Normalise())
    assert isinstance(made, Derived)
    assert made.grid == image().grid
    assert made.dtype == np.float64
    assert made.read(vm.Window((1, 2, 3), (4, 5, 6))).shape == (3, 3, 3)
    with pytest.raises(ValueError, match="is not inside an image of shape"):
        made.read(vm.Window((0, 0, 0), (8, 8, 8)))


def test_digests_tell_images_and_operators_apart() -> None:
    one = derive(image(), Normalise()).digest
    assert one == derive(image(), Normalise()).digest
    assert one != derive(image(), Normalise(scale=2)).digest
    assert one != derive(image(np.float64), Normalise()).digest
    assert one != image().digest


def test_nothing_derived_is_the_image_itself() -> None:
    source = image()
    assert derive(source) is source


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_facts_do_not_depend_on_what_is_read_at_once(monkeypatch: pytest.MonkeyPatch, dtype: type) -> None:
    found = []
    for voxels in (1, 150, 1 << 22):
        monkeypatch.setattr(execute, "TILE_VOXELS", voxels)
        fact: Moments = find_facts(image(dtype), [Moments])[Moments]
        found.append((fact.voxels, fact.mean, fact.deviation))
    assert found[0] == found[1] == found[2]


def test_facts_of_a_derived_image_are_of_what_was_made() -> None:
    made = derive(image(), Normalise(scale=3), Normalise(scale=2, outliers=1))
    box = made.read(vm.Window.whole(SHAPE))
    assert np.abs(box).max() == 2
    assert isinstance(made, Derived)
    fact: Moments = made.links[1].facts[Moments]
    assert fact.mean == pytest.approx(0, abs=1e-12)
    assert fact.deviation == pytest.approx(3, rel=1e-12)


def test_facts_are_found_once_while_the_image_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[Source] = []

    def noted(source: Source) -> list[NDArray[Any]]:
        passes.append(source)
        return [source.read(WHOLE)]

    monkeypatch.setattr(execute, "read_in_tiles", noted)
    source = image()
    for _ in range(3):
        derive(derive(source, Normalise(scale=2)), Normalise())
    assert len(passes) == 2
    derive(image(), Normalise())
    assert len(passes) == 3


def test_only_so_many_facts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "MOST_KNOWN", 3)
    source = image()
    for scale in range(1, 8):
        derive(derive(source, Normalise(scale=scale)), Normalise())
    assert len(execute._KNOWN[source]) == 3


def test_facts_of_the_whole_outlive_those_of_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "MOST_KNOWN", 3)
    source = image()
    normalised = derive(source, Normalise())
    for start in range(6):
        derive(normalised, Crop(vm.Window((start, 0, 0), (7, 8, 9))), Normalise())
    chains = list(execute._KNOWN[source])
    assert chains[0] == ()
    assert len(chains) == 3


def test_threads_find_a_fact_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[Source] = []

    def noted(source: Source) -> list[NDArray[Any]]:
        passes.append(source)
        time.sleep(0.05)
        return [source.read(WHOLE)]

    monkeypatch.setattr(execute, "read_in_tiles", noted)
    source = image()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: find_facts(source, [Moments])[Moments], range(8)))
    assert len(passes) == 1
    assert len(set(map(id, found))) == 1


def test_a_box_is_forgotten_after_its_last_use() -> None:
    """Of three images one after the other, and of what they are made of."""
    first = derive(image(), Normalise())
    made = [derive(first, Normalise(scale=scale)) for scale in (1, 2, 3)]
    wants = [Want(chain_of(one), WHOLE) for one in (*made, first)]
    planned = plan(wants)
    work = Work.of(planned, image())
    kept = []
    for window, task in planned:
        work.box(window, task)
        kept.append(len(work.done))
    assert kept == [1, 1, 1, 0]


def test_an_image_that_nobody_holds_is_forgotten() -> None:
    source = image()
    derive(source, Normalise())
    before = len(execute._KNOWN)
    del source
    gc.collect()
    assert len(execute._KNOWN) < before


@dataclass(frozen=True)
class Twice(Voxelwise):
    """Twice the voxels, where they lie; not on a device unless it is said to work there."""

    on_device: bool

    exactness = Exactness.EQUAL
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        return source

    def bytes_there(self, window: vm.Window, source: Form) -> int:
        return window.size * source.dtype.itemsize

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        assert isinstance(boxes[0], HostArray) == self.on_device
        made: NDArray[Any] = boxes[0] * 2
        return made


@pytest.mark.parametrize("kinds", [(), (True,), (False,), (True, False, True)])
def test_boxes_lie_on_the_device_whatever_works_there(kinds: tuple[bool, ...]) -> None:
    source = image(np.int16)
    made, window = derive(source, *map(Twice, kinds)), vm.Window((1, 2, 3), (4, 5, 6))
    with registered(HostDevice()) as device:
        (box,) = share([made], [window], device)
    assert isinstance(box, HostArray)
    np.testing.assert_array_equal(HostDevice().download(box), source.read(window) * 2 ** len(kinds), strict=True)


@dataclass(frozen=True)
class Both(OnHost, Voxelwise):
    """A voxel and its square, side by side: no array that a device has; or the sum of the two again."""

    joined: bool

    exactness = Exactness.EQUAL
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        dtype = np.dtype(np.int64) if self.joined else np.dtype([("one", np.int64), ("square", np.int64)])
        return Form(source.grid, dtype)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        (box,) = boxes
        if self.joined:
            return np.asarray(box["one"] + box["square"])
        made = np.empty(box.shape, dtype=[("one", np.int64), ("square", np.int64)])
        made["one"], made["square"] = box, box.astype(np.int64) ** 2
        return made


def test_several_numbers_for_a_voxel_go_to_no_device() -> None:
    source = image(np.int16)
    made, window = derive(source, Twice(on_device=True), Both(joined=False), Both(joined=True)), WHOLE
    with registered(Uploading()) as device:
        (box,) = share([made], [window], device)
        assert isinstance(box, HostArray)
    doubled = 2 * source.read(window).astype(np.int64)
    np.testing.assert_array_equal(device.download(box), doubled + doubled**2, strict=True)


class Uploading(HostDevice):
    """One that has no structured arrays, as CuPy."""

    def upload(self, array: NDArray[Any]) -> HostArray:
        assert array.dtype.kind in "biuf"
        return super().upload(array)


def test_what_several_images_need_of_one_is_kept_on_a_device() -> None:
    source, other = image(np.int16), image(np.int16)
    made = derive(source, Normalise())
    windows = [vm.Window((1, 2, 3), (4, 5, 6)), vm.Window((2, 2, 2), (5, 6, 6)), vm.Window((6, 0, 0), (7, 1, 1))]
    with registered(HostDevice()) as device:
        kept = keep([(source, windows[0]), (made, windows[1]), (made, windows[2])], device, 2 * 65)
        assert kept is not None
        assert [window.size for window, _ in kept.boxes] == [64, 1]
        for window in windows:
            found = kept.read(window)
            assert isinstance(found, HostArray)
            np.testing.assert_array_equal(device.download(found), source.read(window), strict=True)
        np.testing.assert_array_equal(kept.read(WHOLE), source.read(WHOLE), strict=True)
        below = kept.below(made)
        assert (kept.below(source), kept.below(other), below.digest) == (kept, other, made.digest)
        (box,) = share([below], [windows[1]], device)
        np.testing.assert_array_equal(to_host(box), made.read(windows[1]), strict=True)
        assert keep([(made, windows[1])], device, 2 * 48 - 1) is None
