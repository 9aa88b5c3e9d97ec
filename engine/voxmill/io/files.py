"""Files as such: names, whether they are there, how large they and their content are, what else they lead to."""

import os
import stat
from pathlib import Path

from voxmill.errors import InputError, why_not_there

PIECE = 2**20
"""Bytes of a file that are looked at together."""
DEFLATE_LIMIT = 1100
"""No deflate stream (gzip, zlib) expands more than 1032 times; a little more for the header."""
DICOM_SUFFIXES = (".dcm", ".dicom")
"""How names of DICOM files end, of those that say so."""


def name_of(path: Path) -> str:
    """What a file or folder is called where people read it: `.`, which is no name, as the folder that it means."""
    return path.name or path.absolute().name


def file_size(path: Path) -> int:
    """The size in bytes of a readable, regular file that is not empty; InputError for anything else."""
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        raise InputError.about(path.name, why_not_there(path, "there is no such file; check the path")) from error
    except PermissionError as error:
        raise InputError.about(path.name, "no permission to read this file; ask its owner for access") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.about(
            path.name, "this file cannot be opened", f": {reason.lower()}", "; check the path"
        ) from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError.about(path.name, "this is a folder; give one file")
    if not stat.S_ISREG(found.st_mode):
        raise InputError.about(path.name, "this is not a regular file (a device, pipe or socket); give an image file")
    if found.st_size == 0:
        raise InputError.about(path.name, "this file is empty; copy or convert it again")
    return found.st_size


def require_readable(path: Path) -> None:
    """Read a file to its end; InputError, which has the system's error as its cause, where that cannot be done."""
    file_size(path)
    try:
        with path.open("rb") as stream:
            while stream.read(PIECE):
                pass
    except OSError as error:
        raise InputError.about(
            path.name,
            "this file cannot be read to its end",
            f": {(error.strerror or str(error)).lower()}",
            "; see whether the disk or network that it lies on is well",
        ) from error


def refuse_promise(label: str, promised: int, available: int, *, compressed: bool) -> None:
    """Raise InputError when the `available` bytes of a file cannot hold the `promised` bytes of voxels."""
    if promised > available * (DEFLATE_LIMIT if compressed else 1):
        held = f"at most {available * DEFLATE_LIMIT} after decompression" if compressed else f"{available}"
        raise InputError(
            f"{label}: its header promises {promised} bytes, the file holds {held}; "
            "it is truncated or corrupt: copy it again"
        )


def beside(path: Path, data: str) -> Path:
    """The data file that a header at `path` names, all links resolved; InputError when it is outside its folder.

    The folder is the one that `path` is in; where `path` itself is a link, what it leads to is not asked.
    """
    folder = os.path.realpath(path.parent)
    target = Path(folder if "\0" in data else os.path.realpath(os.path.join(folder, data)))
    if not target.is_relative_to(folder) or "\0" in data:
        raise InputError(
            f"{path.name}: its header names a data file outside its own folder, which is not followed; "
            "put both files into one folder and correct the header"
        )
    return target


def data_size(path: Path, data: Path) -> int:
    """The size of the data file that a header names; InputError that names both when it cannot be read."""
    try:
        return file_size(data)
    except InputError as error:
        raise InputError(f"{path.name}: the data file that its header names cannot be read: {error}") from error
