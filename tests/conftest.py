"""Devices: this machine's threads, plain and under sanitizers, and the GPU that CuPy sees."""

import importlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuda_host import ADDRESSES, PLAIN, THREADS, HostDevice, HostProcess, build, common, registered, running
from voxmill import computing
from voxmill_kernels.device import Device


@pytest.fixture(scope="session")
def plain_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(common(tmp_path_factory, "plain"), PLAIN)


@pytest.fixture(scope="session")
def thread_sanitizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(common(tmp_path_factory, "threads"), THREADS)


@pytest.fixture(scope="session")
def address_sanitizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(common(tmp_path_factory, "addresses"), ADDRESSES)


@pytest.fixture(scope="session")
def plain(plain_program: Path) -> Iterator[HostProcess]:
    """The threads of this machine."""
    with running(plain_program) as process:
        yield process


@pytest.fixture
def threads(plain: HostProcess) -> Iterator[HostDevice]:
    """A device of them, that arrays of its kind lie on as long as the test lasts."""
    with registered(HostDevice(plain)) as device:
        yield device


@pytest.fixture(scope="session", params=["plain_program", "thread_sanitizer", "address_sanitizer"])
def host(request: pytest.FixtureRequest) -> Iterator[HostProcess]:
    """The threads of this machine, without a sanitizer and with each."""
    with running(request.getfixturevalue(request.param)) as process:
        yield process


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Device], None]:
    """Has extractions find a device."""

    def found(device: Device) -> None:
        monkeypatch.setattr(computing, "_FOUND", [computing.FoundGPU(device)])

    return found


@pytest.fixture
def hang_ups() -> Iterator[None]:
    """Hang-ups come through, also where `nohup` keeps them away from tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def no_look_for_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a GPU fails."""
    monkeypatch.setattr(computing, "find_gpu", lambda: pytest.fail("it looks for a GPU"))


@pytest.fixture(scope="session")
def gpu() -> Device:
    """What CuPy sees; without any, the test is skipped, or fails where VOXMILL_REQUIRE_GPU says that there is one."""
    if os.environ.get("VOXMILL_REQUIRE_GPU") == "1":
        return the_gpu()
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy sees no CUDA device")
    return the_gpu()


def the_gpu() -> Device:
    """Raises what CuPy raises where there is none that works."""
    device: Device = importlib.import_module("voxmill_kernels.cuda.launch").gpu()
    return device
