"""A file or folder tree of DICOM, on this machine or at a URL → its series.

Of a tree at a URL every file is fetched twice: here to see how it begins, BATCH files at a time, and again when its
case is converted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydicom.dataset import Dataset

from voxmill.errors import InputError
from voxmill.io.dicom import Failure, Header, Series, Survey, read_header, survey
from voxmill.io.dicom.discovery import beginnings_in
from voxmill.io.dicom.frames import is_localizer
from voxmill.io.dicom.series import survey_of
from voxmill.io.fetching import fetched
from voxmill.io.remote import Location, Remote

BATCH = 64
"""Files of a tree at a URL that are on this machine at a time while it is looked through."""
LISTING = "index.json"


@dataclass(frozen=True)
class Tree:
    """What a tree holds: series of paths, each of which stands for a place, itself where it is on this machine.

    listings: the files index.json in its folder, and in folders in that.
    """

    survey: Survey
    places: Mapping[Path, Remote] = field(default_factory=dict)
    listings: tuple[Path, ...] = ()

    @cached_property
    def images(self) -> list[Series]:
        """The series of images; those of localizers alone are none."""
        return [one for one in self.survey.series if one.is_image and not self._is_of_localizers(one)]

    def _is_of_localizers(self, series: Series) -> bool:
        return is_localizer(series.header) and all(is_localizer(self.header(path)) for path in series.files)

    def failures_beside(self, series: Series) -> list[Failure]:
        """What could not be read in the folders of a series, and may belong to it."""
        folders = dict.fromkeys(path.parent for path in series.files)
        return [failure for folder in folders for failure in self._failures.get(folder, ())]

    @cached_property
    def _failures(self) -> Mapping[Path, Sequence[Failure]]:
        """What could not be read, by folder."""
        found: dict[Path, list[Failure]] = defaultdict(list)
        for failure in self.survey.failures:
            found[failure.path.parent].append(failure)
        return found

    def place(self, path: Path) -> Location:
        """Where a file of a series lies."""
        return self.places.get(path, path)

    def header(self, path: Path) -> Dataset:
        """The header of a file of a series."""
        return _header(self.place(path)).dataset


def survey_tree(source: Location) -> Tree:
    """The series in a file or folder; raises InputError as survey does, and for what is not at its URL."""
    if isinstance(source, Path):
        return Tree(survey(source), listings=tuple(_listings(source)))
    places = {Path(one.path): one for one in source.parts}
    return Tree(
        survey_of(_beginnings(list(places.items())), lambda path: _header(places[path])),
        places,
        tuple(one for one in places if one.name == LISTING and Path(source.path) in (one.parent, one.parent.parent)),
    )


def _listings(folder: Path) -> Iterator[Path]:
    """The files index.json in a folder, and in folders in it, that no link leads to."""
    for one in sorted((*folder.glob(LISTING), *folder.glob(f"*/{LISTING}"))):
        is_linked = one.is_symlink() or (one.parent != folder and one.parent.is_symlink())
        if one.is_file() and not is_linked:
            yield one


def _header(place: Location) -> Header:
    with fetched([place]) as (local,):
        return read_header(local)


def _beginnings(files: Sequence[tuple[Path, Remote]]) -> Iterator[Header | Failure]:
    """How files at URLs begin, and a failure for each that is damaged or cannot be fetched."""
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        try:
            found = _fetched_beginnings(batch)
        except InputError:
            for one in batch:
                yield from _alone(*one)
        else:
            yield from found


def _alone(path: Path, remote: Remote) -> list[Header | Failure]:
    try:
        return _fetched_beginnings([(path, remote)])
    except InputError as error:
        return [Failure.of(path, error)]


def _fetched_beginnings(files: Sequence[tuple[Path, Remote]]) -> list[Header | Failure]:
    with fetched([remote for _, remote in files]) as copies:
        return [
            replace(found, path=path)
            for (path, _), copy in zip(files, copies, strict=True)
            for found in beginnings_in(copy.parent)
        ]
