"""Where compiled kernels are kept, and whom to trust with them; with `jit`, the only places here that touch a folder.

The kernels lie in a folder named after a hash of all kernel sources, which changes when any of them does.
Compiled kernels are code. So nobody but the user and root may be able to put any there, nor to move the folder.
"""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import llvmlite
import numba

WARM = "warm"
"""The file that says that an extraction has finished."""
LACKING = "what it lacks is compiled anew by every process"
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass
class KernelCache:
    """Where compiled kernels are kept: a folder, or None when no folder could be used; `note` says what was amiss."""

    folder: Path | None
    note: str = ""
    read_only: bool = False

    @property
    def is_cold(self) -> bool:
        """Whether no extraction has finished with it yet: most kernels are still to be compiled."""
        return self.folder is None or not os.path.exists(self.folder / WARM)

    def mark_warm(self) -> None:
        """Remember that an extraction has finished: the next process finds what it needs."""
        if self.folder is not None and not self.read_only:
            with suppress(OSError):
                (self.folder / WARM).touch(mode=0o644)

    def stop_writing(self, reason: str) -> None:
        """Go on without keeping what is compiled from here on; the note says so."""
        self.read_only = True
        if LACKING not in self.note:
            self.note = "; ".join(filter(None, [self.note, f"kernel cache {self.folder} {reason}, so {LACKING}"]))


@cache
def kernel_cache() -> KernelCache:
    """The cache of this process: VOXMILL_CACHE_DIR, else the user's cache folder, else a temporary one.

    Folders are made for their owner only. One that cannot be written to will do when it is warm and may be read, as in
    a container's image that was made by another user.
    """
    refused: list[str] = []
    for parent in _candidates():
        folder = parent / sources_hash()
        untrusted = _untrusted(folder)
        unwritable = "" if untrusted else _unwritable(folder)
        untrusted = untrusted or _untrusted(folder)
        found = KernelCache(folder, read_only=bool(unwritable))
        if not untrusted and not (unwritable and found.is_cold):
            found.note = "; ".join([*refused, f"kernels are kept in {folder.parent}"] if refused else [])
            return found
        refused.append(f"kernel cache {parent} not used: {untrusted or unwritable}")
    return KernelCache(None, "; ".join([*refused, "kernels are compiled anew by every process"]))


@cache
def sources_hash() -> str:
    """A hash of all kernel sources, of Numba's version and of Python's: the name of the cache folder."""
    root = Path(__file__).parent
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {sys.version_info[:2]}".encode())
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _candidates() -> Iterator[Path]:
    """Folders that may hold the cache."""
    named = os.environ.get("VOXMILL_CACHE_DIR")
    if named:
        yield Path(named).absolute()
    else:
        user = _user_cache()
        if user is not None:
            yield user.absolute() / "voxmill" / "kernels"
    own = f"voxmill-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    yield Path(tempfile.gettempdir()).absolute() / own


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


def _unwritable(folder: Path) -> str:
    """Why nothing can be written to a folder; empty when it can. Makes it, for its owner only."""
    try:
        for path in (*reversed(folder.parents), folder):
            if not path.exists():
                path.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"it cannot be written to ({error.strerror})"


def _untrusted(folder: Path) -> str:
    """Why code must not be run from this folder, which need not be there yet; empty when it may."""
    try:
        return next(_flaws(folder, private=2), "") if hasattr(os, "getuid") else ""
    except (FileNotFoundError, NotADirectoryError):
        return ""  # what is missing will be made here, in a folder that was looked at
    except OSError as error:
        return f"it cannot be looked at ({error.strerror})"


def _flaws(folder: Path, *, private: int) -> Iterator[str]:
    """What is wrong on the way to a folder: every link and folder must be the user's or root's, links' targets too.

    Others may write to a folder on the way only where they cannot remove what is not theirs (as in /tmp), and never
    to the last ones, as many as are `private`.
    """
    way = [*reversed(folder.parents), folder]
    for below, path in zip(reversed(range(len(way))), way, strict=True):
        status = path.lstat()
        if is_strangers(status):
            yield f"{path} belongs to another user"
        if stat.S_ISLNK(status.st_mode):
            path.stat()  # a ring of links is an error here
            yield from _flaws(path.parent / path.readlink(), private=max(0, private - below))
        elif status.st_mode & OTHERS_WRITE if below < private else _others_can_move(status):
            yield f"others can write to {path}"


def is_strangers(status: os.stat_result) -> bool:
    """Whether something belongs to another user than this one and root."""
    return hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0)


def _others_can_move(status: os.stat_result) -> bool:
    """Whether users other than its owner can put something else in the place of what lies in this folder."""
    if status.st_mode & stat.S_ISVTX:
        return False
    own_group = status.st_mode & stat.S_IWGRP and _is_own_group(status.st_gid)
    return bool(status.st_mode & (stat.S_IWOTH if own_group else OTHERS_WRITE))


def _is_own_group(group: int) -> bool:
    """Whether this is the group of this user alone, as most systems make one for each, under the same name."""
    import grp
    import pwd

    try:
        entry, user = grp.getgrgid(group), pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return entry.gr_gid == user.pw_gid and entry.gr_name == user.pw_name and set(entry.gr_mem) <= {user.pw_name}
