"""What a computation may take: a device, and threads."""

import math
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import distributions
from numbers import Integral
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING

from voxmill.errors import SHOWN, Interruption, SettingsError, brief, mistake
from voxmill.quiet import quiet

if TYPE_CHECKING:
    from voxmill_kernels.cuda.launch import Description
    from voxmill_kernels.device import Device

DEVICES = ("auto", "cpu", "gpu")
CPU_NAME = "cpu"
"""What the device is called where there is none but the CPU."""
INSTALL = "pip install 'voxmill[gpu]' (CUDA 13) or 'voxmill[gpu-cuda12]' (CUDA 12)"
WHEELS: Mapping[int, str] = {12: "cupy-cuda12x", 13: "cupy-cuda13x"}
"""What brings CuPy, by the CUDA that it is for."""
NOT_INSTALLED = f"CuPy, which computes on GPUs, is not installed; {INSTALL}"
VISIBLE = "CUDA_VISIBLE_DEVICES"
"""What says which GPUs a process sees."""
NO_GPU = ""
"""What it says where a process sees none."""
MOST_BYTES = 1 << 30
"""So many bytes of a device are enough for a batch that keeps it busy; more would only be held here, too."""
PART = 4
"""Batches that threads count alone take this part of the memory that is free, those counted together as much again."""
SHARING: ContextVar[int] = ContextVar("voxmill_sharing", default=1)
"""How many cases of this process share its device, as far as whoever does a case knows."""
ON_CPU = "computed on the CPU: "
"""How the note of a row begins that was to be computed on a GPU; then comes why."""
OURS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
    ValueError,
)
"""What mistakes of ours raise; what goes wrong on a GPU is told by errors of CuPy, which are none of these."""
DRIVER = "CUDA of the driver"
"""The name of its version."""
OUT_OF_MEMORY = ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY")
"""How CUDA's runtime says it, and its driver, which launches kernels."""
HOST_FULL = "the memory of this machine was too small for what the GPU was to be given or gave"
"""What a note says where it was that of no device."""
HERE = ("builtins", "numpy")
"""Whose MemoryError tells of the memory of this machine; CuPy's tells of a device's."""
PASSING = {
    **dict.fromkeys(
        ("OutOfMemory", *OUT_OF_MEMORY), "its memory is taken by other programs; wait for them, or end them"
    ),
    "cudaErrorDevicesUnavailable": "another program has it to itself; wait for that, or end it",
}
"""What is in the way of a GPU for a while, and what to do, by words of the errors that tell it."""
OBSTACLES = {
    "libnvrtc": f"the run-time compiler of CUDA (NVRTC) is missing or does not load; {INSTALL} brings it",
    "CUDA headers": f"headers of CUDA are missing, which CuPy compiles with; {INSTALL} brings them",
    **PASSING,
}
"""The same, and what is in the way until somebody mends it."""
AGAIN_S = 5.0
"""How long what may pass is taken to be in the way still."""


@dataclass(frozen=True)
class FoundGPU:
    """The GPU of this process, or what is in the way of using one, and what to do; versions at work on it, by name.

    until: for how long that holds, by `time.monotonic`; without end but for an obstacle that may pass.
    """

    device: "Device | None"
    obstacle: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    until: float = math.inf

    @property
    def fault(self) -> str:
        """What is in the way where a GPU is expected to work: CuPy is installed, and nobody has hidden the GPUs."""
        is_expected = self.obstacle != NOT_INSTALLED and os.environ.get(VISIBLE) != NO_GPU
        return self.obstacle if is_expected else ""


class _UnusableError(Exception):
    """There is no CuPy, or only a part of one; its text says what to do."""


class RoomError(MemoryError):
    """Something is too large for the memory of a device: how much it takes, and how much is free."""


@dataclass(frozen=True)
class Workplace:
    """Where regions are measured: on a device, or here where there is none, by so many threads.

    sharing: of how many cases, which share the device and the memory of this process.
    """

    device: "Device | None" = None
    threads: int = 1
    sharing: int = 1

    @property
    def room(self) -> int:
        """How many bytes of its device a thread may take to count a batch."""
        return min(MOST_BYTES, self._parts(1))

    @property
    def room_for_images(self) -> int:
        """How many bytes of its device a thread may take to make images: its share of what batches leave free."""
        return self._parts(PART - 2)

    def _parts(self, count: int) -> int:
        """So many parts of what its device has left, for one of the threads of all cases that share it."""
        free = 0 if self.device is None else self.device.free_bytes
        return count * free // (PART * self.threads * self.sharing)

    def require_room(self, needed: int) -> None:
        """Raise RoomError where so many bytes are more than its device has left."""
        free = self.device.free_bytes if self.device is not None else needed
        if needed > free:
            found = f"{needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free"
            raise RoomError(f"the memory of the GPU was too small: {found}")


_LOCK = Lock()
_FOUND: list[FoundGPU] = []


def parse_device(device: str) -> str:
    """Which device to compute on, auto, cpu or gpu; raises SettingsError for any other word."""
    if device not in DEVICES:
        raise SettingsError(f"unknown device {brief(device)}; known: {', '.join(DEVICES)}")
    return device


def open_device(name: str) -> "Device | None":
    """The device to compute on, None for the CPU: that of a GPU for gpu, and for auto where there is one that works.

    It is proved when it is first asked for; one whose memory was taken, or that was busy, when it is asked for again,
    but for cases that share one: what is said of these would change while others are measured. Raises SettingsError for
    gpu where none works, and for an unknown name.
    """
    if parse_device(name) == "cpu":
        return None
    if SHARING.get() == 1:
        forget_what_passes()
    found = find_gpu()
    if name == "gpu":
        require_gpu(found.device is not None, found.obstacle)
    return found.device


def name_of(device: "Device | None") -> str:
    """What a device is called: a GPU by its name, the CPU as CPU_NAME."""
    return CPU_NAME if device is None else device.name


def require_gpu(there: object, obstacle: str) -> None:
    """Raise SettingsError, with what is in the way, where there is none that works."""
    if not there:
        raise SettingsError(f"device 'gpu': {obstacle}; or use 'auto' or 'cpu'")


def count_gpus() -> int:
    """How many GPUs this process sees; none where the first does not work."""
    return 0 if find_gpu().device is None else max(1, len(describe_gpus()[0]))


def forget_what_passes() -> None:
    """Have a GPU looked for anew whose obstacle may have passed since."""
    with _LOCK:
        if _FOUND and time.monotonic() >= _FOUND[0].until:
            _FOUND.clear()


def find_gpu() -> FoundGPU:
    """The GPU that CuPy sees, if it works: looked for once in a process, but for `forget_what_passes`."""
    with _LOCK:
        if not _FOUND:
            _FOUND.append(_look_for_gpu())
        return _FOUND[0]


def release(device: "Device | None") -> None:
    """Have a device give back the memory that it keeps for later; one that is lost has none to give."""
    if device is not None:
        with suppress(Exception):
            device.release()


def trim(device: "Device") -> None:
    """Have a device give back what it keeps where little is free, as others are at work on it; as `release` does."""
    with suppress(Exception):
        device.trim()


def is_full(error: Exception) -> bool:
    """Whether memory, of a device or of this machine, was too small for what was tried."""
    return isinstance(error, MemoryError) or any(sign in _said(error) for sign in OUT_OF_MEMORY)


def failure(error: Exception) -> str:
    """What became of work on a device, for a note in a row that the CPU had to make."""
    if isinstance(error, RoomError):
        return str(error)
    if isinstance(error, MemoryError) and type(error).__module__.partition(".")[0] in HERE:
        return HOST_FULL
    if is_full(error):
        return "the memory of the GPU was too small, or taken by other programs"
    if isinstance(error, OURS):
        return mistake(error)
    return f"the GPU failed ({_first_line(error)})"


def describe_gpus() -> "tuple[list[Description], str]":
    """All GPUs that CuPy sees, and which versions are at work, in words; no words where there is no CuPy."""
    try:
        launch = _launching()
    except _UnusableError:  # `find_gpu` says it
        return [], ""
    found = _versions(launch)
    driver = f"driver for CUDA {found[DRIVER]}" if DRIVER in found else "no driver"
    versions = f"CuPy {found['CuPy']} for CUDA {found['CUDA']}, {driver}"
    try:
        return launch.describe(), versions
    except Exception:  # as above
        return [], versions


def _look_for_gpu() -> FoundGPU:
    try:
        launch = _launching()
    except _UnusableError as error:
        return FoundGPU(None, str(error))
    try:
        with quiet():
            device = launch.gpu()
            _prove(device)
    except Exception as error:  # whatever CuPy raises, it is no device to compute on
        obstacle = _obstacle(error, launch.driver_version(), launch.cuda_version())
        passes = any(sign in _said(error) for sign in PASSING)
        return FoundGPU(None, obstacle, until=time.monotonic() + AGAIN_S if passes else math.inf)
    return FoundGPU(device, versions=_versions(launch))


def _launching() -> ModuleType:
    """What launches kernels, with a CuPy that tells its versions; raises _UnusableError where there is none."""
    try:
        with quiet():
            from voxmill_kernels.cuda import launch

            _versions(launch)
    except (KeyboardInterrupt, Interruption):
        raise
    except BaseException as error:  # of any kind, where an installation is broken: some exit
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == "cupy"
        raise _UnusableError(_absent() if is_absent else _unloadable(error)) from error
    return launch


def obstacles() -> list[str]:
    """What is in the way of a GPU, and what to do, in the order in which to do it; nothing where one works."""
    found = find_gpu()
    if found.device is not None:
        return []
    hidden = _hidden() if os.environ.get(VISIBLE) == NO_GPU else found.obstacle
    return list(dict.fromkeys((hidden, found.obstacle)))


def doubled() -> str:
    """That two versions of CuPy are installed, which have one folder, and what to do; empty where there is one."""
    both = _wheels()
    if len(both) < 2:
        return ""
    mixed = f"{' and '.join(both)} are both installed, whose files take each other's place"
    return f"{mixed}: pip uninstall {' '.join(both)}, and {INSTALL}"


def _wheels() -> list[str]:
    """What is installed that brings CuPy."""
    return [wheel for wheel in WHEELS.values() if any(distributions(name=wheel))]


def _absent() -> str:
    """Why there is no CuPy: two versions of it have one folder, and with either it goes, though one seems installed."""
    left = _wheels()
    if not left:
        return NOT_INSTALLED
    return f"of CuPy only the name is installed: pip uninstall {' '.join(left)}, and {INSTALL}"


def _versions(launch: ModuleType) -> dict[str, str]:
    """What is at work on a GPU: CuPy, the CUDA that it is for, and that which the driver is for, where there is one."""
    versions = {"CuPy": str(launch.cupy.__version__), "CUDA": written_version(launch.cuda_version())}
    driver = launch.driver_version()
    return versions | ({DRIVER: written_version(driver)} if driver else {})


def _prove(device: "Device") -> None:
    """Compile kernels, launch them, and have back what they count: the two pairs of two voxels."""
    from voxmill_kernels.count.proof import count_pairs_of_two

    found = count_pairs_of_two(device)
    if found != 2:
        raise RuntimeError(f"it counts {found} pairs of 2")


def _unloadable(error: BaseException) -> str:
    return f"CuPy cannot be loaded ({_first_line(error)}); {doubled() or f'uninstall it, and {INSTALL}'}"


def _obstacle(error: Exception, driver: int, cuda: int) -> str:
    """What is in the way, and what to do; `driver` and `cuda` are the versions of CUDA that the two are of."""
    said = _said(error)
    if isinstance(error, AttributeError) and "cupy" in said:
        return _unloadable(error)
    if "cudaErrorInsufficientDriver" in said:
        return _driver_obstacle(driver, cuda)
    if "cudaErrorNoDevice" in said or "cudaErrorInvalidDevice" in said:
        return _hidden()
    known = (f"the GPU cannot be used: {words}" for sign, words in OBSTACLES.items() if sign in said)
    unknown = f"the GPU does not work ({_first_line(error)}); see whether nvidia-smi shows it in order"
    return next(known, unknown)


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}"


def _driver_obstacle(driver: int, cuda: int) -> str:
    if driver == 0:
        return "no driver of NVIDIA is installed; install one, if there is a GPU of NVIDIA"
    found, needed = written_version(driver), written_version(cuda - cuda % 1000)
    older = f", or install 'voxmill[gpu-cuda12]' after 'pip uninstall {WHEELS[13]}'" if driver // 1000 == 12 else ""
    if driver >= cuda - cuda % 1000:
        odd = f"CUDA refuses the driver of NVIDIA, though it is for CUDA {found}, and CuPy needs {needed}"
        return f"{odd}; restart the machine where it was updated, or install it anew"
    return f"the driver of NVIDIA is too old, for CUDA {found}, where CuPy needs {needed}; update the driver{older}"


def _hidden() -> str:
    visible = os.environ.get(VISIBLE)
    if visible is None:
        return "no GPU of NVIDIA is found; see whether nvidia-smi shows one"
    seen = "unset it, or give the number of a GPU that nvidia-smi shows, if it shows one"
    return f"{VISIBLE} is {brief(visible)} and leaves no GPU to be seen; {seen}"


def written_version(number: int) -> str:
    """A version of CUDA as people write it: 13.2 for 13020."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:SHOWN]}" if lines else type(error).__name__


def parse_threads(threads: int) -> int:
    """How many regions to measure at a time; raises SettingsError for what is no whole number, or less than one."""
    if isinstance(threads, bool) or not isinstance(threads, Integral):
        raise SettingsError(f"threads: a whole number is needed; found {brief(threads)}")
    if threads < 1:
        raise SettingsError(f"threads: at least 1; found {threads}")
    return int(threads)
