"""Devices that keep the time of every launch: the device's, or this machine's."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, cast

import numpy as np

from gpu_parts.bench import Bench
from voxmill_kernels.array import namespace, register
from voxmill_kernels.cuda.device import Buffer, Device


class Watched:
    """A device with an event of CUDA before and after each launch; all else is the device's own."""

    def __init__(self, bench: Bench) -> None:
        self._device, self._cuda = bench.device, bench.cupy.cuda
        self._launches: list[tuple[str, int, Any, Any]] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the device has
        return getattr(self._device, name)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int | float], **given: int) -> None:
        """The device's, between two events."""
        begin, end = self._cuda.Event(), self._cuda.Event()
        begin.record()
        self._device.launch(kernel, blocks, arguments, **given)
        end.record()
        moved = sum(getattr(one, "nbytes", 0) for one in arguments)
        self._launches.append((kernel, moved, begin, end))

    def by_kernel(self) -> dict[str, tuple[float, int]]:
        """Seconds of each kernel and bytes of its arrays, of all its launches since this was asked for last."""
        seconds: dict[str, float] = defaultdict(float)
        moved: dict[str, int] = defaultdict(int)
        for kernel, its, begin, end in self._launches:
            end.synchronize()
            seconds[kernel] += float(self._cuda.get_elapsed_time(begin, end)) / 1e3
            moved[kernel] += its
        self._launches.clear()
        return {kernel: (seconds[kernel], moved[kernel]) for kernel in seconds}


class Timed:
    """A device that adds up the seconds of the clock that its launches take here; all else is the device's own."""

    def __init__(self, device: Device) -> None:
        self._device, self.seconds = device, 0.0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the device has
        return getattr(self._device, name)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int | float], **given: int) -> None:
        """The device's, by the clock."""
        began = time.perf_counter()
        self._device.launch(kernel, blocks, arguments, **given)
        self.seconds += time.perf_counter() - began


def launching_s(bench: Bench, work: Callable[[Device], object]) -> float:
    """The median seconds of the clock for the launches of some work, on a device that is idle; done once before."""
    work(bench.device)
    runs = []
    for _ in range(bench.sizes.repeats):
        bench.device.finish()
        timed = Timed(bench.device)
        work(cast(Device, timed))
        runs.append(timed.seconds)
    return median(runs)


@contextmanager
def watching(bench: Bench) -> Iterator[Watched]:
    """The device, watched, also by what is given arrays of it."""
    sample = bench.device.zeros(1, np.uint8)
    watched, module = Watched(bench), namespace(sample)
    register(type(sample), cast(Device, watched), module)
    try:
        yield watched
    finally:
        register(type(sample), bench.device, module)


def kernels_of(bench: Bench, work: Callable[[Device], object]) -> dict[str, tuple[float, int]]:
    """The median seconds of each kernel that some work launches, and the bytes of its arrays; done once before."""
    with watching(bench) as watched:
        device = cast(Device, watched)
        work(device)
        watched.by_kernel()
        runs = []
        for _ in range(bench.sizes.repeats):
            work(device)
            runs.append(watched.by_kernel())
    return {kernel: (median(run[kernel][0] for run in runs), moved) for kernel, (_, moved) in runs[0].items()}
