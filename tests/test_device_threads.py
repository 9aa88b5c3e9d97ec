"""Threads that extract on one device: what they want is counted together, and rows are the CPU's."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Barrier, get_ident

import numpy as np
import pytest

import voxmill as vm
from cases_on_device import PATIENCE_S, WAVELET, Crowded, Watched, assert_same_rows, tasks_of, twelve
from cuda_host import FullError, HostArray, HostDevice, HostProcess, registered
from small_images import case
from voxmill.computing import PART
from voxmill.textures import Task, Textures, _Batch, count_here, count_there
from voxmill_kernels.array import to_host
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.device import Device
from voxmill_kernels.types import Array, Ints


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


@pytest.mark.gpu
def test_threads_on_a_gpu(gpu: Device) -> None:
    del gpu
    expected = vm.extract(*twelve(), settings=WAVELET, device="cpu")
    assert_same_rows(vm.extract(*twelve(), settings=WAVELET, device="gpu", threads=4), expected)


def known_of(counts: Textures) -> bytes:
    """All that is asked of the counts of a region."""
    cells = [counts.dependences(), counts.runs(), counts.zones()]
    arrays = [one for some in (*cells, counts.pair_sums()) for one in vars(some).values()]
    return b"".join(np.asarray(one).tobytes() for one in [*arrays, counts.pairs(), counts.ngtdm()])


def counted_by_threads(tasks: Sequence[Task], device: Crowded) -> tuple[list[Textures], int]:
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


def test_what_threads_have_counted_together_leaves_memory_for_others(
    plain: HostProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less is counted together while what was before is still needed, as one thread may need it after the others.

    What is left of other tests' devices until it is collected is none of this one's.
    """
    monkeypatch.setattr("voxmill.textures._HELD", {})
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


def test_kinds_of_counts_are_known_without_a_batch() -> None:
    """As of every class, what stands in it can be looked at."""
    assert _Batch.ngtdm is vars(_Batch)["ngtdm"]


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
