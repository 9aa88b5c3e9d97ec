"""Functional groups: where a file of many frames keeps what is said of each.

Source: DICOM PS3.3 C.7.6.16 (multi-frame functional groups).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from voxmill.io.dicom.tags import items


@dataclass(frozen=True)
class FrameGroups:
    """The datasets that may hold a functional group of a frame: its own first, then those shared by all frames."""

    places: tuple[Dataset, ...]

    def item(self, keyword: str) -> Dataset:
        """The first item of a sequence, from the first place that has one; an empty dataset where none has."""
        return next((found[0] for place in self.places if (found := items(place, keyword))), Dataset())


def groups_of(dataset: Dataset) -> Iterator[FrameGroups]:
    """The groups of every frame, in the order of the frames."""
    shared = items(dataset, "SharedFunctionalGroupsSequence")
    for own in items(dataset, "PerFrameFunctionalGroupsSequence"):
        yield FrameGroups((own, *shared, dataset))
