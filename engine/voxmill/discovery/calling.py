"""What the case of a row, its images and its mask are called: no path here, nor any URL, stands in results."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from voxmill.discovery.tables import IMAGE, MASK, Listed
from voxmill.io.remote import Location, Remote, is_url, located

LETTERS = 12
"""Of a digest in a name."""
Column = tuple[str, str]
"""A case, and a column of its rows."""


@dataclass(frozen=True, eq=False)
class Naming:
    """What images and masks of rows are called: by their columns, or by their paths where rows of a case differ.

    folder: that of the table. differing: in which columns they do. by_path: what stands for the path of an image or a
    mask.
    """

    folder: Location
    differing: Collection[Column] = ()
    by_path: Callable[[str, str], str] = lambda kind, path: path

    def image(self, case: str, name: str, written: str) -> str:
        """What an image is called that its column calls `name`, or IMAGE where it calls it nothing."""
        if (case, column_of(name)) not in self.differing:
            return name
        told = self.by_path(IMAGE, called_by_path(written, self.folder))
        return told if name == IMAGE else f"{name} {told}"

    def mask(self, case: str, written: str) -> str:
        """What a mask is called."""
        return self.by_path(MASK, called_by_path(written, self.folder)) if (case, MASK) in self.differing else MASK


def called(row: Listed, folder: Location) -> str:
    """The name of a row of a table in a folder: as the table calls its case, or else by its first image.

    It follows from the row alone: other rows do not change it. Raises InputError for a path that leads out of a folder
    at a URL.
    """
    if row.case or not row.images:
        return row.case or f"row {row.number}"
    return called_by_path(next(iter(row.images.values())), folder)


def called_by_path(written: str, folder: Location) -> str:
    """The name of a file, or of the folder of a series, by its path as a table in a folder has it.

    What lies below the folder of the table is called by its path from there on; all else by its name, and a digest of
    its path, or of the path in its storage of a URL, which may hold a secret elsewhere. Raises InputError for a path
    that leads out of a folder at a URL.
    """
    place = located(written, folder)
    if isinstance(place, Remote):
        return _digested(place.name, str(place.path)) if is_url(written) else PurePosixPath(written).as_posix()
    assert isinstance(folder, Path)  # a table at a URL leads to URLs alone
    path, root = Path(os.path.abspath(place)), Path(os.path.abspath(folder))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else _digested(path.name, str(path))


def _digested(name: str, path: str) -> str:
    return f"{name}-{hashlib.sha256(path.encode(errors='surrogateescape')).hexdigest()[:LETTERS]}"


def column_of(image: str) -> str:
    """The column of an image, by what it calls it."""
    return image if image == IMAGE else f"{IMAGE}:{image}"


def paths_of(row: Listed, folder: Location) -> Mapping[str, str]:
    """The images and the mask of a row by column, as called_by_path calls them; raises InputError as that does."""
    images = {column_of(name): called_by_path(path, folder) for name, path in row.images.items()}
    return images | ({MASK: called_by_path(row.mask, folder)} if row.mask else {})


def differing(rows: Iterable[Listed], folder: Location) -> Collection[Column]:
    """In which columns rows of one case name different files."""
    files: dict[Column, str] = {}
    return {
        (case, column)
        for row in rows
        for case in (called(row, folder),)
        for column, path in paths_of(row, folder).items()
        if files.setdefault((case, column), path) != path
    }
