"""What is converted: cases, their images and masks, by the names that they have in a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from voxmill.io.remote import Location, Remote

if TYPE_CHECKING:
    from voxmill.io.dicom import Series


@dataclass(frozen=True)
class MaskSource:
    """A mask: its name in the store, and its file."""

    name: str
    path: Location


@dataclass(frozen=True, eq=False)
class ImageSource:
    """An image: its name in the store, its files, its masks, what may be told of it; of DICOM, its series.

    notes: what a reader of its rows should know beside what its files say.
    """

    name: str
    files: tuple[Location, ...]
    masks: tuple[MaskSource, ...] = ()
    series: "Series | None" = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CaseSource:
    """A case: its name in the store, its images, what may be told of it, and what may not: texts in its headers.

    place: where it stands in its source, for messages.
    """

    name: str
    images: tuple[ImageSource, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    identifiers: frozenset[str] = frozenset()
    place: str = ""

    @property
    def files(self) -> tuple[Location, ...]:
        """All files of its images and masks."""
        return tuple(path for image in self.images for path in (*image.files, *(mask.path for mask in image.masks)))

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be told: names of files and folders too."""
        return self.identifiers | {name for path in self.files for name in names_of(path)}


def names_of(place: PurePath | Remote) -> tuple[str, ...]:
    """What a sentence may call a file by: its name, with and without suffixes, and that of its folder."""
    path = place.path if isinstance(place, Remote) else place
    return path.name, path.stem, path.name.partition(".")[0], path.parent.name


@dataclass(frozen=True)
class LeftOut:
    """Something of a source that belongs to no case: a name for it, and why."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Sources:
    """The cases in a source, by name, and what belongs to none."""

    cases: tuple[CaseSource, ...]
    left_out: tuple[LeftOut, ...] = ()
