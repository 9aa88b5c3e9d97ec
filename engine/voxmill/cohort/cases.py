"""A case of a cohort → its images, each with each of its masks: out of a store, or of loose files."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voxmill.discovery.cases import CaseSource, ImageSource, MaskSource, names_of, unlooked_at
from voxmill.discovery.found import OF_ANOTHER
from voxmill.errors import InputError, UnrelatedError, VoxmillError
from voxmill.io.fetching import is_there, stamps_of
from voxmill.io.remote import Location
from voxmill.passing import reading
from voxmill.privacy import replaced
from voxmill.volume import Image, Mask, Volume

if TYPE_CHECKING:
    from voxmill.store import StoredImage, StoredMask

HIDDEN = "…"
"""What stands in sentences for identifiers out of headers."""
KEPT = ("names are kept",)
"""In the stamp of a mask, that its regions keep names that identify."""
Enter = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and one of its masks, by their names, or why there is none ('' for what is not known then).

    reason: the kind of that error. is_bare: there is nothing to measure, as the store or the folder of DICOM has no
    mask of the image.
    """

    image: str
    mask: str
    opened: tuple[Image, Mask] | None = None
    error: str | None = None
    reason: str = InputError.__name__
    is_bare: bool = False

    @classmethod
    def lacking(cls, image: str, mask: str, error: VoxmillError, why: str = "") -> "Pair":
        """One that cannot be read; `why`: in other words than those of the error."""
        return cls(image, mask, error=why or str(error), reason=type(error).__name__)


@dataclass(frozen=True)
class Choosing:
    """What a row of a table chooses instead of the settings: labels, and the channel of a mask."""

    labels: tuple[int | str, ...] | None = None
    channel: int | None = None


class CohortCase(Protocol):
    """A case of a cohort. It goes to other processes by pickle."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def choosing(self) -> Choosing:
        """What it chooses instead of the settings."""

    @property
    def stamp(self) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """What tells its content from any other, without reading it; found once."""

    @property
    def bytes(self) -> int:
        """The size of its files."""

    def load(self) -> None:
        """Load the libraries that read it."""

    def pairs(self, channel: int | None, enter: Enter) -> Iterator[Pair]:
        """Its images with their masks, one after the other, of these the channel; `enter` is told what is read."""


@dataclass(frozen=True)
class StoreCase:
    """A case of a store; nothing of it is read yet."""

    store: Path
    name: str
    choosing: Choosing = Choosing()

    @property
    def folder(self) -> Path:
        """Where it lies."""
        from voxmill.store.layout import folder_name

        return self.store / folder_name(self.name)

    @cached_property
    def stamp(self) -> str:
        """SHA-256 of what is written beside its voxels, where the digests of all images and masks stand."""
        from voxmill.store.layout import METADATA

        digest = hashlib.sha256()
        for path in sorted((*self.folder.glob(f"*/{METADATA}"), *self.folder.glob(f"*/labels/*/{METADATA}"))):
            digest.update(_content(path))
        return digest.hexdigest()

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(size for _, size, _ in stamps_of(self.folder))

    def load(self) -> None:
        """Load what reads stores."""
        import voxmill.store  # noqa: F401

    def pairs(self, channel: int | None = None, enter: Enter = lambda step: None) -> Iterator[Pair]:
        """Its images with their masks; those that are damaged or were interrupted say so."""
        from voxmill.store import Store

        enter("read")
        try:
            with reading("the case"):
                case = Store(self.store).case(self.name)
                images, interrupted = case.images, case.incomplete
        except VoxmillError as error:
            yield Pair.lacking("", "", error)
            return
        for one in interrupted:
            yield Pair("", "", error=f"{one}: the image was not written to its end; convert the case again")
        if not images and not interrupted:
            yield Pair("", "", error="the case has no image; convert it again")
        for image in images:
            try:
                with reading(image.name):
                    masks = image.masks
            except VoxmillError as error:
                yield Pair.lacking(image.name, "", error)
                continue
            if not masks:
                yield Pair(image.name, "", is_bare=True)
            yield from (_chosen(image, mask, channel) for mask in masks)


def _content(path: Path) -> bytes:
    """What is in a file; nothing where it cannot be read, which is told when the case is opened."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _chosen(image: "StoredImage", mask: "StoredMask", channel: int | None) -> Pair:
    try:
        with reading(mask.name):
            return Pair(image.name, mask.name, (image, mask if channel is None else mask.layer(channel)))
    except VoxmillError as error:
        return Pair.lacking(image.name, mask.name, error)


def _lacking(image: ImageSource) -> str:
    """Why an image cannot be measured, where there is nothing at a path of it or of its mask; '' otherwise."""
    if not all(map(is_there, image.files)):
        return "the file of this image is not there"
    return "" if all(is_there(mask.path) for mask in image.masks) else "the file of its mask is not there"


def _same_patient(image: str, before: str, now: str) -> str:
    """Whose a case is with one more image, '' where nobody knows; raises UnrelatedError where that is of another."""
    if before and now and before != now:
        raise UnrelatedError(f"{image}: {OF_ANOTHER}")
    return before or now


@dataclass(frozen=True, eq=False)
class FileCase:
    """A case of loose files, or a part of it: a row of a table.

    root: the folder that its paths are told from. first: of a part, another one's image that says whose the case is.
    """

    source: CaseSource
    root: Path
    choosing: Choosing = Choosing()
    first: ImageSource | None = None

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return self.source.name

    @cached_property
    def stamp(self) -> list[Any]:
        """Path, size and time of every file, by image and mask; and whether names of regions are kept."""
        own = [
            [
                image.name,
                self._stamps(*image.files),
                [[mask.name, self._stamps(mask.path), *KEPT * mask.keep_names] for mask in image.masks],
            ]
            for image in self.source.images
        ]
        return own if self.first is None else [*own, self._stamps(*self.first.files)]

    @property
    def bytes(self) -> int:
        """The size of its files, of each once."""
        return sum(size for place in set(self.source.files) for _, size, _ in stamps_of(place))

    def load(self) -> None:
        """Nothing: what reads a file is loaded with the first one of its format."""

    @property
    def lacking(self) -> Mapping[str, str]:
        """Which images cannot be measured, as there is nothing at a path: by name, and why."""
        return {image.name: why for image in self.source.images if (why := _lacking(image))}

    def without(self, images: Collection[str]) -> "FileCase":
        """The same without some of its images."""
        kept = tuple(image for image in self.source.images if image.name not in images)
        return replace(self, source=replace(self.source, images=kept))

    def beside(self, first: ImageSource) -> "FileCase":
        """The same as a part of a case of which another part has the first image."""
        if any(image.files == first.files for image in self.source.images):
            return self
        return replace(self, first=replace(first, masks=()))

    @property
    def _patient(self) -> str:
        """Whose its case is by the first image of that, '' where nobody knows; what is wrong with it, its part says."""
        try:
            return "" if self.first is None else self.first.patient
        except VoxmillError:
            return ""

    def _stamps(self, *places: Location) -> list[Any]:
        return sorted([self._path(place), stamps_of(place)] for place in places)

    def _path(self, place: Location) -> str:
        """A path from the root of the cohort on; of a URL, the path in its storage: the rest may hold a secret."""
        return os.path.relpath(place, self.root) if isinstance(place, Path) else str(place.path)

    def pairs(self, channel: int | None = None, enter: Enter = lambda step: None) -> Iterator[Pair]:
        """Its images with their masks, each read when it is its turn; those that cannot be read say so."""
        patient = self._patient
        for image in self.source.images:
            enter("read image")
            try:
                found = image.read()
                patient = _same_patient(image.name, patient, found.patient)
            except VoxmillError as error:
                yield Pair.lacking(image.name, "", error, self._why(error, image))
                continue
            named = found.renamed(image.name, self._told)
            if not image.masks and image.series is not None:
                yield Pair(image.name, "", is_bare=True)
            elif not image.masks:
                yield Pair(image.name, "", error="it has no mask; fill in the column 'mask'")
            for mask in image.masks:
                enter("read mask")
                yield self._pair(image, named, mask, channel)

    def _pair(self, image: ImageSource, volume: Volume, mask: MaskSource, channel: int | None) -> Pair:
        try:
            found = mask.read(volume, channel=channel).mask
        except VoxmillError as error:
            return Pair.lacking(image.name, mask.name, error, self._why(error, image, mask))
        return Pair(
            image.name, mask.name, (volume, found.renamed(mask.name, notes=list(map(mask.withheld, found.notes))))
        )

    def _why(self, error: VoxmillError, image: ImageSource, mask: MaskSource | None = None) -> str:
        """Why a file cannot be read; of DICOM whose header nobody has looked at, only in words of ours."""
        told = unlooked_at(error, mask.path if mask else image.files[0]) if image.series is None else ""
        return told or (mask or image).withheld(self._told(error))

    def _told(self, text: object) -> str:
        """A sentence with the names of images and masks in place of those of files; it repeats no header."""
        words = {**dict.fromkeys(self.source.identifiers, HIDDEN), **self._roles}
        return replaced(str(text), words, lambda word: words[word])

    @property
    def _roles(self) -> Mapping[str, str]:
        """What files may be called by, with the name of the image or mask that each is."""
        files = [(image.name, place) for image in self.source.images for place in image.files]
        files += [(mask.name, mask.path) for image in self.source.images for mask in image.masks]
        return {called: name for name, place in files for called in names_of(place)[:3]}
