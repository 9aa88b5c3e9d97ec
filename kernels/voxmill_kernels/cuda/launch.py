"""The device that CuPy sees. Here CuPy is imported: whoever imports this has it."""

import os
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.array import register
from voxmill_kernels.cache import kernel_cache
from voxmill_kernels.cuda.sources import KERNELS, OPTIONS, source
from voxmill_kernels.device import Buffer, Mark
from voxmill_kernels.types import Array, Ints

Kernel: TypeAlias = Any
"""CuPy's RawKernel."""
Untyped: TypeAlias = Any
"""What CuPy gives."""
THREADS = 256
"""Of a block."""
ALWAYS_SHARED = 48 << 10
"""Bytes that a block can have without its kernel asking for more."""
STAGED = 32 << 20
"""Up to so many bytes come from a device through pinned memory of ours; more, or where there is none left, through the
little that CUDA has."""
FREE_PART = 8
"""Little of the memory of a device is free where it is less than this part of all; threads leave about twice that."""
MOST_PINNED = 256 << 20
"""So many bytes of pinned memory are kept between cases: it takes long to get."""
ALIGNED = 64
"""Arrays that come together begin at multiples of so many bytes."""
_PINNED: dict[int, int] = {}
"""How many bytes of pinned memory there are, in use or kept for later, by the identity of what was taken at once."""


def _import_cupy() -> ModuleType:
    """CuPy. It decides when it is imported where it keeps what it compiles: beside our other kernels, if it can."""
    cache = kernel_cache()
    if cache.folder is not None and not cache.read_only:
        os.environ.setdefault("CUPY_CACHE_DIR", str(cache.folder / "cupy"))
    import cupy

    return cupy


cupy = _import_cupy()


@cache
def gpu() -> "CupyDevice":
    """The device that is current; raises what CuPy raises where there is none that works."""
    device = CupyDevice()
    register(cupy.ndarray, device, cupy)
    return device


def driver_version() -> int:
    """The newest CUDA that the driver is for: 13020 is 13.2; 0 where there is no driver."""
    return int(cupy.cuda.runtime.driverGetVersion())


def cuda_version() -> int:
    """The CUDA that CuPy is for."""
    return int(cupy.cuda.runtime.runtimeGetVersion())


@dataclass(frozen=True)
class Description:
    """A device as CuPy sees it: what it is called, what code it runs (9.0, for one), and how much memory it has."""

    name: str
    compute_capability: str
    memory_bytes: int


def describe() -> list[Description]:
    """All devices that this process sees, by their number; raises what CuPy raises where it sees none."""
    found = map(cupy.cuda.runtime.getDeviceProperties, range(cupy.cuda.runtime.getDeviceCount()))
    return [
        Description(one["name"].decode(), f"{one['major']}.{one['minor']}", int(one["totalGlobalMem"])) for one in found
    ]


class CupyDevice:
    """The device that is current when this is made."""

    def __init__(self) -> None:
        self._number = int(cupy.cuda.Device().id)
        self._kernels: dict[str, Kernel] = {}
        self._streams: list[Untyped] = []
        self._idle: deque[Untyped] = deque()
        self._pinned = cupy.cuda.PinnedMemoryPool(_pin)
        cupy.cuda.set_pinned_memory_allocator(self._pinned.malloc)

    @cached_property
    def name(self) -> str:
        """What it is called where people read it."""
        device = cupy.cuda.Device()
        return str(cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode())

    @cached_property
    def shared_bytes(self) -> int:
        """How much memory a block can have to itself."""
        return self._attribute(cupy.cuda.runtime.cudaDevAttrMaxSharedMemoryPerBlockOptin)

    @cached_property
    def multiprocessors(self) -> int:
        """How many processors it has, each of which runs some blocks at once."""
        return self._attribute(cupy.cuda.runtime.cudaDevAttrMultiProcessorCount)

    @property
    def free_bytes(self) -> int:
        """How much of its memory can still be taken: what is free, and what is held and not in use."""
        with cupy.cuda.Device(self._number):
            free, _ = cupy.cuda.Device().mem_info
            return int(free) + int(cupy.get_default_memory_pool().free_bytes())

    def upload(self, array: Array) -> Buffer:
        """A copy of an array there. CuPy copies it into pinned memory first, and goes on while that is sent."""
        return cupy.asarray(np.ascontiguousarray(array))

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> Buffer:
        """An array of this shape, all 0."""
        return cupy.zeros(shape, dtype=dtype)

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> Buffer:
        """An array of this shape, in which anything may stand."""
        return cupy.empty(shape, dtype=dtype)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int | float], *, shared: int = 0) -> None:
        """Run so many blocks of a kernel, each with so many bytes `shared` by its threads."""
        if blocks:
            self._kernel(kernel)((blocks,), (THREADS,), tuple(map(_given, arguments)), shared_mem=shared)

    def download(self, buffer: Buffer) -> Array:
        """A copy of an array here, when all that this thread has asked for is done."""
        (found,) = self.download_all([buffer])
        return found

    def download_all(self, buffers: Sequence[Buffer]) -> list[Array]:
        """Copies of several arrays here, waited for once, in the stream of this thread alone."""
        ends = np.cumsum([-(-one.nbytes // ALIGNED) * ALIGNED for one in buffers]).tolist()
        memory = _pinned(ends[-1]) if 0 < ends[-1] <= STAGED else None
        if memory is None:
            return [np.asarray(cupy.asnumpy(one)) for one in buffers]
        staged = [
            np.frombuffer(memory, one.dtype, one.size, start).reshape(one.shape)
            for one, start in zip(buffers, [0, *ends[:-1]], strict=True)
        ]
        for one, here in zip(buffers, staged, strict=True):
            cupy.asnumpy(one, out=here, blocking=False)
        self.finish()
        return [here.copy() for here in staged]

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where an array of one dimension is not 0, ascending, and what stands there."""
        where = cupy.flatnonzero(buffer)
        places, found = self.download_all([where, buffer[where]])
        return places, found

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """While inside, this thread works on this device, in a stream of its own; the next to come has it again.

        A device and a stream are current by thread, also for what CuPy and its libraries launch. CuPy takes memory that
        is free again for what comes next in the stream that has taken it first, whoever was at work on it. So a stream
        is not used again whose thread was interrupted: another may be at work on what that has given it.
        """
        with cupy.cuda.Device(self._number), self._stream():
            try:
                yield
            except Exception:
                self._leave()
                raise
            self._leave()

    def mark(self) -> Mark:
        """A mark behind all that this thread has asked for."""
        event = cupy.cuda.Event(disable_timing=True)
        event.record()
        return event

    def wait(self, mark: Mark) -> None:
        """What this thread asks for from now on begins when all that is before a mark is done; this returns at once."""
        cupy.cuda.get_current_stream().wait_event(mark)

    def finish(self) -> None:
        """Return when all that this thread has asked for is done."""
        cupy.cuda.get_current_stream().synchronize()

    def release(self) -> None:
        """Give back the memory that is held for later and not in use; pinned memory where it is more than is kept."""
        with cupy.cuda.Device(self._number):
            cupy.get_default_memory_pool().free_all_blocks()
        self._trim_pinned()

    def trim(self) -> None:
        """The same where little is free, as other threads go on: CUDA frees nothing before what uses it is done."""
        free, size = cupy.cuda.Device(self._number).mem_info
        if free < size // FREE_PART:
            self.release()
        else:
            self._trim_pinned()

    def _trim_pinned(self) -> None:
        if sum(list(_PINNED.values())) > MOST_PINNED:  # a list at once: another thread may take more meanwhile
            self._pinned.free_all_blocks()

    def _attribute(self, which: int) -> int:
        """One attribute: asked for all, CuPy asks for some that CUDA refuses, and compute-sanitizer counts these."""
        return int(cupy.cuda.runtime.deviceGetAttribute(which, self._number))

    def _stream(self) -> Untyped:
        """A stream that nobody is in. None is ever destroyed: CuPy knows its memory by the stream's address."""
        try:
            return self._idle.pop()
        except IndexError:
            self._streams.append(cupy.cuda.Stream(non_blocking=True))
            return self._streams[-1]

    def _leave(self) -> None:
        """Leave the stream that is current to the next thread, when its work is done."""
        self.finish()
        self._idle.append(cupy.cuda.get_current_stream())

    def _kernel(self, name: str) -> Kernel:
        """A kernel that may have all that a block can share, from the first: threads would fight over its one limit."""
        if name not in self._kernels:
            kernel = cupy.RawModule(code=source(KERNELS[name]), options=OPTIONS).get_function(name)
            if self.shared_bytes > ALWAYS_SHARED:
                kernel.max_dynamic_shared_size_bytes = self.shared_bytes
            self._kernels[name] = kernel
        return self._kernels[name]


def _pinned(size: int) -> Untyped:
    """So many bytes of pinned memory; None where this machine has too little, which says nothing of the device's."""
    try:
        return cupy.cuda.alloc_pinned_memory(size)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        if error.status != cupy.cuda.runtime.errorMemoryAllocation:
            raise
        return None


def _pin(size: int) -> Untyped:
    """Pinned memory from CUDA, noted as long as it is pinned."""
    memory = cupy.cuda.PinnedMemory(size, cupy.cuda.runtime.hostAllocPortable)
    _PINNED[id(memory)] = size
    weakref.finalize(memory, _PINNED.pop, id(memory), None).atexit = False
    return cupy.cuda.PinnedMemoryPointer(memory, 0)


def _given(argument: Buffer | int | float) -> Any:  # noqa: ANN401 - what CuPy hands to a kernel
    """A number, of NumPy's types too, in the type that kernels have for it; an array as it is."""
    if isinstance(argument, np.generic):
        argument = argument.item()
    if isinstance(argument, int):
        return np.int64(argument)
    return np.float64(argument) if isinstance(argument, float) else argument
