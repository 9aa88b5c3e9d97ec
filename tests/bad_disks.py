"""Disks on which things go wrong, in place of the one that a ledger writes to."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from voxmill.runs.disk import Disk

CALLS = ("write", "sync", "rename", "settle", "link", "remove")
"""What a ledger and its lock ask of a disk. Before and after each is a point at which their process may end."""
POINTS = [("write", "during"), *((call, when) for call in CALLS for when in ("before", "after"))]
"""All such points."""


class KillingDisk(Disk):
    """Kills its process before, after or during a call of a kind, the first time, the second, and so on."""

    def __init__(self, call: str, number: int, when: str) -> None:
        self._fatal = call, when
        self._left = number

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        self._at("write", "before")
        super().write(path, partial(self._fill, fill))
        self._at("write", "after")

    def sync(self, path: Path, handle: int) -> None:
        self._at("sync", "before")
        super().sync(path, handle)
        self._at("sync", "after")

    def rename(self, path: Path, to: Path) -> None:
        self._at("rename", "before")
        super().rename(path, to)
        self._at("rename", "after")

    def settle(self, folder: Path) -> None:
        self._at("settle", "before")
        super().settle(folder)
        self._at("settle", "after")

    def link(self, path: Path, to: Path) -> None:
        self._at("link", "before")
        super().link(path, to)
        self._at("link", "after")

    def remove(self, path: Path) -> None:
        self._at("remove", "before")
        super().remove(path)
        self._at("remove", "after")

    def _fill(self, fill: Callable[[BinaryIO], object], file: BinaryIO) -> None:
        """Write the content, half of it before the point "during" and half after it."""
        whole = BytesIO()
        fill(whole)
        half = len(whole.getvalue()) // 2
        file.write(whole.getvalue()[:half])
        file.flush()
        self._at("write", "during")
        file.write(whole.getvalue()[half:])

    def _at(self, call: str, when: str) -> None:
        if (call, when) == self._fatal:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class ForgetfulDisk(Disk):
    """Remembers what would be there after the power has failed: content that was synced, names that were settled."""

    def __init__(self) -> None:
        self._contents: dict[int, bytes] = {}
        self._names: dict[Path, dict[str, int]] = {}

    def sync(self, path: Path, handle: int) -> None:
        super().sync(path, handle)
        if path.is_dir():
            self._names[path] = {one.name: one.stat().st_ino for one in path.iterdir() if one.is_file()}
        else:
            self._contents[path.stat().st_ino] = path.read_bytes()

    def after_the_failure(self, folder: Path, to: Path) -> None:
        """Make a folder as it would be found: of content that was not synced, nothing is there."""
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        for name, number in self._names.get(folder, {}).items():
            (to / name).write_bytes(self._contents.get(number, b""))


class FullDisk(Disk):
    """Has room for so many files; of the next one, half."""

    def __init__(self, files: int) -> None:
        self._left = files

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        super().write(path, fill)
        self._left -= 1
        if self._left < 0:
            os.truncate(path, path.stat().st_size // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
