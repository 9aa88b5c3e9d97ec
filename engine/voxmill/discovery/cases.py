"""What is found: cases, their images and masks, by the names that stand for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from voxmill.discovery.found import FoundImage, FoundMask, patient_in, withheld
from voxmill.errors import InputError, UnrelatedError, VoxmillError
from voxmill.io import read_image, read_mask_near
from voxmill.io.fetching import fetched
from voxmill.io.formats import is_dicom, names_a_format
from voxmill.io.remote import Location, Remote
from voxmill.passing import Unreachable, reading
from voxmill.segments import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    import pyarrow as pa
    from pydicom.dataset import Dataset

    from voxmill.io.dicom import Series
    from voxmill.io.dicom.identity import Identity
    from voxmill.volume import Image, Mask


@dataclass(frozen=True)
class MaskSource:
    """A mask: its name, and its file.

    identity: what headers say of a person, as far as they were looked at. images: those whose headers nobody has looked
    at yet. keep_names: whether its regions may be called by what identifies a person.
    """

    name: str
    path: Location
    identity: "Identity | None" = None
    images: tuple[Location, ...] = ()
    keep_names: bool = False

    def withheld(self, sentence: str) -> str:
        """What of a sentence about it may be told, as far as headers were looked at."""
        return withheld(sentence, None if self.keep_names else self.identity)

    def read(self, image: "Image", *, channel: int | None = None, threshold: float = DEFAULT_THRESHOLD) -> FoundMask:
        """The mask in its file, as read_mask_near has it; raises InputError.

        What names of regions repeat of the patient's header is replaced, in notes and errors too, unless they are to be
        kept.
        """
        with reading(self.name), fetched([self.path]) as (path,):
            read = partial(read_mask_near, path, image, label_channel=channel, threshold=threshold)
            return FoundMask(read()) if self.keep_names or not is_dicom(path) else self._without_identity(read, path)

    def _without_identity(self, read: Callable[[], "Mask"], path: Path) -> FoundMask:
        from voxmill.io.dicom.identity import Identity
        from voxmill.io.dicom.masks import mask_header
        from voxmill.io.dicom.region_names import hiding_identity, without_identity

        header, known = mask_header(path).dataset, self.identity or Identity()
        for one in map(_header_in, self.images):
            known |= Identity() if one is None else Identity.of(one)
        with hiding_identity(header, known):
            found = read()
        return FoundMask(*without_identity(found, header, known))


def _header_in(image: Location) -> "Dataset | None":
    """The header of an image, None where it is no DICOM; of a folder at a URL, files are fetched until one has it.

    Raises InputError for an image of DICOM whose header cannot be read.
    """
    from voxmill.io.dicom.series import first_image

    if not _may_be_dicom(image):
        return None
    for place in image.files if isinstance(image, Remote) and image.is_folder else (image,):
        with fetched([place]) as (path,):
            header = first_image(path) if is_dicom(path) else None
        if header is not None:
            return header.dataset
    raise InputError.about(image.name, "there is no header in it that says whose it is; give the files of the image")


def _may_be_dicom(place: Location) -> bool:
    """Whether it is DICOM; at a URL, whether it is not called like another format."""
    return is_dicom(place) if isinstance(place, Path) else not names_a_format(place.name)


@dataclass(frozen=True, eq=False)
class ImageSource:
    """An image: its name, its files, its masks, what may be told of it; of DICOM, its series.

    notes: what a reader of its rows should know beside what its files say. fault: why it cannot be read now.
    identity: what its header says of a person, where that was looked at. keep_names: whether its notes may repeat it.
    """

    name: str
    files: tuple[Location, ...]
    masks: tuple[MaskSource, ...] = ()
    series: "Series | None" = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fault: str = ""
    identity: "Identity | None" = None
    keep_names: bool = False

    def withheld(self, sentence: str) -> str:
        """What of a sentence about it may be told, as far as its header was looked at."""
        return withheld(sentence, None if self.keep_names else self.identity)

    def require_fetched(self) -> None:
        """Raise Unreachable where some of its files may not have been found."""
        if self.fault:
            raise Unreachable(self.fault)

    def joined(self, other: "ImageSource") -> "ImageSource":
        """This image with the masks that another row has of it."""
        names = {mask.name for mask in self.masks}
        return replace(self, masks=(*self.masks, *(mask for mask in other.masks if mask.name not in names)))

    @property
    def is_unlooked_at(self) -> bool:
        """Whether it may be of DICOM whose headers nobody has looked at, so that a mask of it may be another's."""
        return self.series is None and _may_be_dicom(self.files[0])

    @property
    def patient(self) -> str:
        """Whose it is, of an image that is unlooked at, by its header alone; raises InputError."""
        return patient_in(_header_in(self.files[0]))

    def read(self, *, allow_gaps: bool = False) -> FoundImage:
        """The image in its files, as read_image has it; raises InputError."""
        self.require_fetched()
        with reading(self.name), fetched(self.files) as files:
            if self.series is None:
                volume, header = read_image(files[0], allow_gaps=allow_gaps), _header_in(files[0])
                return FoundImage(volume, self._identity_of(header), header)
            from voxmill.io.dicom import read_series

            known = None if self.keep_names else self.identity
            return FoundImage(read_series(replace(self.series, files=files), allow_gaps=allow_gaps), known)

    def _identity_of(self, header: "Dataset | None") -> "Identity | None":
        """What a header says of a person, unless that may be told."""
        from voxmill.io.dicom.identity import Identity

        return None if header is None or self.keep_names else Identity.of(header)


@dataclass(frozen=True, eq=False)
class CaseSource:
    """A case: its name, its images, what may be told of it, and what may not: texts in its headers.

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

    def joined(self, other: "CaseSource") -> "CaseSource":
        """This case with the images and masks of another row of it; what both have is of this one."""
        images = {image.name: image for image in self.images}
        for image in other.images:
            images[image.name] = images[image.name].joined(image) if image.name in images else image
        return replace(self, images=tuple(images.values()))

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be told: names of files and folders too."""
        return self.identifiers | {name for path in self.files for name in names_of(path)}


def names_of(place: PurePath | Remote) -> tuple[str, ...]:
    """What a sentence may call a file by: its name, with and without suffixes, and that of its folder."""
    path = place.path if isinstance(place, Remote) else place
    return path.name, path.stem, path.name.partition(".")[0], path.parent.name


PASSED_OVER = "pass over"
"""The step at which what is of a kind that is never read is left out."""


@dataclass(frozen=True)
class LeftOut:
    """Something of a source that belongs to no case, and why.

    name: what it may be called by. kind: what it is, a noun. image: the name of the image that it refers to. place and
    series: its file, and the UID of its series, for the owner alone; listed: in place of a file, what a listing calls
    it. is_wanted: whether it should have been read; what is of a kind that is never read should not.
    """

    name: str
    sentence: str
    kind: str = "file"
    image: str = ""
    place: Location | None = None
    series: str = ""
    listed: str = ""
    is_wanted: bool = True

    @property
    def step(self) -> str:
        """The step at which it was left out, as tables have it."""
        return "find" if self.is_wanted else PASSED_OVER


@dataclass(frozen=True, eq=False)
class Further:
    """The columns of a table that name neither case nor image nor mask; rows: of each case its rows there, from 0."""

    table: "pa.Table"
    rows: Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Sources:
    """The cases in a source, by name, what belongs to none, and what there is to say of the source as a whole.

    further: of a table, its other columns.
    """

    cases: tuple[CaseSource, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    further: Further | None = None


UNTOLD = "it cannot be read; voxmill extract of these files says why"
"""What is said of a file of DICOM that a table names, where the reason may repeat its header."""


def unlooked_at(error: VoxmillError, place: Location) -> str:
    """What is told of an error where nobody looked at the header of a file of DICOM before; '' where all of it may be.

    Only words of ours: others may repeat the header, or names of files.
    """
    if isinstance(error, Unreachable | UnrelatedError) or not _may_be_dicom(place):
        return ""
    return (error.ours if isinstance(error, InputError) else "") or UNTOLD
