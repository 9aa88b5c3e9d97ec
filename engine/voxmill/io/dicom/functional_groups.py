"""Functional groups: where a file of many frames keeps what is said of each.

Source: DICOM PS3.3 C.7.6.16 (multi-frame functional groups), C.8.20.3 (those of segmentations).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from voxmill.io.dicom.tags import items

GROUPS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "SegmentIdentificationSequence",
)
"""The groups that are read; each has one item, and no attribute is in two of them."""


@dataclass(frozen=True)
class FrameGroups:
    """Datasets that may hold an attribute of a frame, those of the frame itself first."""

    places: tuple[Dataset, ...]

    def holding(self, keyword: str) -> Dataset:
        """The first that holds an attribute, or else the last, which is asked in vain and so named."""
        return next((place for place in self.places if keyword in place), self.places[-1])


def groups_of(dataset: Dataset) -> Iterator[FrameGroups]:
    """The groups of every frame, in the order of the frames: its own, those shared by all, the file itself."""
    shared = [part for group in items(dataset, "SharedFunctionalGroupsSequence") for part in _parts(group)]
    for frame in items(dataset, "PerFrameFunctionalGroupsSequence"):
        yield FrameGroups((*_parts(frame), *shared, dataset))


def _parts(group: Dataset) -> list[Dataset]:
    return [item for keyword in GROUPS for item in items(group, keyword)]
