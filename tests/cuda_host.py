"""A device made of the threads of this machine: CUDA C++ built for it by g++, plain or with a sanitizer.

The kernels run in a process of their own, to which buffers go and from which they come back, launch by launch.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from outside_tools import skip
from voxmill_kernels.count import cuda
from voxmill_kernels.types import Array, Ints

HERE, SOURCES = Path(__file__).parent, Path(cuda.__file__).parent
PLAIN: tuple[str, ...] = ()
THREADS = ("-fsanitize=thread",)
ADDRESSES = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class DeviceFailedError(Exception):
    """The process of a device has ended; the message is what it wrote."""


def build(folder: Path, options: Sequence[str]) -> Path:
    """The program that runs kernels, built with these options; skips the test where there can be none."""
    if sys.platform != "linux" or shutil.which("g++") is None:
        skip("CUDA kernels are built for the host by g++ on Linux, which is not here")
    program = folder / "device"
    sources = [f"-I{SOURCES}", "-x", "c++", str(HERE / "cuda_host.cpp"), "-o", str(program)]
    flags = ["-std=c++20", "-O0", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
    built = subprocess.run(["g++", *flags, *options, *sources], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    started = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if started.returncode != 0:
        skip(f"{' '.join(options)} does not work here: {started.stderr}")
    return program


class HostProcess:
    """A program that runs kernels, started.

    `trait` is one of those that `cuda_host.hpp` knows: WITHOUT_ATOMICS, WITHOUT_BARRIERS, GIVING_WAY.
    """

    def __init__(self, program: Path, trait: str | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        traits = {trait: "1"} if trait else {}
        environment = {**os.environ, **traits, "TSAN_OPTIONS": "halt_on_error=1", "ASAN_OPTIONS": "detect_leaks=0"}
        pipe = subprocess.PIPE
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


@dataclass(frozen=True)
class HostDevice:
    """The device: its buffers are arrays of NumPy, a block has so many threads and so much memory.

    Kernels that are named in `others` run there.
    """

    process: HostProcess
    threads: int = 4
    shared_bytes: int = 1 << 16
    others: Mapping[str, HostProcess] = field(default_factory=dict)

    def upload(self, array: Array) -> Array:
        return array.copy()

    def zeros(self, length: int, dtype: DTypeLike) -> Array:
        return np.zeros(length, dtype=dtype)

    def download(self, buffer: Array) -> Array:
        return buffer.copy()

    def filled(self, buffer: Array) -> tuple[Ints, Array]:
        where = np.flatnonzero(buffer)
        return where, buffer[where]

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Array | int], *, shared: int = 0) -> None:
        head = np.array([blocks, self.threads, shared, len(arguments)], dtype=np.int64)
        process = self.others.get(kernel, self.process)
        process.send(kernel.encode().ljust(32, b"\0") + head.tobytes() + b"".join(map(_encoded, arguments)))
        for argument in arguments:
            if not isinstance(argument, int):
                argument[:] = np.frombuffer(process.receive(argument.nbytes), dtype=argument.dtype)


def _encoded(argument: Array | int) -> bytes:
    if isinstance(argument, int):
        return np.array([-1, argument], dtype=np.int64).tobytes()
    return np.int64(argument.nbytes).tobytes() + argument.tobytes()
