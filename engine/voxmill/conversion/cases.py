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
    def described(self) -> tuple[tuple[object, ...], ...]:
        """What tells whether it is the same as another: its images and masks, and their files."""
        return tuple((image.name, image.files, image.masks) for image in self.images)

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
    """Something of a source that belongs to no case, and why.

    name: what it may be called by. kind: what it is, a noun. image: the name of the image that it refers to. place and
    series: its file, and the UID of its series, for the owner alone. is_wanted: whether it should have been read; what
    is of a kind that is never read should not.
    """

    name: str
    sentence: str
    kind: str = "file"
    image: str = ""
    place: Location | None = None
    series: str = ""
    is_wanted: bool = True


@dataclass(frozen=True)
class Sources:
    """The cases in a source, by name, what belongs to none, and what there is to say of the source as a whole."""

    cases: tuple[CaseSource, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
