"""Whole extractions on a device: rows are those of the CPU to the last bit, whatever becomes of the device."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from threading import Barrier, get_ident
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike

import voxmill as vm
from cuda_host import FullError, HostArray, HostDevice, HostMemory, HostProcess, registered
from small_images import SPACING, case, texture
from voxmill import computing, measures
from voxmill.cases import open_case
from voxmill.computing import PART, SHARING, FoundGPU, Workplace
from voxmill.demo import PATIENTS, make_patient
from voxmill.preparation import Shared, preparing
from voxmill.regions import Region
from voxmill.textures import COMBINER, Task, Textures, count_here, count_there
from voxmill.voxels import bytes_held, place_of, voxels_of
from voxmill_kernels.array import to_host
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.cuda.device import Device
from voxmill_kernels.mask.cuda.places import places_of
from voxmill_kernels.types import Array, Ints

Case = tuple[vm.Volume, vm.Mask]
PATIENCE_S = 60.0
TOO_SMALL = "the memory of the GPU was too small, or taken by other programs"
EVERYTHING: Mapping[str, Any] = {
    "images": {"original": {}, "log": {"sigma_mm": [1.0, 2.0]}, "wavelet": {}},
    "resample": {"spacing_mm": [1.0, 1.0, 2.0], "interpolator": "bspline"},
    "diagnostics": True,
}
FINE: Mapping[str, Any] = {**EVERYTHING, "resample": {"spacing_mm": [1, 1, 1], "interpolator": "bspline"}}
WAVELET: Mapping[str, Any] = {"images": {"original": {}, "wavelet": {}}}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "more images": {"images": {one: {} for one in ("original", "square", "squareroot", "gradient", "lbp2d", "lbp3d")}},
    "weighted": {"weighting": "euclidean", "features": {"glcm": "all", "glrlm": "all"}},
    "one way": {"glcm_symmetric": False, "distances": [1, 2], "gldm_alpha": 1},
    "in slices": {"slice_axis": "z", "discretise": {"bin_count": 16}, "resegment": {"range": [-1, 2], "mode": "sigma"}},
    "resegmented": {"resegment": {"range": [20, 200], "mode": "absolute"}, "crop": {"margin_voxels": 2}},
    "normalised": {"normalise": {"scale": 100, "outliers": 3}, "images": {"original": {}, "wavelet": {}}},
    "few": {"features": {"glcm": ["Contrast"], "firstorder": ["Mean"]}},
    "no textures": {"features": {"shape": "all", "firstorder": "all"}},
}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Device], None]:
    """Has extractions find a device."""

    def found(device: Device) -> None:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(device)])

    return found


def assert_same_rows(found: vm.Table, expected: vm.Table, *notes: str) -> None:
    """Rows are equal, values to the last bit, but for notes that each has at its end."""
    assert len(found.rows) == len(expected.rows) > 0
    for row, other in zip(found.rows, expected.rows, strict=True):
        assert row.notes == (*other.notes, *notes)
        assert list(row.features) == list(other.features)
        values, others = (np.array([*one.features.values()]).tobytes() for one in (row, other))
        assert values == others
        assert replace(row, notes=(), features={}) == replace(other, notes=(), features={})


def twelve() -> Case:
    """An image with twelve regions, some of which touch."""
    labels = np.zeros((9, 12, 16), dtype=np.uint8)
    for number, (z, y, x) in enumerate(np.ndindex(2, 2, 3), start=1):
        labels[1 + 4 * z : 4 + 4 * z, 1 + 5 * y : 6 + 5 * y, 5 * x : 5 * x + 3 + number % 3] = number
    image = vm.Volume(texture(labels.shape), spacing=SPACING)
    return image, vm.Mask(labels, image.grid)


class LostError(RuntimeError):
    """As CuPy's CUDARuntimeError."""


@dataclass(frozen=True)
class Watched(HostDevice):
    """Notes all that is asked of it. It fails from the call number `until` on, with `error`, for good where `lost`."""

    error: Exception = field(default_factory=FullError)
    until: int | None = None
    lost: bool = False
    calls: list[str] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    uploaded: list[Array] = field(default_factory=list)

    def called(self, name: str) -> None:
        self.calls.append(name)
        if self.until is not None and (
            len(self.calls) == self.until + 1 or (self.lost and len(self.calls) > self.until)
        ):
            raise self.error

    def upload(self, array: Array) -> HostArray:
        self.called("upload")
        self.taken.append(array.nbytes)
        self.uploaded.append(array)
        return super().upload(array)

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        self.called("zeros")
        made = super().zeros(shape, dtype)
        self.taken.append(made.nbytes)
        return made

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        self.called(kernel)
        super().launch(kernel, blocks, arguments, shared=shared)

    def download(self, buffer: HostArray) -> Array:
        self.called("download")
        return super().download(buffer)

    def release(self) -> None:
        if self.lost:
            raise self.error
        self.released.append(len(self.calls))


@dataclass(frozen=True)
class Crowded(Watched):
    """Begins to count when so many threads want that."""

    crowd: int = 1

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        end = time.monotonic() + PATIENCE_S
        while "begin_zones8" not in self.calls and COMBINER.asking < self.crowd and kernel.startswith("sweep"):
            assert time.monotonic() < end
            time.sleep(0.001)
        super().launch(kernel, blocks, arguments, shared=shared)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_rows_are_those_of_the_cpu(
    plain: HostProcess, use: Callable[[Device], None], settings: Mapping[str, Any]
) -> None:
    with registered(HostDevice(plain)) as device:
        use(device)
        expected = vm.extract(*case(), settings=settings, device="cpu")
        assert_same_rows(vm.extract(*case(), settings=settings, device="gpu"), expected)


@dataclass(frozen=True)
class Ordered(Watched):
    """Does nothing for a thread that has not asked for one order. inside: the threads that have."""

    inside: set[int] = field(default_factory=set)

    def called(self, name: str) -> None:
        assert get_ident() in self.inside, "an array may come from another thread whose work is not done"
        super().called(name)

    @contextmanager
    def in_order(self) -> Iterator[None]:
        self.inside.add(get_ident())
        yield
        self.inside.discard(get_ident())


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(plain: HostProcess, use: Callable[[Device], None], threads: int) -> None:
    with registered(Ordered(plain)) as device:
        use(device)
        expected = vm.extract(*twelve(), settings=WAVELET, device="cpu")
        assert_same_rows(vm.extract(*twelve(), settings=WAVELET, threads=threads), expected)


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


def large() -> Case:
    """A region that fills most of an image, and one within."""
    labels = np.zeros((24, 40, 40), dtype=np.uint8)
    labels[2:22, 4:36, 4:36], labels[5:9, 10:20, 10:20] = 1, 2
    image = vm.Volume(texture(labels.shape), spacing=(0.8, 0.8, 1.5))
    return image, vm.Mask(labels, image.grid)


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
    places = {choice: place_of(opened.image, opened.mask, choice, settings) for choice in choices}
    foreseen = sum(bytes_held(place, opened.image, settings) for place in places.values())
    memory = HostMemory(1 << 30)
    with registered(HostDevice(plain, memory=memory)) as device:
        work = Shared.of(opened, places.values(), Workplace(device))
        prepare, before = preparing(opened, places, work), memory.taken
        prepared = [prepare(choice) for choice in choices]
        for one in prepared:
            places_of(one.voxels.box[1:-1, 1:-1, 1:-1], device)
        assert foreseen / 3 < memory.taken - before <= foreseen


def tasks_of(device: Device, settings: vm.Settings) -> list[Task]:
    """What is to be counted of the twelve regions."""
    opened, choices = open_case(*twelve(), settings)
    places = (place_of(opened.image, opened.mask, choice, settings) for choice in choices)
    own = settings.of_image("original").within(3)
    boxes = ((place, device.upload(place.source.read(place.window))) for place in places)
    return [Region.of(voxels_of(place, box, settings), own).task for place, box in boxes]


def known_of(counts: Textures) -> bytes:
    """All that is asked of the counts of a region."""
    cells = [counts.dependences(), counts.runs(), counts.zones()]
    arrays = [one for some in (*cells, counts.pair_sums()) for one in vars(some).values()]
    return b"".join(np.asarray(one).tobytes() for one in [*arrays, counts.pairs(), counts.ngtdm()])


def counted_by_threads(tasks: Sequence[Task], device: "Crowded") -> tuple[list[Textures], int]:
    """The counts of regions for each of which a thread asks, and by how many launches they were made."""
    device.calls.clear()
    with ThreadPoolExecutor(len(tasks)) as pool:
        found = list(pool.map(lambda task: count_there([task], device)[0], tasks))
    return found, device.calls.count("begin_zones8")


def test_threads_have_their_regions_counted_together(plain: HostProcess) -> None:
    """All that gathers while a region is counted, by one launch; each has the counts of its own."""
    with registered(Crowded(plain, crowd=12)) as device:
        tasks = tasks_of(device, vm.Settings())
        found, launches = counted_by_threads(tasks, device)
        here = [replace(task, levels=replace(task.levels, indices=to_host(task.levels.indices))) for task in tasks]
        assert launches == 2
        assert list(map(known_of, found)) == [known_of(count_here(task)) for task in here]
        alone = [count_there([task], device)[0] for task in tasks]
        assert [one.correlation() for one in found] == [one.correlation() for one in alone]


def test_images_of_several_threads_are_counted_together(plain: HostProcess, use: Callable[[Device], None]) -> None:
    image, mask = twelve()
    images = [vm.Volume(image.array + more, image.grid) for more in range(0, 160, 40)]
    with registered(Crowded(plain, crowd=len(images))) as device:
        use(device)
        with ThreadPoolExecutor(len(images)) as pool:
            found = list(pool.map(lambda one: vm.extract(one, mask), images))
        assert device.calls.count("begin_zones8") == 2
        assert device.released == [len(device.calls)], "memory is given back when nobody needs any"
    for one, table in zip(images, found, strict=True):
        assert_same_rows(table, vm.extract(one, mask, device="cpu"))


@dataclass(frozen=True)
class Scarce(HostDevice):
    """Has memory for one thread; the first two come, and leave, at the same time. entered: who has come."""

    inside: list[int] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    meeting: Barrier = field(default_factory=lambda: Barrier(2, timeout=PATIENCE_S))

    @contextmanager
    def in_order(self) -> Iterator[None]:
        self.inside.append(get_ident())
        self.entered.append(get_ident())
        is_first = len(self.entered) <= 2
        if is_first:
            self.meeting.wait()
        try:
            yield
        finally:
            if is_first:
                self.meeting.wait()
            self.inside.remove(get_ident())

    def upload(self, array: Array) -> HostArray:
        if len(self.inside) > 1:
            raise FullError("Out of memory")
        return super().upload(array)


def test_what_has_no_room_beside_others_waits_for_them(plain: HostProcess, use: Callable[[Device], None]) -> None:
    """Rows tell nothing of what else was measured at the time."""
    expected = vm.extract(*case(), device="cpu")
    with registered(Scarce(plain)) as device, ThreadPoolExecutor(2) as pool:
        use(device)
        for found in pool.map(lambda _: vm.extract(*case()), range(2)):
            assert_same_rows(found, expected)
    assert len(device.entered) == 4


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


@pytest.mark.gpu
def test_threads_on_a_gpu(gpu: Device) -> None:
    del gpu
    expected = vm.extract(*twelve(), settings=WAVELET, device="cpu")
    assert_same_rows(vm.extract(*twelve(), settings=WAVELET, device="gpu", threads=4), expected)


def test_what_threads_have_counted_together_leaves_memory_for_others(plain: HostProcess) -> None:
    """Less is counted together while what was before is still needed, as one thread may need it after the others."""
    with registered(HostDevice(plain)) as device:
        tasks = tasks_of(device, vm.Settings())
    enough = PART * sum(task.bytes_there() for task in tasks)
    with registered(Crowded(plain, free=enough, crowd=12)) as device:
        found, launches = counted_by_threads(tasks, device)
        more, launches_beside = counted_by_threads(tasks, device)
        assert (launches, found[0] is more[0]) == (2, False)
        assert 2 < launches_beside <= 12
        del found, more
        assert counted_by_threads(tasks, device)[1] == 2


def test_a_kind_of_counts_comes_back_once(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads ask for it at a time."""
    asked: list[Counted] = []
    bring = Counted.ngtdm

    def slowly(counted: Counted) -> list[Ints]:
        asked.append(counted)
        time.sleep(0.1)
        return bring(counted)

    monkeypatch.setattr(Counted, "ngtdm", slowly)
    with registered(HostDevice(plain)) as device, ThreadPoolExecutor(4) as pool:
        counted = count_there(tasks_of(device, vm.Settings())[:4], device)
        assert len(list(pool.map(lambda one: one.ngtdm(), counted))) == 4
    assert len(asked) == 1


def test_nobody_waits_for_the_counts_of_another_batch(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two batches have the same kind come back at the same time: each begins before the other ends."""
    together, bring = Barrier(2, timeout=PATIENCE_S), Counted.ngtdm

    def at_once(counted: Counted) -> list[Ints]:
        together.wait()
        return bring(counted)

    monkeypatch.setattr(Counted, "ngtdm", at_once)
    with registered(HostDevice(plain)) as device, ThreadPoolExecutor(2) as pool:
        counted = [count_there(tasks_of(device, vm.Settings())[:1], device)[0] for _ in range(2)]
        assert len(list(pool.map(lambda one: one.ngtdm(), counted))) == 2


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
