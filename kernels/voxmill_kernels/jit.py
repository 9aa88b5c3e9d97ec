"""`njit` with a kernel cache of our own: the one place here that touches a folder.

Numba stamps a cached function with its own file only: when a helper in another file changes, the old code would run.
So the cache lies in a folder named after a hash of all kernel sources, which changes when any of them does.
Numba's own configuration is left as it was found.
"""

import hashlib
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])

_LOCK = threading.Lock()


@dataclass(frozen=True)
class KernelCache:
    """Where compiled kernels are kept: a folder, or None when no folder could be used; `note` says what was amiss."""

    folder: Path | None
    note: str = ""

    @property
    def is_cold(self) -> bool:
        """Whether nothing has been compiled into it yet."""
        return self.folder is None or next(self.folder.glob("*/*.nbi"), None) is None


def njit(function: Function) -> Function:
    """Compile a kernel at its first call: serial, without the interpreter lock, from the cache when it is there."""
    config: Any = numba.config
    with _LOCK:
        folder = kernel_cache().folder
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder or "")
        try:
            compiled: Any = numba.njit(nogil=True, cache=folder is not None, error_model="numpy")(function)
        finally:
            config.CACHE_DIR = before
    return cast(Function, compiled)


@cache
def kernel_cache() -> KernelCache:
    """The cache of this process: VOXMILL_CACHE_DIR, else the user's cache folder, else a temporary one."""
    refused: list[str] = []
    for parent in _candidates():
        folder = parent / sources_hash()
        reason = _unusable(folder)
        if not reason:
            return KernelCache(folder, "; ".join(refused))
        refused.append(f"kernel cache {parent} not used: {reason}")
    return KernelCache(None, "; ".join([*refused, "kernels are compiled anew by every process"]))


@cache
def sources_hash() -> str:
    """A hash of all kernel sources, of Numba's version and of Python's: the name of the cache folder."""
    root = Path(__file__).parent
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _candidates() -> Iterator[Path]:
    named = os.environ.get("VOXMILL_CACHE_DIR")
    if named:
        yield Path(named).absolute()
    else:
        user = _user_cache()
        if user is not None:
            yield user / "voxmill" / "kernels"
    yield Path(tempfile.gettempdir()) / f"voxmill-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _user_cache() -> Path | None:
    """The platform's cache folder of this user, None without a home."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else None
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg:
        return Path(xdg)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


def _unusable(folder: Path) -> str:
    """Why compiled code may not be kept in this folder; empty when it may. Makes it, for its owner only."""
    try:
        for path in (*reversed(folder.parents), folder):
            path.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        return _untrusted(folder) or _untrusted(folder.parent)
    except OSError as error:
        return f"it cannot be written to ({error.strerror})"


def _untrusted(folder: Path) -> str:
    """Cached kernels are code: a folder that somebody else can write to must not be run from."""
    if not hasattr(os, "getuid"):
        return ""
    status = folder.lstat()
    if status.st_uid not in (os.getuid(), 0):
        return "it belongs to another user"
    if stat.S_ISLNK(status.st_mode):
        return _untrusted(folder.resolve())
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others can write to it"
    return ""
