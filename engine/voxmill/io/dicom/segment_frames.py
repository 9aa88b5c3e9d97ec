"""The frames of a segmentation: of which segment each is, and where it lies.

Source: DICOM PS3.3 A.51 and C.8.20 (segmentation), C.7.6.16.2 (plane position, plane orientation, pixel measures).
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from voxmill.errors import InputError, counted
from voxmill.io.dicom.functional_groups import FrameGroups, groups_of
from voxmill.io.dicom.geometry import ORIENTATION
from voxmill.io.dicom.headers import Header
from voxmill.io.dicom.tags import items, named, numbers, optional_number, size

HIGHEST_SEGMENT = 65_535
FARTHEST_MM = 1e6
"""No scanner is a kilometre large; beyond, positions are damaged."""


@dataclass(frozen=True)
class SegmentFrame:
    """A frame: its place, and its segment, None where one frame holds all of them (LABELMAP).

    position: of the centre of the first voxel, x, y, z in mm (LPS). orientation: unit vectors along rows and along
    columns. spacing: between rows, between columns, in mm. step, thickness: of slices, in mm, as far as the header
    says so.
    """

    label: str
    segment: int | None
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    step: float | None
    thickness: float | None


def segment_frames(header: Header, *, frames: int, of_one_segment: bool) -> tuple[SegmentFrame, ...]:
    """The frames of a file, in its order, which lie in parallel planes with one spacing.

    Raises InputError where a frame has no place or no segment, and where planes are not alike.
    """
    label, groups = header.path.name, list(groups_of(header.dataset))
    if len(groups) != frames:
        raise InputError.about(
            label,
            f"{named('PerFrameFunctionalGroupsSequence')} describes {counted(len(groups), 'frame')}, its "
            f"pixels are {frames}; export the segmentation again",
        )
    found = tuple(_frame(header, group, at, of_one_segment=of_one_segment) for at, group in enumerate(groups))
    _refuse_differing(found, label)
    return found


def _frame(header: Header, groups: FrameGroups, index: int, *, of_one_segment: bool) -> SegmentFrame:
    label = f"{header.path.name}, frame {index + 1}"
    spacing = numbers(groups.holding("PixelSpacing"), "PixelSpacing", 2, label=label)
    if min(spacing) <= 0:
        raise InputError.about(label, f"{named('PixelSpacing')} must be above 0; found {spacing}; correct the header")
    position = numbers(groups.holding("ImagePositionPatient"), "ImagePositionPatient", 3, label=label)
    if max(map(abs, (*position, *spacing))) > FARTHEST_MM:
        raise InputError.about(
            label, f"it lies or reaches a kilometre away ({position}, {spacing} mm); correct the header"
        )
    return SegmentFrame(
        label=label,
        segment=_segment(header.dataset, groups, label) if of_one_segment else None,
        position=position,
        orientation=numbers(groups.holding("ImageOrientationPatient"), "ImageOrientationPatient", 6, label=label),
        spacing=spacing,
        step=_length(groups, "SpacingBetweenSlices"),
        thickness=_length(groups, "SliceThickness"),
    )


def _length(groups: FrameGroups, keyword: str) -> float | None:
    """A length in mm; None where it is missing or 0. Some scanners give a spacing its sign, which says nothing."""
    return abs(optional_number(groups.holding(keyword), keyword) or 0.0) or None


def _segment(dataset: Dataset, groups: FrameGroups, label: str) -> int:
    """The segment of a frame, or else the only one that there is."""
    place = groups.holding("ReferencedSegmentNumber")
    described = items(dataset, "SegmentSequence")
    if "ReferencedSegmentNumber" not in place and len(described) == 1:
        return size(described[0], "SegmentNumber", label=label)
    number = size(place, "ReferencedSegmentNumber", label=label)
    if number > HIGHEST_SEGMENT:
        raise InputError.about(label, f"segment {number} is above {HIGHEST_SEGMENT}; number the segments from 1")
    return number


def _refuse_differing(frames: tuple[SegmentFrame, ...], label: str) -> None:
    orientations = np.array([frame.orientation for frame in frames])
    spacings = np.array([frame.spacing for frame in frames])
    if np.abs(orientations - orientations[0]).max() > ORIENTATION:
        keyword = "ImageOrientationPatient"
    elif np.abs(spacings / spacings[0] - 1).max() > ORIENTATION:
        keyword = "PixelSpacing"
    else:
        return
    raise InputError.about(
        label, f"its frames differ in {named(keyword)}, and lie on no one grid; save each volume as one segmentation"
    )
