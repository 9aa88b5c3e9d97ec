"""What is written lies on the disk, and not only in the memory of the system, before it is said to be whole."""

import os
from pathlib import Path


def settle(folder: Path) -> None:
    """Come back when a folder lies on the disk, with all that is in it and its own name; raises OSError."""
    for parent, _, names in os.walk(folder):
        for name in names:
            _sync(Path(parent, name), os.O_RDWR)
        _settle_names(Path(parent))
    _settle_names(folder.parent)


def _settle_names(folder: Path) -> None:
    """Come back when the names in a folder lie on the disk, where a system can tell."""
    if os.name == "posix":
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, access: int) -> None:
    handle = os.open(path, access)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
