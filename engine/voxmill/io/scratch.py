"""Temporary folders for copies of patients' files: gone with the process that made them, or cleared by the next.

A process that is killed cannot remove what it has copied. While it lives it holds a lock on a file in its folder; a
folder whose lock is free is of nobody any more.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

PREFIX = "voxmill-"
LOCK = "lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder that is gone afterwards; the first one of a process clears what killed ones have left."""
    _clear_abandoned()
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        if sys.platform != "win32":
            held.callback(os.close, _locked(folder))
        yield folder


@cache
def _clear_abandoned() -> None:
    """Remove the folders of this user whose processes have ended, where a system can tell."""
    if sys.platform == "win32":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid() and not folder.is_symlink() and _is_free(folder / LOCK):
                shutil.rmtree(folder)


if sys.platform != "win32":
    import fcntl

    def _locked(folder: Path) -> int:
        """A handle that holds the lock of a folder; the file has its name once it is held."""
        draft = folder / f"{LOCK}.draft"
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with suppress(OSError):  # a file system without locks: then none is ever free there
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(folder / LOCK)
        return handle

    def _is_free(lock: Path) -> bool:
        """Whether nobody holds a lock; raises OSError where there is none, or it cannot be told."""
        handle = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True
