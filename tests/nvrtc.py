"""CUDA C++ to machine code, without a GPU: NVIDIA's run-time compiler, by its C interface."""

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files

from outside_tools import skip

LIBRARY = re.compile(r"^libnvrtc\.so|^nvrtc64_\d+_0\.dll$")
USAGE = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?"
    r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads.*?"
    r"Used (?P<registers>\d+) registers",
    re.DOTALL,
)


@dataclass(frozen=True)
class Usage:
    """What a thread of a kernel takes: registers, and bytes of memory for what they do not hold."""

    registers: int
    stack: int
    spilled: int


def require_compiler() -> None:
    """Skip the test where there is none: NVIDIA has none for macOS."""
    try:
        files("nvidia-cuda-nvrtc")
    except PackageNotFoundError:
        skip("nvidia-cuda-nvrtc is not installed")


def compile_cubin(source: str, architecture: str, options: tuple[str, ...]) -> tuple[bytes, dict[str, Usage]]:
    """Machine code for an architecture (`sm_90`), and what each kernel takes."""
    cubin, log = _compiled("CUBIN", source, architecture, ("--ptxas-options=-v", *options))
    return cubin, {found["name"]: _usage(found) for found in USAGE.finditer(log)}


def compile_ptx(source: str, options: tuple[str, ...]) -> str:
    """The instructions of kernels, as they are before they are those of one architecture."""
    return _compiled("PTX", source, "compute_90", options)[0].decode()


def _compiled(what: str, source: str, architecture: str, options: tuple[str, ...]) -> tuple[bytes, str]:
    """What a compiler makes of a source, and what it says of it."""
    nvrtc, program = _library(), ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None)
    given = [option.encode() for option in (f"--gpu-architecture={architecture}", *options)]
    failed = nvrtc.nvrtcCompileProgram(program, len(given), (ctypes.c_char_p * len(given))(*given))
    log = _text(nvrtc, "ProgramLog", program).decode()
    assert not failed, log
    made = _text(nvrtc, what, program)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return made, log


def _usage(found: re.Match[str]) -> Usage:
    return Usage(int(found["registers"]), int(found["stack"]), int(found["stores"]) + int(found["loads"]))


def _text(nvrtc: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, text)
    return text.raw


@cache
def _library() -> ctypes.CDLL:
    (path,) = [path for path in files("nvidia-cuda-nvrtc") or [] if LIBRARY.search(path.name)]
    return ctypes.CDLL(str(path.locate()))
