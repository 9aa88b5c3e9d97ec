"""A store → its cases and their images; nothing of them is read before it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from voxmill.errors import InputError, counted, why_not_there
from voxmill.store.attributes import CaseAttributes, Stored, parse_attributes
from voxmill.store.groups import absent, attributes_of, groups_in, named, refuse_links
from voxmill.store.images import StoredImage
from voxmill.store.layout import METADATA, folder_name, name_of
from voxmill.store.unfinished import Unfinished, awaited


@dataclass(frozen=True)
class StoredCase:
    """A case that is whole; attributes: what else is known of it."""

    folder: Path
    name: str
    attributes: Mapping[str, JsonValue]

    @classmethod
    def of(cls, folder: Path, store: Path) -> "StoredCase":
        """The case in a folder of a store; raises InputError where it is damaged, or leads elsewhere."""
        refuse_links(folder, store, name_of(folder))
        about = parse_attributes(CaseAttributes, attributes_of(folder, name_of(folder)), name_of(folder))
        return cls(folder, about.name, about.attributes)

    @property
    def images(self) -> tuple[StoredImage, ...]:
        """Its images, by the names of their folders; raises InputError where one is damaged."""
        whole, _ = groups_in(self.folder, self.name)
        return tuple(StoredImage.of(folder) for folder in whole)

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The names of images whose writing was interrupted: they are not among the images."""
        _, interrupted = groups_in(self.folder, self.name)
        return tuple(map(name_of, interrupted))

    def image(self, name: str) -> StoredImage:
        """The image of this name; raises InputError where there is none, with those that are there."""
        return named(name, {image.name: image for image in self.images}, f"{self.name}: the case has no image")


@dataclass(frozen=True)
class Store:
    """A folder that keeps a cohort as OME-Zarr; see `open_store`."""

    folder: Path

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the cases that are whole."""
        whole, _ = groups_in(self.folder, self.folder.name)
        return tuple(map(name_of, whole))

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The names of cases whose writing was interrupted: they are not among the cases."""
        _, interrupted = groups_in(self.folder, self.folder.name)
        return tuple(map(name_of, interrupted))

    @property
    def unfinished(self) -> Unfinished | None:
        """The conversion into it that has not come to its end; None where none is to be finished."""
        cases = awaited(self.folder)
        return Unfinished(len(cases), len(cases.intersection(self.names))) if cases else None

    @property
    def cases(self) -> tuple[StoredCase, ...]:
        """The cases that are whole; raises InputError where one is damaged."""
        return tuple(map(self.case, self.names))

    def case(self, name: str) -> StoredCase:
        """The case of this name, no other being looked at.

        Raises InputError where there is none, where it was interrupted or is damaged, or where a link leads out of the
        store.
        """
        folder = self.folder / folder_name(name)
        if (folder / METADATA).is_file():
            return StoredCase.of(folder, self.folder)
        if folder.is_dir():
            raise InputError(f"{name}: the case was not written to its end; convert it again")
        raise absent(name, self.names, f"{self.folder.name}: the store has no case")

    def __repr__(self) -> str:
        return f"<Store {self.folder.name!r}: {counted(len(self.names), 'case')}>"


def is_store(path: Path) -> bool:
    """Whether a path is a folder with Zarr metadata, which a store has."""
    return (path / METADATA).is_file()


def open_store(path: str | Path) -> Store:
    """The store in a folder, as `voxmill convert` writes it; nothing of its cases is read yet.

    Raises InputError for what is no store, and for one of a newer format.
    """
    folder = Path(path).absolute()  # which has a name, where the path is `.`
    if not folder.exists():
        raise InputError(f"{folder.name}: {why_not_there(folder, 'there is no such store; check the path')}")
    if not is_store(folder):
        raise InputError(f"{folder.name}: this is not a store (no {METADATA} in it); give one that Voxmill wrote")
    parse_attributes(Stored, attributes_of(folder, folder.name), folder.name)
    return Store(folder)
