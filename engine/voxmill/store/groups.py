"""Groups of a store: their attributes, what is in them, and what was interrupted."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import zarr

from voxmill.errors import InputError, nearest
from voxmill.store.arrays import AGAIN, in_a_sentence
from voxmill.store.layout import LABELS, METADATA

Item = TypeVar("Item")


def attributes_of(group: Path, name: str) -> Mapping[str, Any]:
    """The attributes of a group; raises InputError where there are none to read."""
    with in_a_sentence(name):
        return dict(zarr.open_group(group, mode="r", zarr_format=3).attrs)


def groups_in(group: Path, name: str) -> tuple[list[Path], list[Path]]:
    """The folders in a group: those that are whole, by name, and those that were interrupted: no metadata of their own.

    Raises InputError when they cannot be listed.
    """
    with in_a_sentence(name):
        folders = sorted(path for path in group.iterdir() if path.is_dir())
    whole = [folder for folder in folders if (folder / METADATA).is_file()]
    return whole, [folder for folder in folders if folder not in set(whole)]


def label_images(image: Path, name: str) -> list[str]:
    """The names of the label images of an image, as OME-Zarr lists them; none where it has no labels.

    Raises InputError for a list that is none, or that leads out of its folder.
    """
    if not (image / LABELS / METADATA).is_file():
        return []
    ome = attributes_of(image / LABELS, name).get("ome")
    names = ome.get("labels") if isinstance(ome, Mapping) else None
    if not isinstance(names, list) or not all(isinstance(one, str) and Path(one).name == one for one in names):
        raise InputError(f"{name}: the list of its labels is damaged; {AGAIN}")
    return names


def refuse_links(folder: Path, store: Path, name: str) -> None:
    """Raise InputError when a link in a folder leads out of the store: what it leads to is not read."""
    root = os.path.realpath(store)
    for path in _links(folder):
        if not Path(os.path.realpath(path)).is_relative_to(root):
            raise InputError(f"{name}: {path.name} is a link out of the store, which is not followed; {AGAIN}")


def _links(folder: Path) -> Iterable[Path]:
    """All symbolic links in a folder, itself included."""
    if folder.is_symlink():
        yield folder
    for path, folders, files in os.walk(folder):
        yield from (one for entry in (*folders, *files) if (one := Path(path, entry)).is_symlink())


def named(name: str, known: Mapping[str, Item], missing: str) -> Item:
    """What has this name; raises InputError, as `absent`, where nothing has."""
    if name not in known:
        raise absent(name, known, missing)
    return known[name]


def absent(name: str, known: Iterable[str], missing: str) -> InputError:
    """The error that begins with what is missing, and hints at what is there."""
    names = list(known)
    return InputError(f"{missing} {name!r}{nearest(name, names) if names else '; there is none'}")
