"""CuPy's streams as queues: all that is asked of a device is done late, and memory goes round as in CuPy's pool.

A block that is free is taken next by the stream that has taken it first, and overwritten in that stream's turn. What
NumPy does itself, in place of CuPy, is done when the thread's own stream is idle; for no other it waits.
"""

import importlib
import random
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import prod
from queue import Queue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike

from cuda_host import HostArray, HostDevice, registered
from fake_cupy import LAUNCH, FakeEvent, FakeStream, current, fake_cupy, installed
from voxmill_kernels.device import Device
from voxmill_kernels.types import Array

PATIENCE_S = 60.0
LONGEST_S = 0.02
SMALLEST = 512
"""Bytes of a block."""
BY_NUMPY = ("__array_ufunc__", "__array_function__", "__setitem__", "astype", "copy", "fill", "reshape", "take")
"""How work of NumPy's on arrays of the device begins."""


class LateStream(FakeStream):
    """A queue that a thread of its own works on, and blocks that are free, by their size."""

    def __init__(self, seed: int, *, non_blocking: bool) -> None:
        super().__init__(non_blocking=non_blocking)
        self.free: dict[int, list[bytearray]] = defaultdict(list)
        self._asked: Queue[Callable[[], object] | None] = Queue()
        self._delays = random.Random(seed)
        self._failed: list[Exception] = []
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def ask(self, work: Callable[[], object]) -> None:
        """Have something done after all that was asked for before, some time."""
        self._asked.put(work)

    def wait_event(self, event: object) -> None:
        """Have what is asked for from now on wait for an event, as it was recorded last."""
        assert isinstance(event, LateEvent)
        self.ask(partial(event.happened.wait, PATIENCE_S))

    def synchronize(self) -> None:
        """Wait until all is done; raises what that has raised."""
        self._asked.join()
        for error in self._failed:
            raise error

    def close(self) -> None:
        """Do what is left to do, and nothing more."""
        self._asked.put(None)
        self._worker.join(PATIENCE_S)

    @property
    def is_idle(self) -> bool:
        """Whether all is done."""
        return self._asked.unfinished_tasks == 0

    def take(self, size: int) -> bytearray:
        """A block that is free, or a new one."""
        size = max(SMALLEST, 1 << (size - 1).bit_length())
        return self.free[size].pop() if self.free[size] else bytearray(size)

    def _work(self) -> None:
        while work := self._asked.get():
            time.sleep(LONGEST_S * self._delays.random() ** 8)
            try:
                work()
            except Exception as error:
                self._failed.append(error)
            self._asked.task_done()


class LateEvent(FakeEvent):
    """An event that happens in its turn; one that was never recorded has happened."""

    def __init__(self, *, disable_timing: bool = False) -> None:
        super().__init__(disable_timing=disable_timing)
        self.happened = threading.Event()
        self.happened.set()

    def record(self) -> None:
        """In the stream that is current."""
        self.happened = threading.Event()
        stream().ask(self.happened.set)


@dataclass(frozen=True)
class LateDevice(HostDevice):
    """What lies beneath CuPy. seeds: of the delays of streams. streams: those that it has."""

    seeds: Iterator[int] = field(default_factory=count)
    streams: list[LateStream] = field(default_factory=list)

    def new_stream(self, *, non_blocking: bool) -> LateStream:
        """As CuPy makes one; it ends with the device."""
        self.streams.append(LateStream(next(self.seeds), non_blocking=non_blocking))
        return self.streams[-1]

    def close(self) -> None:
        """Let all streams end."""
        for one in self.streams:
            one.close()

    def upload(self, array: Array) -> HostArray:
        staged = super().upload(array).view(np.ndarray)
        made = self.empty(staged.shape, staged.dtype)
        stream().ask(partial(np.copyto, bare(made), staged))
        return made

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._filled_with(0xC5, shape, np.dtype(dtype))

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._filled_with(0, shape, np.dtype(dtype))

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        given = [one if isinstance(one, int | float) else bare(one).view(HostArray) for one in arguments]
        stream().ask(partial(HostDevice.launch, self, kernel, blocks, given, shared=shared))

    def concatenate(self, parts: Sequence[HostArray], axis: int = 0) -> HostArray:
        """As CuPy does it."""
        shape = list(parts[0].shape)
        shape[axis] = sum(one.shape[axis] for one in parts)
        made = self.empty(shape, parts[0].dtype)
        stream().ask(partial(np.concatenate, list(map(bare, parts)), axis=axis, out=bare(made)))
        return made

    def _filled_with(self, byte: int, shape: int | Sequence[int], dtype: np.dtype[Any]) -> HostArray:
        size, taken_by = dtype.itemsize * prod(np.atleast_1d(shape).tolist()), stream()
        block = taken_by.take(size)
        owner = np.frombuffer(block, np.uint8)
        weakref.finalize(owner, taken_by.free[len(block)].append, block)
        taken_by.ask(partial(np.frombuffer(block, np.uint8).fill, byte))
        return owner[:size].view(dtype).reshape(shape).view(HostArray)


def stream() -> LateStream:
    """That which the thread is in."""
    found = current()["stream"]
    assert isinstance(found, LateStream)
    return found


def bare(array: HostArray) -> Array:
    """The memory of an array, which may be taken by others meanwhile; what NumPy has made keeps its own."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if base is None:
        return array.view(np.ndarray)
    block = np.frombuffer(base, np.uint8)
    start = array.__array_interface__["data"][0] - block.__array_interface__["data"][0]
    return np.ndarray(array.shape, array.dtype, block, start, array.strides)


def asnumpy(buffer: HostArray, *, out: Array | None = None, blocking: bool = True) -> Array:
    """A copy of an array here, which is waited for but where it is told not to be."""
    assert blocking or out is not None, "where would it go?"
    found = np.full(buffer.shape, 0xC5, np.uint8).astype(buffer.dtype) if out is None else out
    stream().ask(partial(np.copyto, found, bare(buffer)))
    if blocking:
        stream().synchronize()
    return found


def late_cupy(device: LateDevice) -> SimpleNamespace:
    """A module in the place of CuPy, on such a device: NumPy for what is not done late."""
    launching = fake_cupy(device)
    streams = {
        "Stream": device.new_stream,
        "Event": LateEvent,
        "get_current_stream": stream,
    }
    vars(launching.cuda).update(streams)
    return SimpleNamespace(
        **vars(np) | vars(launching) | {"asnumpy": asnumpy, "concatenate": device.concatenate},
    )


def _when_idle(name: str) -> Callable[..., object]:
    does: Callable[..., object] = getattr(HostArray, name)

    def done(*given: Any, **named: Any) -> object:  # noqa: ANN401
        if "stream" in current():
            stream().synchronize()
        return does(*given, **named)

    return done


@contextmanager
def late(device: LateDevice) -> Iterator[Device]:
    """What CuPy sees of a device, to which arrays of it send their work as long as this lasts; then its streams end."""
    with closing(device), installed(late_cupy(device)), registered(device), pytest.MonkeyPatch.context() as patch:
        for name in BY_NUMPY:
            patch.setattr(HostArray, name, _when_idle(name))
        found: Device = importlib.import_module(LAUNCH).gpu()
        yield found
