"""The launch through CuPy, with another module in its place: what it is told, and what comes back."""

import importlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cuda_cases import NARROW, Task, assert_counts_as_the_cpu
from cuda_host import HostDevice, HostProcess
from fake_cupy import LAUNCH, Current, current, fake_cupy, installed
from kernel_cases import read_only
from voxmill_kernels.cache import kernel_cache


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


def test_all_threads_work_on_one_device_in_one_stream() -> None:
    """Those of the device when it was found, whatever each has made current for itself."""
    with installed(fake_cupy(HostDevice())):
        with Current("device", 1):
            device = importlib.import_module(LAUNCH).CupyDevice()

        def inside(number: int) -> list[dict[str, object]]:
            with Current("device", number), Current("stream", "its own"):
                with device.in_order():
                    found = current()
                return [found, current()]

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(inside, [0, 1]))
    own = {"stream": "its own"}
    assert found == [[{"device": 1, "stream": "null"}, {"device": number, **own}] for number in (0, 1)]


def test_launches_leave_one_another_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kernel may have is no less for a launch that needs less: of two threads each would take it from both."""
    monkeypatch.setattr(HostDevice, "launch", lambda *_given, **_shared: None)
    with installed(fake_cupy(HostDevice(shared_bytes=227 << 10))):
        device = importlib.import_module(LAUNCH).CupyDevice()
        for kib in (100, 60, 1, 227):
            device.launch("gradient", 1, [], shared=kib << 10)
