"""Series: the files of a folder, grouped as they belong together."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from voxmill.errors import InputError, SettingsError, several
from voxmill.io.dicom.discovery import Failure, beginnings_in, confirmed
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.sop_classes import IMAGES
from voxmill.io.dicom.tags import named, optional_number, text

OWN = frozenset(
    (
        "SpecificCharacterSet",
        "SOPClassUID",
        "Modality",
        "SeriesDescription",
        "PatientID",
        "StudyInstanceUID",
        "SeriesNumber",
        "FrameOfReferenceUID",
    )
)
"""What of a header a series tells itself."""
_Place: TypeAlias = tuple[float, str, Path]
"""Where a file is in its series: by instance number, else by name."""


@dataclass(frozen=True, eq=False)
class Series:
    """The files of one series, by instance number; `header` is that of the first: public, without pixel data."""

    series_uid: str
    files: tuple[Path, ...]
    header: Dataset

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID (0020,000d); empty where it is missing, as the others below."""
        return text(self.header, "StudyInstanceUID")

    @property
    def frame_of_reference_uid(self) -> str:
        """FrameOfReferenceUID (0020,0052)."""
        return text(self.header, "FrameOfReferenceUID")

    @property
    def patient_id(self) -> str:
        """PatientID (0010,0020)."""
        return text(self.header, "PatientID")

    @property
    def modality(self) -> str:
        """Modality (0008,0060): CT, MR, PT, SEG, RTSTRUCT and others."""
        return text(self.header, "Modality")

    @property
    def description(self) -> str:
        """SeriesDescription (0008,103e)."""
        return text(self.header, "SeriesDescription")

    @property
    def number(self) -> int | None:
        """SeriesNumber (0020,0011); None where it is missing."""
        found = optional_number(self.header, "SeriesNumber")
        return None if found is None else int(found)

    @property
    def is_image(self) -> bool:
        """Whether it is of a kind that is read as an image."""
        return text(self.header, "SOPClassUID") in IMAGES

    @property
    def brief(self) -> "Series":
        """The same with no more of its header than it tells itself: of a cohort the whole ones take gigabytes."""
        return replace(self, header=_only(self.header, lambda tag: keyword_for_tag(tag) in OWN))

    def __str__(self) -> str:
        """Number, modality, description and how many files, for messages."""
        number = "without number" if self.number is None else str(self.number)
        described = f" {self.description!r}" if self.description else ""
        return f"{number} ({self.modality or 'no modality'}{described}, files: {len(self.files)})"


@dataclass(frozen=True, eq=False)
class Survey:
    """What a folder holds: its series, by number, and the files that belong to none because they are damaged."""

    series: tuple[Series, ...]
    failures: tuple[Failure, ...]


def _only(header: Dataset, is_kept: Callable[[BaseTag], bool]) -> Dataset:
    """A part of a header, none of which is parsed for it: an element that nobody asks for may be damaged."""
    part = Dataset({tag: element for tag, element in header.items() if is_kept(tag)})
    part.set_original_encoding(*header.original_encoding)
    return part


def _public(header: Dataset) -> Dataset:
    """A header without what a scanner has for itself, which may be much."""
    return _only(header, lambda tag: not tag.is_private)


def find_series(path: Path) -> tuple[Series, ...]:
    """The series in a folder (folders in it included), or that of one file, images or not, by number."""
    return survey(path).series


def first_image(path: Path) -> Header | None:
    """The header of the file of an image, or of the first such file in a folder; None where there is none.

    Raises InputError for a file that cannot be read.
    """
    files = beginnings_in(path) if path.is_dir() else [read_header(path)]
    images = (one for one in files if isinstance(one, Header) and text(one.dataset, "SOPClassUID") in IMAGES)
    first = next(images, None)
    return None if first is None else read_header(first.path)


def survey(path: Path) -> Survey:
    """The series in a folder, or that of one file, and what could not be read.

    Raises InputError where there is no such path, and for a single file that is no DICOM file.
    """
    if not path.is_dir():
        header = read_header(path)
        return Survey((Series(text(header.dataset, "SeriesInstanceUID"), (path,), _public(header.dataset)),), ())
    return survey_of(beginnings_in(path), read_header)


def survey_of(beginnings: Iterable[Header | Failure], header_of: Callable[[Path], Header]) -> Survey:
    """What these files are of: their series, by number, and what could not be read.

    header_of gives the whole header of a file, which of a series one must have; it may raise InputError.
    """
    groups: dict[str, list[_Place]] = defaultdict(list)
    failures: list[Failure] = []
    for found in beginnings:
        uid = text(found.dataset, "SeriesInstanceUID") if isinstance(found, Header) else ""
        if isinstance(found, Failure):
            failures.append(found)
        elif not uid:
            fault = (
                f"{named('SeriesInstanceUID')} is missing, so its series is not known; export it again from its source"
            )
            failures.append(Failure(found.path, f"{found.path.name}: {fault}"))
        else:
            groups[uid].append(_place(found))
    files = {uid: [path for *_, path in sorted(places)] for uid, places in groups.items()}
    failures = confirmed(failures, (path for paths in files.values() for path in paths))
    series = [one for uid, paths in files.items() for one in _series(uid, paths, header_of, failures)]
    return Survey(tuple(sorted(series, key=_by_number)), tuple(failures))


def _place(header: Header) -> _Place:
    number = optional_number(header.dataset, "InstanceNumber")
    return float("inf") if number is None else number, str(header.path), header.path


def _series(
    uid: str, files: Sequence[Path], header_of: Callable[[Path], Header], failures: list[Failure]
) -> Iterator[Series]:
    """The series of files in order, with the header of the first that has a whole one; none if none has.

    Files with damaged headers stay among them: a series is never taken for whole without them.
    """
    damaged: list[Failure] = []
    for path in files:
        try:
            header = _public(header_of(path).dataset)
        except InputError as error:
            damaged.append(Failure.of(path, error))
        else:
            yield Series(uid, tuple(files), header)
            return
    failures += damaged


def choose(series: Sequence[Series], wanted: str | int | None, *, label: str) -> Series:
    """The one series of images, or the one of this UID or number, or else that whose description is like a pattern.

    In a pattern * stands for any letters, ? for one; capitals matter. Raises InputError, with a list of the series,
    where that leaves none or several.
    """
    images = [one for one in series if one.is_image]
    if wanted is None:
        if not images:
            raise InputError.about(label, "there are no DICOM images of CT, MR or PET in it", f"; {_there(series)}")
        if len(images) > 1:
            raise InputError.about(
                label, f"{len(images)} series are in it; choose one by series=", f"; {_there(images)}"
            )
        return images[0]
    if isinstance(wanted, bool) or not isinstance(wanted, str | int):
        raise SettingsError(f"series: give a number or a UID; found {type(wanted).__name__}")
    found = [one for one in series if _is_called(one, wanted)]
    found = found or [one for one in images if fnmatchcase(one.description, str(wanted))]
    if len(found) != 1:
        fault = "several series have" if found else "no series has"
        raise InputError(f"{label}: {fault} the number, UID or description {wanted}; {_there(found or series)}")
    return found[0]


def _is_called(series: Series, wanted: str | int) -> bool:
    return str(wanted) == series.series_uid or (series.number is not None and str(wanted) == str(series.number))


def _there(series: Sequence[Series]) -> str:
    """The series listed, with their UIDs where numbers do not tell them apart."""
    if not series:
        return "no DICOM files were found"
    numbers = Counter(one.number for one in series)
    listed = [f"{one}{f' {one.series_uid}' * (numbers[one.number] > 1 or one.number is None)}" for one in series]
    return f"series there: {several(listed)}"


def _by_number(series: Series) -> tuple[float, str]:
    return (float("inf") if series.number is None else series.number, series.series_uid)
