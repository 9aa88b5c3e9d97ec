"""Files that appear whole or not at all: written under a temporary name in the same folder, then renamed."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxmill.errors import OutputError

DRAFT = re.compile(r"\.[0-9a-f]{32}")
"""What drafts without a suffix are called."""


@contextmanager
def draft_of(path: Path, *, suffix: str = "", follow: bool = False) -> Iterator[Path]:
    """A temporary path, with this suffix, to write to; at the end it becomes `path`, after a failure it is removed.

    It lies on the disk, name and all, when that is done. The file comes in place of a symbolic link, and what that led
    to stays as it is. follow: for a path that somebody gave; a link stays, and what it leads to is written. Raises
    OutputError with the cause for every OSError inside.
    """
    target = Path(os.path.realpath(path) if follow else path)
    draft = target.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        yield draft
        _sync(draft, os.O_RDWR)
        draft.replace(target)
        if os.name == "posix":  # elsewhere folders cannot be opened
            _sync(target.parent, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        _remove(draft)


def remove_drafts(folder: Path) -> None:
    """Remove what processes that were killed left of drafts in a folder; no other process may write files there now.

    Raises OutputError where that is impossible.
    """
    try:
        for path in folder.iterdir():
            if DRAFT.fullmatch(path.name) and path.is_file():
                path.unlink()
    except OSError as error:
        raise OutputError(f"{folder.name}: drafts cannot be removed: {error.strerror or error}") from error


def _sync(path: Path, flags: int) -> None:
    """Come back when what is in a file or folder lies on the disk."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(draft: Path) -> None:
    """Remove a draft if it is there; a folder that cannot be reached any more has told its error already."""
    try:
        draft.unlink(missing_ok=True)
    except OSError:
        return
