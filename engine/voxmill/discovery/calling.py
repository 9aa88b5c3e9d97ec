"""What the case of a row is called: no path on this machine, nor any URL, stands in results."""

import hashlib
import os
from pathlib import Path, PurePosixPath

from voxmill.discovery.tables import Listed
from voxmill.io.remote import Location, Remote, is_url, located

LETTERS = 12
"""Of a digest in a name."""


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
