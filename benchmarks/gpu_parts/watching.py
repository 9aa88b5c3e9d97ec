"""Devices that keep the time of every launch: the device's, or this machine's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any, cast

import numpy as np

from gpu_parts.bench import Bench
from gpu_parts.clock import Interval, Took, interval, typical
from voxmill_kernels.array import namespace, register
from voxmill_kernels.device import Buffer, Device

HELD_S = 2e-4
"""How long the device is held before a launch; this machine takes some 20 µs for one."""


class Watched:
    """A device with an event of CUDA before and after each launch; all else is the device's own."""

    def __init__(self, bench: Bench) -> None:
        self._device, self._cupy = bench.device, bench.cupy
        self._launches: list[tuple[str, int, Interval]] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the device has
        return getattr(self._device, name)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int | float], **given: int) -> None:
        """The device's, between two events."""
        launch = partial(self._device.launch, kernel, blocks, arguments, **given)
        moved = sum(getattr(one, "nbytes", 0) for one in arguments)
        self._launches.append((kernel, moved, interval(self._cupy, launch, HELD_S)))

    def by_kernel(self) -> dict[str, tuple[Took, int]]:
        """Seconds of each kernel and bytes of its arrays, of all its launches since this was asked for last."""
        found: dict[str, tuple[Took, int]] = {}
        for kernel, moved, launched in self._launches:
            before, already = found.get(kernel, (Took(0.0, 0.0), 0))
            took = launched.took()
            together = Took(before.seconds + took.seconds, max(before.late, took.late))
            found[kernel] = together, already + moved
        self._launches.clear()
        return found


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
    """The median seconds of the clock for the launches of some work, on a device that is idle; done before."""
    bench.warm(lambda: work(bench.device))
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


def kernels_of(bench: Bench, work: Callable[[Device], object]) -> dict[str, tuple[Took, int]]:
    """The median seconds of each kernel that some work launches, and the bytes of its arrays; done before."""
    with watching(bench) as watched:
        device = cast(Device, watched)
        bench.warm(lambda: work(device))
        watched.by_kernel()
        runs = []
        for _ in range(bench.sizes.repeats):
            work(device)
            runs.append(watched.by_kernel())
    return {kernel: (typical([run[kernel][0] for run in runs]), moved) for kernel, (_, moved) in runs[0].items()}
