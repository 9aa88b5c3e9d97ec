"""A device made of the threads of this machine: CUDA C++ built for it by g++, plain or with a sanitizer.

The kernels run in a process of their own, to which buffers go and from which they come back, launch by launch.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import DTypeLike

from outside_tools import skip
from voxmill_kernels.array import device_of, register
from voxmill_kernels.cuda.sources import KERNELS, folders
from voxmill_kernels.types import Array, Ints

HERE = Path(__file__).parent
MODULES = sorted(set(KERNELS.values()))
FOLDERS = sorted({folder for module in MODULES for folder in folders(module)})
PLAIN: tuple[str, ...] = ()
CUPYS = {"absolute", "add", "copysign", "exp", "greater_equal", "log", "maximum", "minimum", "multiply", "sqrt"}
CUPYS |= {"isfinite", "isnan", "less", "equal", "not_equal", "greater", "less_equal", "logical_and", "logical_or"}
CUPYS |= {"clip", "concatenate", "copyto", "flatnonzero", "pad", "sort", "stack", "subtract", "take"}
"""Functions of NumPy that CuPy has too."""
THREADS = ("-fsanitize=thread",)
ADDRESSES = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class DeviceFailedError(Exception):
    """The process of a device has ended; the message is what it wrote."""


def common(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that the processes of a run of tests have in common."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    return folder


def build(folder: Path, options: Sequence[str]) -> Path:
    """The program that runs kernels, built with these options in a folder where it is not yet.

    Several processes may ask for it at a time: one builds it. Skips the test where there can be none.
    """
    if sys.platform != "linux" or shutil.which("g++") is None:
        skip("CUDA kernels are built for the host by g++ on Linux, which is not here")
    program = folder / "device"
    with _alone(folder):
        if not program.exists():
            _compile(program, options)
    started = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if started.returncode != 0:
        skip(f"{' '.join(options)} does not work here: {started.stderr}")
    return program


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time has a folder."""
    import fcntl  # where programs are built there are locks

    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(program: Path, options: Sequence[str]) -> None:
    folder, draft = program.parent, program.with_suffix(".draft")
    (folder / "kernels.hpp").write_text(_all_kernels())
    here = [f"-I{one}" for one in (folder, *FOLDERS)]
    sources = [*here, "-x", "c++", str(HERE / "cuda_host.cpp"), "-o", str(draft)]
    flags = ["-std=c++20", "-O0", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-pthread"]
    built = subprocess.run(["g++", *flags, *options, *sources], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    draft.rename(program)


def _all_kernels() -> str:
    """C++ with all modules, each in a namespace of its own, and the kernels as `cuda_host.cpp` lists them."""
    headers = [f'#include "{header.name}"' for folder in FOLDERS for header in sorted(folder.glob("*.cuh"))]
    names = {module: module.replace("/", "_") + "_module" for module in MODULES}
    texts = [f'namespace {names[one]} {{\n#include "{folders(one)[0] / one.split("/")[1]}.cu"\n}}' for one in MODULES]
    listed = [f"KERNEL({names[module]}, {kernel})" for kernel, module in KERNELS.items()]
    return "\n".join([*headers, *texts, "#define ALL_KERNELS " + " ".join(f"{one}," for one in listed), ""])


class HostProcess:
    """A program that runs kernels, started.

    Who launches holds the lock. `trait` is one of those that `cuda_host.hpp` knows: WITHOUT_ATOMICS, WITHOUT_BARRIERS,
    GIVING_WAY.
    """

    def __init__(self, program: Path, trait: str | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        traits = {trait: "1"} if trait else {}
        environment = {**os.environ, **traits, "TSAN_OPTIONS": "halt_on_error=1", "ASAN_OPTIONS": "detect_leaks=0"}
        pipe = subprocess.PIPE
        self.lock = Lock()
        self._process = subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=self._errors, env=environment)

    def close(self) -> None:
        """End it."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()
        self._process.wait()
        self._errors.close()

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def receive(self, length: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(length)
        if len(data) < length:
            raise self._failure()
        return data

    def _failure(self) -> DeviceFailedError:
        self._process.wait()
        self._errors.seek(0)
        return DeviceFailedError(self._errors.read().decode(errors="replace"))


@contextmanager
def running(program: Path, trait: str | None = None) -> Iterator[HostProcess]:
    """A program that runs kernels, as long as it is needed."""
    process = HostProcess(program, trait)
    try:
        yield process
    finally:
        process.close()


class FullError(MemoryError):
    """As CuPy's OutOfMemoryError."""


class HostMemory:
    """Memory of so many bytes; what arrays that are alive take of it, and the most that they took."""

    def __init__(self, size: int) -> None:
        self.size, self.taken, self.most = size, 0, 0
        self._owners: set[int] = set()
        self._lock = RLock()

    def take(self, array: np.ndarray[Any, Any]) -> None:
        """What an array takes is taken as long as the array that owns its memory lives; FullError where it is full."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        with self._lock:
            if id(owner) in self._owners:
                return
            if self.taken + owner.nbytes > self.size:
                raise FullError(f"Out of memory allocating {owner.nbytes} bytes ({self.taken} of {self.size} taken)")
            self._owners.add(id(owner))
            self.taken += owner.nbytes
            self.most = max(self.most, self.taken)
        weakref.finalize(owner, self._give_back, id(owner), owner.nbytes).atexit = False

    def _give_back(self, owner: int, count: int) -> None:
        with self._lock:
            self._owners.remove(owner)
            self.taken -= count


_MEMORIES: list[HostMemory | None] = [None]
"""Those of the devices that are registered, the last of which arrays lie in."""


class HostArray(np.ndarray[Any, np.dtype[Any]]):
    """An array of a host device: NumPy's, but that it goes with no array of this machine, as CuPy's does not.

    Of NumPy's functions it takes those that are known to be CuPy's too.
    """

    def __array_finalize__(self, _: object) -> None:
        """Where the device has a memory, it takes of that."""
        memory = _MEMORIES[-1]
        if memory is not None:
            memory.take(self)

    @property
    def ctypes(self) -> Any:  # noqa: ANN401
        """There is nothing at an address of this machine."""
        raise AttributeError("an array of a device has no address here")

    def __setitem__(self, places: Any, values: Any) -> None:  # noqa: ANN401
        for one in (*(places if isinstance(places, tuple) else [places]), values):
            _require_ours(one)
        super().__setitem__(places, values)

    def astype(self, dtype: DTypeLike, order: Any = "K", *, copy: bool = True) -> Any:  # type: ignore[override]  # noqa: ANN401
        """CuPy compiles so that single precision has no numbers below the normal ones."""
        made = super().astype(dtype, order=order, copy=copy)
        if {self.dtype, made.dtype} != {np.dtype(np.float32), np.dtype(np.float64)}:
            return made
        bare = made.view(np.ndarray)
        bare[np.abs(bare) < np.finfo(np.float32).tiny] *= 0
        return made

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **named: Any) -> Any:  # noqa: ANN401
        _require_known(ufunc.__name__)
        for one in (*inputs, *out):
            _require_ours(one)
        bare = {"out": tuple(map(_bare, out))} if out else {}
        made = getattr(ufunc, method)(*map(_bare, inputs), **bare, **named)
        return out[0] if out else _ours(made)

    def __array_function__(self, function: Callable[..., Any], types: Any, given: Any, named: Any) -> Any:  # noqa: ANN401
        del types
        _require_known(function.__name__)
        for one in (*given, *named.values()):
            for part in one if isinstance(one, list | tuple) else [one]:
                _require_ours(part)
        made = function(*[_bare(one) for one in given], **{name: _bare(one) for name, one in named.items()})
        return tuple(map(_ours, made)) if isinstance(made, tuple) else _ours(made)


def _require_known(function: str) -> None:
    if function not in CUPYS:
        raise TypeError(f"is {function} CuPy's too, and does it do the same? then it belongs to those that are known")


def _require_ours(argument: object) -> None:
    if isinstance(argument, np.ndarray) and argument.ndim and not isinstance(argument, HostArray):
        raise TypeError("an array of a device and one of this machine: upload or download one of them first")


def _bare(argument: Any) -> Any:  # noqa: ANN401
    if isinstance(argument, list | tuple):
        return type(argument)(map(_bare, argument))
    return argument.view(np.ndarray) if isinstance(argument, HostArray) else argument


def _ours(made: Any) -> Any:  # noqa: ANN401
    """What was made of arrays of the device lies there, single numbers too: looking at one means to wait for it."""
    if isinstance(made, np.generic):
        return np.full((), made, dtype=made.dtype).view(HostArray)
    return made.view(HostArray) if isinstance(made, np.ndarray) else made


@dataclass(frozen=True)
class HostDevice:
    """The device: its buffers are arrays of NumPy, a block has so many threads and so much memory.

    Kernels that are named in `others` run there. Without a process it runs none. `free` is what it says is free,
    whatever is taken, where it has no `memory`.
    """

    process: HostProcess | None = None
    threads: int = 4
    shared_bytes: int = 1 << 16
    multiprocessors: int = 2
    others: Mapping[str, HostProcess] = field(default_factory=dict)
    name: str = "threads of this machine"
    free: int = 1 << 30
    memory: HostMemory | None = None

    @property
    def free_bytes(self) -> int:
        return self.free if self.memory is None else self.memory.size - self.memory.taken

    def upload(self, array: Array) -> HostArray:
        assert array.dtype.kind in "biuf", "a device has numbers only"
        assert not isinstance(array, HostArray), "it lies there already"
        return np.array(array, order="C").view(HostArray)

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        return np.zeros(shape, dtype=dtype).view(HostArray)

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        """Filled with what nobody would expect."""
        made = self.zeros(shape, dtype)
        made.view(np.ndarray).reshape(-1).view(np.uint8)[:] = 0xC5
        return made

    def download(self, buffer: HostArray) -> Array:
        """What is in no order is put in order there first."""
        assert isinstance(buffer, HostArray)
        ordered = buffer.astype(buffer.dtype, order="C", copy=False)
        return np.array(ordered.view(np.ndarray))

    def download_all(self, buffers: Sequence[HostArray]) -> list[Array]:
        return list(map(self.download, buffers))

    def filled(self, buffer: HostArray) -> tuple[Ints, Array]:
        here = self.download(buffer)
        where = np.flatnonzero(here)
        return where, here[where]

    def in_order(self) -> AbstractContextManager[None]:
        """All that is asked of it is done when that is over."""
        return nullcontext()

    def mark(self) -> object:
        """So there is nothing to mark."""

    def wait(self, mark: object) -> None:
        """And nothing to wait for."""

    def finish(self) -> None:
        """And nothing that is not done."""

    def release(self) -> None:
        """There is nothing that it holds."""

    def trim(self) -> None:
        """So it is never much."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        head = np.array([blocks, self.threads, shared, len(arguments)], dtype=np.int64)
        process = self.others.get(kernel, self.process)
        assert process is not None
        with process.lock:
            process.send(kernel.encode().ljust(32, b"\0") + head.tobytes() + b"".join(map(_encoded, arguments)))
            for argument in arguments:
                if not isinstance(argument, int | float):
                    answer = np.frombuffer(process.receive(argument.nbytes), dtype=argument.dtype)
                    argument.view(np.ndarray)[...] = answer.reshape(argument.shape)


Given = TypeVar("Given", bound=HostDevice)


@contextmanager
def registered(device: Given) -> Iterator[Given]:
    """The device, to which what is given arrays of it sends its work as long as this lasts."""
    before = device_of(np.zeros(1).view(HostArray))
    register(HostArray, device, np)
    _MEMORIES.append(device.memory)
    try:
        yield device
    finally:
        _MEMORIES.pop()
        register(HostArray, before or device, np)


def _encoded(argument: HostArray | int | float) -> bytes:
    if isinstance(argument, int):
        return np.array([-1, argument], dtype=np.int64).tobytes()
    if isinstance(argument, float):
        return np.int64(-1).tobytes() + np.float64(argument).tobytes()
    assert isinstance(argument, HostArray), "a kernel takes arrays of its device"
    assert argument.flags.c_contiguous, "a kernel takes arrays in order"
    return np.int64(argument.nbytes).tobytes() + argument.tobytes()
