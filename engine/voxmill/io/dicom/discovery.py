"""Which files of a folder are DICOM: found by their content, whatever they are called.

One whose content is lost is told by its name: where it ends as those of DICOM do, or is that of a DICOM file beside it
but for numbers.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from voxmill.errors import InputError
from voxmill.io.dicom.headers import Header, looks_like_dicom, looks_lost, read_beginning
from voxmill.io.files import DICOM_SUFFIXES
from voxmill.passing import Unreachable

NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Failure:
    """A file that could not be used, and why, in a sentence that names the file and no folder.

    is_unfetched: whether it may be sound, and its storage did not give it. is_suspected: whether it is one only where a
    DICOM file beside it is called like it (see confirmed).
    """

    path: Path
    reason: str
    is_unfetched: bool = False
    is_suspected: bool = False

    @classmethod
    def of(cls, path: Path, error: InputError) -> "Failure":
        """Why a file could not be read."""
        return cls(path, str(error), isinstance(error, Unreachable))


def beginnings_in(path: Path) -> Iterator[Header | Failure]:
    """How every DICOM file at a path begins, folders in folders included, by name; a Failure for each damaged one.

    How far it is read says read_beginning. Files that are no DICOM and DICOMDIRs are passed over; what may be the rest
    of a DICOM file is a Failure, suspected where its name alone does not say so (see confirmed), and so is a link.
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


def confirmed(failures: Iterable[Failure], files: Iterable[Path]) -> list[Failure]:
    """The failures without those suspected that no DICOM file in the same folder is called like, but for numbers."""
    found = list(failures)
    folders = {one.path.parent for one in found if one.is_suspected}
    names = {(file.parent, _numberless(file)) for file in files if file.parent in folders}
    return [one for one in found if not one.is_suspected or (one.path.parent, _numberless(one.path)) in names]


def _numberless(file: Path) -> str:
    return NUMBER.sub("0", file.name)


def _files(folder: Path) -> Iterator[Path | Failure]:
    denied: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=denied.append):
        folders.sort()
        for name in sorted(names):
            yield from _file(Path(parent, name))
        yield from (_link(Path(parent, name)) for name in folders if os.path.islink(os.path.join(parent, name)))
    for error in denied:
        yield Failure(Path(error.filename), "a folder in it cannot be opened: ask its owner for access")


def _file(file: Path) -> Iterator[Path | Failure]:
    if file.is_symlink():
        yield Failure(file, f"{file.name}: this is a link, and is not followed; put the file itself in its place")
    elif not file.is_file():
        return
    elif not os.access(file, os.R_OK):
        yield Failure(file, f"{file.name}: no permission to read this file; ask its owner for access")
    elif looks_like_dicom(file):
        yield file
    else:
        yield from _lost(file)


def _lost(file: Path) -> Iterator[Failure]:
    """A failure for what does not begin as a DICOM file, and is called like one or may be."""
    is_called_so = file.name.lower().endswith(DICOM_SUFFIXES) and not file.name.startswith(".")
    if is_called_so or (NUMBER.search(file.name) and looks_lost(file)):
        fault = "it is called like a DICOM file and does not begin as one: it is empty, cut off or damaged"
        yield Failure(file, f"{file.name}: {fault}; copy the file again", is_suspected=not is_called_so)


def _link(folder: Path) -> Failure:
    return Failure(folder, f"{folder.name}: this is a link to a folder, and is not followed; copy the folder itself")
