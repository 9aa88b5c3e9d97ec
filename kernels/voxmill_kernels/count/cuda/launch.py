"""The device that CuPy sees. Here CuPy is imported: whoever imports this has it."""

import os
from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.cache import kernel_cache
from voxmill_kernels.count.cuda.device import KERNELS, OPTIONS, Buffer, source
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


class CupyDevice:
    """The device that is current while this is used."""

    def __init__(self) -> None:
        self._kernels: dict[str, Kernel] = {}

    @cached_property
    def shared_bytes(self) -> int:
        """How much memory a block can have to itself."""
        return int(cupy.cuda.Device().attributes["MaxSharedMemoryPerBlockOptin"])

    def upload(self, array: Array) -> Buffer:
        """A copy of an array there."""
        return cupy.asarray(array)

    def zeros(self, length: int, dtype: DTypeLike) -> Buffer:
        """Room for so many numbers, all 0."""
        return cupy.zeros(length, dtype=dtype)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int], *, shared: int = 0) -> None:
        """Run so many blocks of a kernel, each with so many bytes `shared` by its threads."""
        given = tuple(np.int64(one) if isinstance(one, int) else one for one in arguments)
        self._kernel(kernel, shared)((blocks,), (THREADS,), given, shared_mem=shared)

    def download(self, buffer: Buffer) -> Array:
        """A copy of a buffer here."""
        return np.asarray(cupy.asnumpy(buffer))

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where a buffer is not 0, ascending, and what stands there."""
        where = cupy.flatnonzero(buffer)
        return self.download(where), self.download(buffer[where])

    def _kernel(self, name: str, shared: int) -> Kernel:
        """A kernel that may be launched with so many bytes shared."""
        if name not in self._kernels:
            self._kernels[name] = cupy.RawModule(code=source(KERNELS[name]), options=OPTIONS).get_function(name)
        kernel = self._kernels[name]
        if shared > ALWAYS_SHARED:
            kernel.max_dynamic_shared_size_bytes = shared
        return kernel
