"""A device whose streams are queues: all that is asked of it is done late, and memory goes round as in CuPy's pool.

A block that is free is taken next by the stream that has taken it first, and overwritten in that stream's turn. What
NumPy does itself, in place of CuPy, is done when the thread's own stream is idle; for no other it waits.
"""

import random
import time
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import prod
from queue import Queue
from threading import Event, Thread, local
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike

from cuda_host import HostArray, HostDevice, registered
from voxmill_kernels.array import register
from voxmill_kernels.types import Array

PATIENCE_S = 60.0
LONGEST_S = 0.02
SMALLEST = 512
"""Bytes of a block."""
BY_NUMPY = ("__array_ufunc__", "__array_function__", "__setitem__", "astype", "copy", "fill", "reshape", "take")
"""How work of NumPy's on arrays of the device begins."""
_LOCAL = local()


class Stream:
    """A queue that a thread of its own works on, and blocks that are free, by their size."""

    def __init__(self, seed: int) -> None:
        self.free: dict[int, list[bytearray]] = defaultdict(list)
        self._asked: Queue[Callable[[], object]] = Queue()
        self._delays = random.Random(seed)
        self._failed: list[Exception] = []
        Thread(target=self._work, daemon=True).start()

    def ask(self, work: Callable[[], object]) -> None:
        """Have something done after all that was asked for before, some time."""
        self._asked.put(work)

    def mark(self) -> Event:
        """An event that happens in its turn."""
        event = Event()
        self.ask(event.set)
        return event

    def finish(self) -> None:
        """Wait until all is done; raises what that has raised."""
        self._asked.join()
        for error in self._failed:
            raise error

    @property
    def is_idle(self) -> bool:
        """Whether all is done."""
        return self._asked.unfinished_tasks == 0

    def take(self, size: int) -> bytearray:
        """A block that is free, or a new one."""
        size = max(SMALLEST, 1 << (size - 1).bit_length())
        return self.free[size].pop() if self.free[size] else bytearray(size)

    def _work(self) -> None:
        while True:
            work = self._asked.get()
            time.sleep(LONGEST_S * self._delays.random() ** 8)
            try:
                work()
            except Exception as error:
                self._failed.append(error)
            self._asked.task_done()


@dataclass(frozen=True)
class LateDevice(HostDevice):
    """The device. seeds: of the delays of streams; idle: streams that no thread is in."""

    seeds: Iterator[int] = field(default_factory=count)
    idle: deque[Stream] = field(default_factory=deque)

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._filled_with(0xC5, shape, np.dtype(dtype))

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return self._filled_with(0, shape, np.dtype(dtype))

    def upload(self, array: Array) -> HostArray:
        staged = super().upload(array).view(np.ndarray)
        made = self.empty(staged.shape, staged.dtype)
        current().ask(partial(np.copyto, bare(made), staged))
        return made

    def download(self, buffer: HostArray) -> Array:
        found = np.empty(buffer.shape, buffer.dtype)
        current().ask(partial(np.copyto, found, bare(buffer)))
        current().finish()
        return found

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        given = [one if isinstance(one, int | float) else bare(one).view(HostArray) for one in arguments]
        current().ask(partial(HostDevice.launch, self, kernel, blocks, given, shared=shared))

    def concatenate(self, parts: Sequence[HostArray], axis: int = 0) -> HostArray:
        """As CuPy does it."""
        shape = list(parts[0].shape)
        shape[axis] = sum(one.shape[axis] for one in parts)
        made = self.empty(shape, parts[0].dtype)
        current().ask(partial(np.concatenate, list(map(bare, parts)), axis=axis, out=bare(made)))
        return made

    @contextmanager
    def in_order(self) -> Iterator[None]:
        _LOCAL.stream = self.idle.pop() if self.idle else Stream(next(self.seeds))
        yield
        current().finish()
        self.idle.append(current())
        del _LOCAL.stream

    def mark(self) -> Event:
        return current().mark()

    def wait(self, mark: object) -> None:
        assert isinstance(mark, Event)
        current().ask(partial(mark.wait, PATIENCE_S))

    def finish(self) -> None:
        current().finish()

    def _filled_with(self, byte: int, shape: int | Sequence[int], dtype: np.dtype[Any]) -> HostArray:
        size, stream = dtype.itemsize * prod(np.atleast_1d(shape).tolist()), current()
        block = stream.take(size)
        owner = np.frombuffer(block, np.uint8)
        weakref.finalize(owner, stream.free[len(block)].append, block)
        stream.ask(partial(np.frombuffer(block, np.uint8).fill, byte))
        return owner[:size].view(dtype).reshape(shape).view(HostArray)


def current() -> Stream:
    """That which the thread is in."""
    found: Stream = _LOCAL.stream
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


@contextmanager
def late(device: LateDevice) -> Iterator[LateDevice]:
    """The device, to which arrays of it send their work as long as this lasts."""

    def when_idle(name: str) -> Callable[..., object]:
        does: Callable[..., object] = getattr(HostArray, name)

        def done(*given: Any, **named: Any) -> object:  # noqa: ANN401
            if hasattr(_LOCAL, "stream"):
                current().finish()
            return does(*given, **named)

        return done

    library = ModuleType("library")
    vars(library).update(vars(np) | {"concatenate": device.concatenate})
    with registered(device), pytest.MonkeyPatch.context() as patch:
        for name in BY_NUMPY:
            patch.setattr(HostArray, name, when_idle(name))
        register(HostArray, device, library)
        yield device
