"""As much of CuPy as a launch takes, on the threads of this machine; as strict as the real one."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

import voxmill_kernels.cuda
from cuda_host import HostArray, HostDevice
from voxmill_kernels.types import Array

LAUNCH = "voxmill_kernels.cuda.launch"
MEMORY = 6 * 10**9
"""Bytes of a device."""
PORTABLE = 1
"""A flag of pinned memory."""


@dataclass
class FakeKernel:
    """A kernel, launched with few threads in place of what is asked for."""

    device: HostDevice
    name: str
    limits: list[int] = field(default_factory=lambda: [48 << 10])

    @property
    def max_dynamic_shared_size_bytes(self) -> int:
        """A launch with more fails."""
        return self.limits[-1]

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, limit: int) -> None:
        assert limit >= self.limits[-1], "another thread may be about to launch it with more"
        self.limits.append(limit)

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...], *, shared_mem: int) -> None:
        assert block == (256,)
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        assert all(isinstance(one, HostArray | np.int64 | np.float64) for one in args)
        (blocks,) = grid
        arguments = [one.item() if isinstance(one, np.generic) else one for one in args]
        self.device.launch(self.name, blocks, arguments, shared=shared_mem)


_LOCAL = threading.local()


def current() -> dict[str, object]:
    """The `device` (a number) and the `stream` (a name) that this thread has made its own."""
    return dict(getattr(_LOCAL, "entered", []))


@dataclass(eq=False)
class Current:
    """A device or a stream, which a thread can make its own."""

    kind: str
    value: object

    def __enter__(self) -> None:
        _LOCAL.entered = [*getattr(_LOCAL, "entered", []), (self.kind, self.value)]

    def __exit__(self, *error: object) -> None:
        _LOCAL.entered.pop()


class FakeStream(Current):
    """A stream, in which all is done when it is asked for."""

    def __init__(self, *, non_blocking: bool) -> None:
        assert non_blocking, "it would wait for the null stream"
        super().__init__("stream", self)

    def wait_event(self, event: object) -> None:
        """It is done."""

    def synchronize(self) -> None:
        """All is done."""


class FakeEvent:
    """An event, behind what is done already."""

    done = True

    def __init__(self, *, disable_timing: bool = False) -> None:
        """With its time or without."""

    def record(self) -> None:
        """In the stream that is current."""

    def synchronize(self) -> None:
        """It is done."""


class FakePinned(bytearray):
    """Pinned memory, where it begins."""

    def __init__(self, size: int, flags: int) -> None:
        assert flags == PORTABLE
        super().__init__(size)


class FakeRuntimeError(RuntimeError):
    """As CuPy's CUDARuntimeError."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class FakePinnedPool:
    """Keeps all that it takes, and gives none of it again."""

    def __init__(self, take: Callable[[int], FakePinned]) -> None:
        self._take, self._kept = take, list[FakePinned]()

    def malloc(self, size: int) -> FakePinned:
        """Pinned memory of this size."""
        self._kept.append(self._take(size))
        return self._kept[-1]

    def free_all_blocks(self) -> None:
        """Forget what is not in use."""
        self._kept.clear()


@dataclass
class FakePool:
    """Holds so many bytes of each device for later."""

    held: Counter[object] = field(default_factory=Counter)

    def free_bytes(self) -> int:
        """What is held and not in use of the device that is current."""
        return self.held[FakeDevice().id]

    def free_all_blocks(self) -> None:
        """Hold nothing of it any more."""
        del self.held[FakeDevice().id]


class FakeDevice(Current):
    """A device by its number; without one the device that is current."""

    free: ClassVar[dict[object, int]] = {}
    """Bytes that nobody has taken, by number, where that is not all."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__("device", current().get("device", 0) if number is None else number)

    @property
    def id(self) -> object:
        """Its number."""
        return self.value

    @property
    def mem_info(self) -> tuple[int, int]:
        """Bytes that nobody has taken, and all."""
        return self.free.get(self.id, MEMORY), MEMORY


@contextmanager
def installed(cupy: object) -> Iterator[None]:
    """A module in the place of CuPy, None where there is none, as long as this lasts: whatever launches loads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        patch.setenv("CUPY_CACHE_DIR", "replaced")
        patch.delenv("CUPY_CACHE_DIR")
        patch.delitem(sys.modules, LAUNCH, raising=False)
        patch.delattr(voxmill_kernels.cuda, "launch", raising=False)
        yield
        sys.modules.pop(LAUNCH, None)
        voxmill_kernels.cuda.__dict__.pop("launch", None)


def fake_cupy(device: HostDevice, *, driver: int = 13_010) -> SimpleNamespace:
    """A module in the place of CuPy, which is for CUDA 13.2."""

    def raw_module(*, code: str, options: tuple[str, ...]) -> SimpleNamespace:
        assert "-fmad=false" in options

        def get_function(name: str) -> FakeKernel:
            of_bits, of_type = name.rstrip("0123456789"), name.rpartition("_")[0]
            assert any(f" {one}(" in code for one in (of_bits, f"{of_bits}##bits", f"{of_type}_##type"))
            return FakeKernel(device, name)

        return SimpleNamespace(get_function=get_function)

    properties = {"name": b"Threads of this machine", "major": 9, "minor": 0, "totalGlobalMem": MEMORY}
    runtime = SimpleNamespace(
        driverGetVersion=lambda: driver,
        runtimeGetVersion=lambda: 13_020,
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda number: properties,
        hostAllocPortable=PORTABLE,
        errorMemoryAllocation=2,
        CUDARuntimeError=FakeRuntimeError,
        cudaDevAttrMaxSharedMemoryPerBlockOptin=97,
        cudaDevAttrMultiProcessorCount=16,
        deviceGetAttribute=lambda which, number: {97: device.shared_bytes, 16: device.multiprocessors}[which],
    )
    pool = FakePool()
    null, allocators = FakeStream(non_blocking=True), list[Callable[[int], FakePinned]]()

    def asnumpy(buffer: HostArray, *, out: Array | None = None, blocking: bool = True) -> Array:
        here = device.download(buffer)
        if out is None:
            assert blocking, "where would it go?"
            return here
        out[...] = here
        return out

    cuda = SimpleNamespace(
        Device=FakeDevice,
        runtime=runtime,
        Stream=FakeStream,
        Event=FakeEvent,
        get_current_stream=lambda: current().get("stream", null),
        PinnedMemory=FakePinned,
        PinnedMemoryPointer=lambda memory, start: memory,
        PinnedMemoryPool=FakePinnedPool,
        set_pinned_memory_allocator=allocators.append,
        alloc_pinned_memory=lambda size: allocators[-1](size),
    )
    return SimpleNamespace(
        __version__="14.2.0",
        ndarray=HostArray,
        asarray=device.upload,
        asnumpy=asnumpy,
        zeros=device.zeros,
        empty=device.empty,
        flatnonzero=np.flatnonzero,
        RawModule=raw_module,
        cuda=cuda,
        get_default_memory_pool=lambda: pool,
    )
