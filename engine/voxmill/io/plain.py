"""Paths as SimpleITK can take them: text in UTF-8, whatever the names of files and folders are."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxmill.errors import InputError


@contextmanager
def plain_path(path: Path, suffix: str, *, data: str | None = None) -> Iterator[Path]:
    """`path`, or a link to it with a plain name and this suffix, in a private folder that goes afterwards.

    SimpleITK ends the whole process at a name that is not UTF-8. `data` is the file that a header names beside itself:
    it is found beside the link too. Raises InputError where no link can be made.
    """
    if _is_plain(path):
        yield path
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="voxmill-")
    except OSError as error:
        raise _no_link(path, error) from error
    with folder:
        yield _link(path, Path(folder.name, f"image{suffix}"), data)


def _is_plain(path: Path) -> bool:
    """Whether the name is text whose UTF-8 is what the file system calls it."""
    try:
        return str(path).encode() == os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _link(path: Path, link: Path, data: str | None) -> Path:
    try:
        link.symlink_to(path.absolute())
        if data is not None and not os.path.isabs(data):
            part = Path(data).parts[0]
            (link.parent / part).symlink_to(path.absolute().parent / part)
    except OSError as error:
        raise _no_link(path, error) from error
    return link


def _no_link(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path.name}: SimpleITK cannot take this path, which is not UTF-8, nor a link to it "
        f"({error.strerror or error}); rename the file or its folder"
    )
