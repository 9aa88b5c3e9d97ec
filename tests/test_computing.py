"""Devices to compute on: which there is, that it is proved once, and a sentence for everything that can be amiss."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cuda_host import HostArray, HostDevice, HostProcess
from fake_cupy import fake_cupy, installed
from voxmill import computing
from voxmill.computing import AGAIN_S, describe_gpus, failure, find_gpu, open_device
from voxmill.errors import Interruption
from voxmill_kernels.device import Device
from voxmill_kernels.types import Array


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""


class CUDADriverError(RuntimeError):
    """As CuPy's."""


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


class DynamicLibNotFoundError(RuntimeError):
    """As that of what looks for CUDA's libraries for CuPy."""


@dataclass(frozen=True)
class BrokenDevice(HostDevice):
    """A device where nothing can be put."""

    error: Exception = field(default_factory=RuntimeError)

    def upload(self, array: Array) -> HostArray:
        raise self.error


@pytest.fixture(autouse=True)
def nothing_found_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "_FOUND", [])


def refusal() -> str:
    """What is said where a GPU is demanded; where it is not, the CPU does the work, and the reason is known."""
    assert open_device("auto") is None
    assert open_device("cpu") is None
    with pytest.raises(vm.SettingsError) as refused:
        open_device("gpu")
    assert f"device 'gpu': {find_gpu().obstacle}; or use 'auto' or 'cpu'" == str(refused.value)
    return find_gpu().obstacle


def test_without_cupy() -> None:
    with installed(None):
        assert refusal() == (
            "CuPy, which computes on GPUs, is not installed; pip install 'voxmill[gpu]' (CUDA 13) or "
            "'voxmill[gpu-cuda12]' (CUDA 12)"
        )


def test_a_cupy_of_which_another_has_taken_the_files_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wheels have one folder: when one is uninstalled, the other is there by name alone."""
    (about := tmp_path / "cupy_cuda12x-14.2.0.dist-info").mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: cupy-cuda12x\nVersion: 14.2.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with installed(None):
        assert refusal().startswith("of CuPy only the name is installed: pip uninstall cupy-cuda12x, and pip install")
        assert find_gpu().fault


def test_a_broken_cupy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cupy.py").write_text("raise ImportError('libcuda.so.1: wrong kind\\nand more')")
    monkeypatch.syspath_prepend(tmp_path)
    with installed(None):
        del sys.modules["cupy"]
        assert refusal().startswith("CuPy cannot be loaded (ImportError: libcuda.so.1: wrong kind); uninstall it, and")


PARTIAL = "__version__ = '14'\nclass cuda:\n    class runtime:\n        runtimeGetVersion = lambda: 13020\n"


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("cupy.py", "", "AttributeError: module 'cupy' has no attribute"),
        ("cupy/readme.txt", "", "AttributeError: module 'cupy' has no attribute"),
        (
            "cupy.py",
            PARTIAL,
            "AttributeError: type object 'runtime' has no attribute 'driverGetVersion'",
        ),
        ("cupy.py", "import sys; sys.exit('no licence')", "SystemExit: no licence"),
        ("cupy.py", "class Panic(BaseException): ...\nraise Panic('of Rust')", "Panic: of Rust"),
    ],
)
def test_a_cupy_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, said: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with installed(None):
        del sys.modules["cupy"]
        assert refusal().startswith(f"CuPy cannot be loaded ({said}")
        assert describe_gpus() == ([], "")


def test_a_cupy_without_what_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = fake_cupy(HostDevice(None))
    del cupy.RawModule
    with installed(cupy):
        monkeypatch.setattr(cupy, "cuda", Absent("cupy", cupy.cuda))
        assert refusal().startswith("CuPy cannot be loaded (AttributeError: module 'cupy' has no attribute 'Device')")


class Absent(ModuleType):
    """Of CuPy's cuda its runtime alone."""

    def __init__(self, name: str, cuda: Any) -> None:  # noqa: ANN401 - CuPy's
        super().__init__(name)
        self.runtime = cuda.runtime


@pytest.mark.parametrize("wish", [KeyboardInterrupt, Interruption])
def test_a_wish_to_end_is_no_broken_cupy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: type[BaseException]
) -> None:
    (tmp_path / "cupy.py").write_text(f"from {wish.__module__} import {wish.__name__}; raise {wish.__name__}")
    monkeypatch.syspath_prepend(tmp_path)
    with installed(None):
        del sys.modules["cupy"]
        with pytest.raises(wish):
            find_gpu()


def test_what_cupy_warns_of_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here warnings are errors."""
    (tmp_path / "cupy.py").write_text("import warnings; warnings.warn('CUDA path could not be detected')")
    monkeypatch.syspath_prepend(tmp_path)
    with installed(None):
        del sys.modules["cupy"]
        assert refusal().startswith("CuPy cannot be loaded (AttributeError: module 'cupy' has no attribute")


@pytest.mark.parametrize(
    "error, driver, said",
    [
        (CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is …"), 0, r"^no driver of NVIDIA is inst"),
        (
            CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is …"),
            12_040,
            r"too old, for CUDA 12\.4, where CuPy needs 13\.0; update the driver, or install 'voxmill\[gpu-cuda12\]'",
        ),
        (
            CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is …"),
            11_080,
            r"^the driver of NVIDIA is too old, for CUDA 11\.8, where CuPy needs 13\.0; update the driver$",
        ),
        (
            CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is …"),
            13_020,
            r"^CUDA refuses the driver of NVIDIA, though it is for CUDA 13\.2, and CuPy needs 13\.0; restart",
        ),
        (CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected"), 13_010, "^no GPU of NVIDIA is fou"),
        (
            DynamicLibNotFoundError('Failure finding "libnvrtc.so.13 or libnvrtc.so.12": No such file'),
            13_010,
            r"\(NVRTC\) is missing or does not load; pip install 'voxmill\[gpu\]'",
        ),
        (RuntimeError("CuPy failed to load libnvrtc.so.12: OSError"), 13_010, r"\(NVRTC\) is missing or does not load"),
        (RuntimeError("Failed to find CUDA headers. Please install …"), 13_010, "headers of CUDA are missing"),
        (CUDADriverError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"), 13_010, "memory is taken by other programs"),
        (OutOfMemoryError("Out of memory allocating 512 bytes"), 13_010, "memory is taken by other programs; wait"),
        (CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"), 13_010, "memory is taken by other programs"),
        (CUDARuntimeError("cudaErrorDevicesUnavailable: busy"), 13_010, "to itself; wait"),
        (
            CUDARuntimeError("cudaErrorUnknown: unknown error\nand more"),
            13_010,
            r"does not work \(CUDARuntimeError: cudaErrorUnknown: unknown error\); see whether nvidia-smi",
        ),
        (CUDARuntimeError(), 13_010, r"does not work \(CUDARuntimeError\)"),
    ],
)
def test_what_is_amiss(monkeypatch: pytest.MonkeyPatch, error: Exception, driver: int, said: str) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with installed(fake_cupy(BrokenDevice(error=error), driver=driver)):
        assert re.search(said, refusal())


@pytest.mark.parametrize("name", ["cudaErrorNoDevice", "cudaErrorInvalidDevice"])
@pytest.mark.parametrize("visible", ["", "-1", "7"])
def test_a_gpu_that_is_hidden(monkeypatch: pytest.MonkeyPatch, name: str, visible: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with installed(fake_cupy(BrokenDevice(error=CUDARuntimeError(f"{name}: …")))):
        assert refusal().startswith(f"CUDA_VISIBLE_DEVICES is {visible!r} and leaves no GPU to be seen; unset it, or")
        assert "or give the number of a GPU that nvidia-smi shows, if it shows one" in refusal()


def test_a_device_that_counts_wrongly(plain: HostProcess) -> None:
    class Forgetful(HostDevice):
        def launch(self, *given: object, **named: object) -> None:
            del given, named

    with installed(fake_cupy(Forgetful(plain))):
        assert refusal().startswith("the GPU does not work (RuntimeError: it counts 0 pairs of 2)")


def test_a_device_that_works(plain: HostProcess, proofs: Callable[[], int]) -> None:
    """It is proved once in a process."""
    with installed(fake_cupy(HostDevice(plain))):
        assert open_device("cpu") is None
        assert proofs() == 0
        device = open_device("auto")
        assert device is not None
        assert device is open_device("gpu") is find_gpu().device
        assert find_gpu().obstacle == ""
    assert proofs() == 1


@pytest.mark.parametrize(
    "error, again",
    [
        (OutOfMemoryError("Out of memory allocating 512 bytes"), True),
        (CUDADriverError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"), True),
        (CUDARuntimeError("cudaErrorDevicesUnavailable: busy"), True),
        (CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected"), False),
        (CUDARuntimeError("cudaErrorUnknown: unknown error"), False),
    ],
)
def test_an_obstacle_that_may_pass_is_looked_at_again(
    plain: HostProcess, proofs: Callable[[], int], monkeypatch: pytest.MonkeyPatch, error: Exception, *, again: bool
) -> None:
    """When a device is asked for again, some seconds later; not when it is asked what was found."""

    class Taken(HostDevice):
        def upload(self, array: Array) -> HostArray:
            if proofs() == 1:
                raise error
            return super().upload(array)

    with installed(fake_cupy(Taken(plain))):
        assert open_device("auto") is open_device("auto") is None
        assert proofs() == 1
        now = time.monotonic() + AGAIN_S
        monkeypatch.setattr(time, "monotonic", lambda: now)
        assert find_gpu().device is None
        assert (open_device("auto") is not None) is again
        assert proofs() == 1 + again


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often a device was proved."""
    seen: list[Device] = []

    def noted(device: Device) -> None:
        seen.append(device)
        prove(device)

    prove = computing._prove
    monkeypatch.setattr(computing, "_prove", noted)
    return lambda: len(seen)


def test_a_mistake_of_ours_is_told_from_a_gpu_that_fails() -> None:
    """And its message is not: that may hold names."""
    try:
        raise KeyError("Mueller^Hans")
    except KeyError as error:
        said = failure(error)
    assert re.fullmatch(r"a mistake in Voxmill itself \(KeyError in test_computing.py, line \d+\); report it", said)
    assert failure(CUDARuntimeError("cudaErrorLaunchFailure")).startswith("the GPU failed (CUDARuntimeError: cuda")
    assert failure(OutOfMemoryError()).startswith("the memory of the GPU was too small")


def test_memory_of_this_machine_is_told_from_that_of_a_gpu() -> None:
    with pytest.raises(MemoryError) as full:
        np.empty(1 << 62, np.uint8)
    for error in (full.value, MemoryError()):
        assert failure(error).startswith("the memory of this machine was too small")


def test_other_words_are_refused() -> None:
    with pytest.raises(vm.SettingsError, match=r"^unknown device 'tpu'; known: auto, cpu, gpu$"):
        open_device("tpu")
    with pytest.raises(vm.SettingsError, match=r"^unknown device 'xx.{,120}; known: auto, cpu, gpu$"):
        open_device("x" * 5000)


@pytest.mark.gpu
def test_the_gpu_of_this_machine(gpu: object) -> None:
    assert open_device("gpu") is gpu
