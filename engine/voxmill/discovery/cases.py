"""What is found: cases, their images and masks, by the names that stand for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxmill.io import read_image

if TYPE_CHECKING:
    from voxmill.io.dicom import Series
    from voxmill.volume import Volume


@dataclass(frozen=True)
class MaskSource:
    """A mask: its name, and its file."""

    name: str
    path: Path


@dataclass(frozen=True, eq=False)
class ImageSource:
    """An image: its name, its files, its masks, what may be told of it; of DICOM, its series."""

    name: str
    files: tuple[Path, ...]
    masks: tuple[MaskSource, ...] = ()
    series: "Series | None" = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def read(self, *, allow_gaps: bool = False) -> "Volume":
        """The image in its files, as read_image has it; raises InputError."""
        if self.series is None:
            return read_image(self.files[0], allow_gaps=allow_gaps)
        from voxmill.io.dicom import read_series

        return read_series(self.series, allow_gaps=allow_gaps)


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
    def files(self) -> tuple[Path, ...]:
        """All files of its images and masks."""
        return tuple(path for image in self.images for path in (*image.files, *(mask.path for mask in image.masks)))

    @property
    def secrets(self) -> frozenset[str]:
        """What must not be told: names of files and folders too."""
        return self.identifiers | {name for path in self.files for name in names_of(path)}


def names_of(path: Path) -> tuple[str, ...]:
    """What a sentence may call a file by: its name, with and without suffixes, and that of its folder."""
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


UNTOLD = "it cannot be read; voxmill extract of these files says why"
"""What is said of a file of DICOM that a table names: the reason may repeat its header."""


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of a file; of one that cannot be reached 0: reading it says why."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
