"""The launch through CuPy, with another module in its place: what it is told, and what comes back."""

import importlib
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from cuda_cases import NARROW, Task, assert_counts_as_the_cpu
from cuda_host import HostDevice, HostProcess
from fake_cupy import LAUNCH, MEMORY, Current, FakeDevice, FakeRuntimeError, current, fake_cupy, installed
from kernel_cases import read_only
from voxmill.errors import Interruption
from voxmill_kernels.cache import kernel_cache

PATIENCE_S = 60.0


@pytest.mark.parametrize("shared_bytes", [48 << 10, 227 << 10])
def test_counts_are_those_of_the_cpu(plain: HostProcess, shared_bytes: int) -> None:
    """Of a region, too, whose counts take more of a block's memory than a kernel has without asking."""
    device = HostDevice(plain, shared_bytes=shared_bytes)
    sixty_levels = read_only(np.arange(1, 61).reshape(3, 4, 5))
    with installed(fake_cupy(device)):
        launch = importlib.import_module(LAUNCH)
        folder = kernel_cache().folder
        assert folder is None or os.environ["CUPY_CACHE_DIR"] == str(folder / "cupy")
        assert_counts_as_the_cpu(launch.CupyDevice(), [*NARROW, sixty_levels], Task())


def test_all_threads_work_on_one_device_each_in_a_stream_of_its_own() -> None:
    """On that which was current when it was found, whatever each has made current for itself."""
    with installed(fake_cupy(HostDevice())):
        with Current("device", 1):
            device = importlib.import_module(LAUNCH).CupyDevice()
        both = Barrier(2)

        def inside(number: int) -> object:
            with Current("device", number), Current("stream", "its own"):
                with device.in_order():
                    found = current()
                    both.wait(PATIENCE_S)
                assert current() == {"device": number, "stream": "its own"}
            assert found["device"] == 1
            return found["stream"]

        with ThreadPoolExecutor(2) as pool:
            streams = set(pool.map(inside, [0, 1]))
            assert len(streams - {"its own"}) == 2
            assert set(pool.map(inside, [0, 1])) == streams


@pytest.mark.parametrize("error, streams", [(ValueError, 1), (Interruption, 2)])
def test_a_stream_is_not_used_again_whose_thread_was_interrupted(error: type[BaseException], streams: int) -> None:
    """Another thread may be at work on what it has given; after any other failure none is."""
    found: list[object] = []
    with installed(fake_cupy(HostDevice())):
        device = importlib.import_module(LAUNCH).CupyDevice()

        def fail() -> None:
            with device.in_order():
                found.append(current()["stream"])
                raise error

        for _ in range(2):
            with pytest.raises(error):
                fail()
    assert len(set(found)) == streams


def test_copies_come_through_pinned_memory_which_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large for it comes without; more of it than is kept goes when memory is released."""
    arrays = [np.arange(5, dtype=np.uint8), np.zeros((0, 3)), np.arange(6.0).reshape(2, 3)]
    with installed(fake_cupy(HostDevice())):
        launch = importlib.import_module(LAUNCH)
        device = launch.CupyDevice()

        def bring(size: int) -> int:
            """How much pinned memory there is when that has been brought here."""
            monkeypatch.setattr(launch, "STAGED", size)
            for found, expected in zip(device.download_all(list(map(device.upload, arrays))), arrays, strict=True):
                np.testing.assert_array_equal(found, expected, strict=True)
            return sum(launch._PINNED.values())

        assert [bring(size) for size in (127, 128, 128)] == [0, 128, 256]
        for kept, left in ((256, 256), (255, 0)):
            monkeypatch.setattr(launch, "MOST_PINNED", kept)
            device.release()
            assert sum(launch._PINNED.values()) == left
        bring(128)
        monkeypatch.setattr(launch, "MOST_PINNED", 127)
        device.trim()
        assert not launch._PINNED


@pytest.mark.parametrize(
    "free, give_back, left",
    [
        (MEMORY // 8, "trim", MEMORY // 2),
        (MEMORY // 8 - 1, "trim", 0),
        (MEMORY, "release", 0),
    ],
)
def test_memory_that_is_held_goes_while_others_are_at_work_where_little_is_free(
    monkeypatch: pytest.MonkeyPatch, free: int, give_back: str, left: int
) -> None:
    """Of its device, whichever is current; else it is kept for what comes next. Where nobody is left, all goes."""
    cupy = fake_cupy(HostDevice())
    pool = cupy.get_default_memory_pool()
    monkeypatch.setattr(FakeDevice, "free", {1: free, 0: MEMORY - free})
    with installed(cupy):
        with Current("device", 1):
            device = importlib.import_module(LAUNCH).CupyDevice()
        pool.held.update({0: MEMORY // 2, 1: MEMORY // 2})
        getattr(device, give_back)()
    assert (pool.held[0], pool.held[1]) == (MEMORY // 2, left)


def test_without_pinned_memory_copies_come_all_the_same() -> None:
    """This machine may have none left; another failure is none of that."""
    array = np.arange(5, dtype=np.int16)
    cupy = fake_cupy(HostDevice())
    with installed(cupy):
        device = importlib.import_module(LAUNCH).CupyDevice()
        there = device.upload(array)
        refusals = iter([2, 700])

        def refuse(size: int) -> None:
            raise FakeRuntimeError(next(refusals))

        cupy.cuda.alloc_pinned_memory = refuse
        np.testing.assert_array_equal(device.download(there), array, strict=True)
        with pytest.raises(FakeRuntimeError, match="700"):
            device.download(there)


def test_numbers_arrive_as_kernels_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy's of fewer bits too: a kernel reads 64 bits of every whole number."""
    arrived = []
    monkeypatch.setattr(HostDevice, "launch", lambda _device, _kernel, _blocks, given, **_: arrived.extend(given))
    with installed(fake_cupy(HostDevice())):
        numbers = [3, True, 0.5, np.int32(-4), np.uint8(5), np.bool_(1), np.float32(0.25), np.int64(6), np.float64(7)]
        importlib.import_module(LAUNCH).CupyDevice().launch("gradient", 1, numbers)
    assert arrived == numbers
    assert set(map(type, arrived)) == {int, float}


def test_launches_leave_one_another_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kernel may have is no less for a launch that needs less: of two threads each would take it from both."""
    monkeypatch.setattr(HostDevice, "launch", lambda *_given, **_shared: None)
    with installed(fake_cupy(HostDevice(shared_bytes=227 << 10))):
        device = importlib.import_module(LAUNCH).CupyDevice()
        for kib in (100, 60, 1, 227):
            device.launch("gradient", 1, [], shared=kib << 10)
