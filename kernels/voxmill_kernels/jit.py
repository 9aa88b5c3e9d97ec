"""`njit` with a kernel cache of our own; `cache` says where it lies.

Numba's own cache will not do. It looks at the file of the cached function only: when a helper in another file changes,
the old code would run. A full disk or a damaged file ends the process. And two first runs at once can give one file to
two signatures. Here every signature of a kernel has a file of its own, which starts with a checksum of the rest.
"""

import hashlib
import os
import pickle
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from voxmill_kernels.cache import OTHERS_WRITE, KernelCache, is_strangers, kernel_cache

__all__ = ["KernelCache", "kernel_cache", "njit"]

Function = TypeVar("Function", bound=Callable[..., object])

CHECKSUM_BYTES = hashlib.sha256().digest_size


def njit(function: Function) -> Function:
    """Compile a kernel at its first call: serial, without the interpreter lock, from the cache when it is there."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    cache = kernel_cache()
    if cache.folder is not None and os.path.exists(function.__code__.co_filename):
        compiled._cache = CompiledKernel(function, cache, cache.folder)
    return cast(Function, compiled)


class Codegen(Protocol):
    """Numba's, for a processor."""

    def magic_tuple(self) -> tuple[object, ...]:
        """Which processor."""


class Target(Protocol):
    """What Numba compiles for."""

    def refresh(self) -> None:
        """Learn what has been registered since."""

    def codegen(self) -> Codegen:
        """Its code generator."""


class Result(Protocol):
    """What Numba has compiled."""

    library: Any
    lifted: tuple[object, ...]
    codegen: Codegen

    def _reduce(self) -> tuple[object, ...]: ...


class CompiledKernel:
    """The cache of one kernel, in the place and with the methods of Numba's `FunctionCache`.

    Relied upon, from Numba 0.61 to 0.68: a dispatcher asks its `_cache` before it compiles (`load_overload`) and gives
    it what it has compiled (`save_overload`); a `CompileResult` turns into something to pickle and back.
    """

    def __init__(self, function: Callable[..., object], cache: KernelCache, folder: Path) -> None:
        self._function = function
        self._cache = cache
        self.cache_path = folder
        self._source = _digest(function.__code__.co_filename)

    def load_overload(self, signature: object, target: Target) -> CompileResult | None:
        """What was compiled for a signature; None where it is not there, not ours or damaged."""
        target.refresh()
        data = _read(self._path(signature, target.codegen()))
        return None if data is None else CompileResult._rebuild(target, *pickle.loads(data))

    def save_overload(self, signature: object, result: Result) -> None:
        """Keep what was compiled for a signature, if it can be used by another process and there is room."""
        if self._cache.read_only:
            self._cache.stop_writing("can only be read")
        elif not result.lifted and not result.library.has_dynamic_globals:
            try:
                _write(self._path(signature, result.codegen), dumps(result._reduce()))
            except OSError as error:
                self._cache.stop_writing(f"cannot be written to ({error.strerror})")

    def enable(self) -> None:
        """Numba's: it is always enabled."""

    def flush(self) -> None:
        """Numba's, before it compiles everything anew: what is saved then replaces what was there."""

    def _path(self, signature: object, codegen: Codegen) -> Path:
        function = self._function
        closure = dumps(tuple(cell.cell_contents for cell in function.__closure__ or ()))
        key = (
            (function.__module__, function.__qualname__, function.__code__.co_firstlineno, self._source),
            (str(signature), codegen.magic_tuple(), hashlib.sha256(closure).hexdigest()),
        )
        name = function.__name__.strip("<>")
        return self.cache_path / f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.kernel"


@lru_cache
def _digest(source: str) -> str:
    """Of a source file: kernels of tests and scripts are no part of the hash of all kernel sources."""
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()


def _read(path: Path) -> bytes | None:
    """What was written, None where it is not."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except OSError:
        return None
    if is_strangers(status) or (os.name == "posix" and status.st_mode & OTHERS_WRITE):
        return None
    checksum, data = content[:CHECKSUM_BYTES], content[CHECKSUM_BYTES:]
    return data if hashlib.sha256(data).digest() == checksum else None


def _write(path: Path, data: bytes) -> None:
    """To a name of its own, then renamed: others may be writing the same."""
    temporary = path.with_suffix(f".{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb", opener=partial(os.open, mode=0o644)) as file:
            file.write(hashlib.sha256(data).digest() + data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
