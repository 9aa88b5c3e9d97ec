"""Which files of a folder are DICOM: found by their content, whatever they are called."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voxmill.errors import InputError
from voxmill.io.dicom.headers import Header, looks_like_dicom, read_beginning
from voxmill.passing import Unreachable


@dataclass(frozen=True)
class Failure:
    """A file that could not be used, and why, in a sentence that names the file and no folder.

    is_unfetched: whether it may be sound, and its storage did not give it.
    """

    path: Path
    reason: str
    is_unfetched: bool = False

    @classmethod
    def of(cls, path: Path, error: InputError) -> "Failure":
        """Why a file could not be read."""
        return cls(path, str(error), isinstance(error, Unreachable))


def beginnings_in(path: Path) -> Iterator[Header | Failure]:
    """How every DICOM file at a path begins, folders in folders included, by name; a Failure for each damaged one.

    How far it is read says read_beginning. Files that are no DICOM and DICOMDIRs are passed over. A link that leads
    out of the folder is a Failure.
    """
    for file in _files(path):
        if isinstance(file, Failure):
            yield file
            continue
        try:
            yield read_beginning(file)
        except InputError as error:
            if "DICOMDIR" not in file.name.upper():
                yield Failure.of(file, error)


def _files(folder: Path) -> Iterator[Path | Failure]:
    root = os.path.realpath(folder)
    denied: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=denied.append):
        folders.sort()
        for name in sorted(names):
            yield from _file(Path(parent, name), root)
        yield from (_link(Path(parent, name)) for name in folders if os.path.islink(os.path.join(parent, name)))
    for error in denied:
        yield Failure(Path(error.filename), "a folder in it cannot be opened: ask its owner for access")


def _file(file: Path, root: str) -> Iterator[Path | Failure]:
    if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(root):
        yield Failure(
            file, f"{file.name}: this link leads out of the folder, and is not followed; copy the file itself"
        )
    elif not file.is_file():
        return
    elif not os.access(file, os.R_OK):
        yield Failure(file, f"{file.name}: no permission to read this file; ask its owner for access")
    elif looks_like_dicom(file):
        yield file


def _link(folder: Path) -> Failure:
    return Failure(folder, f"{folder.name}: this is a link to a folder, and is not followed; copy the folder itself")
