"""The device that CuPy sees. Here CuPy is imported: whoever imports this has it."""

import os
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
from voxmill_kernels.cuda.device import Buffer
from voxmill_kernels.cuda.sources import KERNELS, OPTIONS, source
from voxmill_kernels.types import Array, Ints

Kernel: TypeAlias = Any
"""CuPy's RawKernel."""
THREADS = 256
"""Of a block."""
ALWAYS_SHARED = 48 << 10
"""Bytes that a block can have without its kernel asking for more."""


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

    @cached_property
    def name(self) -> str:
        """What it is called where people read it."""
        device = cupy.cuda.Device()
        return str(cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode())

    @cached_property
    def shared_bytes(self) -> int:
        """How much memory a block can have to itself."""
        return int(cupy.cuda.Device().attributes["MaxSharedMemoryPerBlockOptin"])

    @cached_property
    def multiprocessors(self) -> int:
        """How many processors it has, each of which runs some blocks at once."""
        return int(cupy.cuda.Device().attributes["MultiProcessorCount"])

    @property
    def free_bytes(self) -> int:
        """How much of its memory can still be taken: what is free, and what is held and not in use."""
        free, _ = cupy.cuda.Device().mem_info
        return int(free) + int(cupy.get_default_memory_pool().free_bytes())

    def upload(self, array: Array) -> Buffer:
        """A copy of an array there."""
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
        """A copy of an array here."""
        return np.asarray(cupy.asnumpy(buffer))

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where an array of one dimension is not 0, ascending, and what stands there."""
        where = cupy.flatnonzero(buffer)
        return self.download(where), self.download(buffer[where])

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """While inside, this thread works on this device, in the stream in which all threads do.

        A device and a stream are current by thread, and CuPy takes memory that a stream has freed for what comes next
        in that stream: another may be at work on it.
        """
        with cupy.cuda.Device(self._number), cupy.cuda.Stream.null:
            yield

    def release(self) -> None:
        """Give back the memory that is held for later and not in use."""
        cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def _kernel(self, name: str) -> Kernel:
        """A kernel that may have all that a block can share, from the first: threads would fight over its one limit."""
        if name not in self._kernels:
            kernel = cupy.RawModule(code=source(KERNELS[name]), options=OPTIONS).get_function(name)
            if self.shared_bytes > ALWAYS_SHARED:
                kernel.max_dynamic_shared_size_bytes = self.shared_bytes
            self._kernels[name] = kernel
        return self._kernels[name]


def _given(argument: Buffer | int | float) -> Any:  # noqa: ANN401 - what CuPy hands to a kernel
    """A number in the type that kernels have for it; an array as it is."""
    if isinstance(argument, int):
        return np.int64(argument)
    return np.float64(argument) if isinstance(argument, float) else argument
