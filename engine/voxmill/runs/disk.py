"""What a ledger and its lock ask of a file system: few calls, on whose order their promises stand.

Tests put other disks in its place: one that kills the process before or after a call, and one that forgets, as a power
failure does, whatever was not asked to lie on the disk.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


class Disk:
    """The file system."""

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        """Write a file, and come back when its content lies on the disk; its name may not yet."""
        with path.open("wb") as file:
            fill(file)
            file.flush()
            self.sync(path, file.fileno())

    def rename(self, path: Path, to: Path) -> None:
        """Give a file its name, in place of another file that had it."""
        path.replace(to)

    def link(self, path: Path, to: Path) -> None:
        """Give a file that is whole a second name; raises FileExistsError when a file has that."""
        try:
            os.link(path, to)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:  # a file system without links, or a full one
            self.copy(path, to)

    def copy(self, path: Path, to: Path) -> None:
        """Make a file of a name that no file has; it may be seen half written, but does not stay so."""
        with to.open("xb") as file:
            try:
                file.write(path.read_bytes())
                file.flush()
            except OSError:
                to.unlink()
                raise

    def touch(self, path: Path) -> None:
        """Make a file one that was changed now."""
        os.utime(path)

    def remove(self, path: Path) -> None:
        """Take a file away, if it is there."""
        path.unlink(missing_ok=True)

    def settle(self, folder: Path) -> None:
        """Come back when the names in a folder lie on the disk, where a system can tell."""
        if os.name == "posix":
            handle = os.open(folder, os.O_RDONLY)
            try:
                self.sync(folder, handle)
            finally:
                os.close(handle)

    def sync(self, path: Path, handle: int) -> None:
        """Come back when what is open lies on the disk."""
        os.fsync(handle)


DISK = Disk()
