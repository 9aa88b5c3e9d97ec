"""Frames: where each slice of a file lies and what its values mean, the same for files of one frame and of many.

Source: DICOM PS3.3 C.7.6.2 (image plane), C.7.6.16 (functional groups), C.11.1 (modality LUT).
"""

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from voxmill.errors import InputError, counted
from voxmill.io.dicom.functional_groups import FrameGroups, groups_of
from voxmill.io.dicom.headers import Header
from voxmill.io.dicom.sop_classes import IMAGES, NEEDS_RESCALE, Layout, class_name
from voxmill.io.dicom.tags import named, number, numbers, optional_number, text
from voxmill.io.dicom.voxels import Voxels, voxels_of


@dataclass(frozen=True)
class Frame:
    """A slice: where it is stored, where it lies, what its values mean.

    header: of its file. index: of the frame in it, from 0. position: of the centre of the first voxel, x, y, z in mm
    (LPS). orientation: unit vectors along rows and along columns. spacing: between rows, between columns, in mm.
    depth: how far the next slice should be, in mm, as far as the header says so. slope, intercept: stored value to
    value.
    """

    header: Header
    index: int
    instance_uid: str
    voxels: Voxels
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    depth: float | None
    slope: float
    intercept: float

    @property
    def path(self) -> Path:
        """Its file."""
        return self.header.path

    def __str__(self) -> str:
        return self.path.name if self.index == 0 else f"{self.path.name}, frame {self.index + 1}"


def is_localizer(dataset: Dataset) -> bool:
    """Whether an image was made to plan others on."""
    return "LOCALIZER" in text(dataset, "ImageType").upper().split("\\")


def frames_of(header: Header) -> tuple[Frame, ...]:
    """The frames of a file, in its order; InputError for what is no image, or has no place in space."""
    dataset, label = header.dataset, header.path.name
    sop_class = text(dataset, "SOPClassUID")
    layout = IMAGES.get(sop_class)
    if layout is None:
        raise InputError.about(
            label, "this is no image of CT, MR or PET", f" but {class_name(sop_class)}", "; give the images"
        )
    voxels = voxels_of(header)
    if is_localizer(dataset):
        raise InputError.about(
            label, "this is a localizer, not a slice of a volume; give the series that was planned on it"
        )
    groups = [FrameGroups((dataset,))] * voxels.frames if layout is Layout.SINGLE else _functional(dataset, label)
    if layout is Layout.SINGLE and voxels.frames > 1:
        raise InputError.about(
            label, f"{voxels.frames} frames, and no place for each; export it as enhanced or single images"
        )
    if len(groups) != voxels.frames:
        raise InputError.about(
            label,
            f"{named('PerFrameFunctionalGroupsSequence')} describes {counted(len(groups), 'frame')}, "
            f"{named('NumberOfFrames')} is {voxels.frames}; export it again",
        )
    return tuple(_frame(header, voxels, group, index) for index, group in enumerate(groups))


def _functional(dataset: Dataset, label: str) -> list[FrameGroups]:
    groups = list(groups_of(dataset))
    if not groups:
        raise InputError.about(label, f"{named('PerFrameFunctionalGroupsSequence')} is missing; export it again")
    return groups


def _frame(header: Header, voxels: Voxels, groups: FrameGroups, index: int) -> Frame:
    label = header.path.name if index == 0 else f"{header.path.name}, frame {index + 1}"
    spacing = numbers(groups.holding("PixelSpacing"), "PixelSpacing", 2, label=label)
    if min(spacing) <= 0:
        raise InputError.about(label, f"{named('PixelSpacing')} must be above 0; found {spacing}; correct the header")
    slope, intercept = _rescale(header.dataset, groups, label)
    return Frame(
        header=header,
        index=index,
        instance_uid=text(header.dataset, "SOPInstanceUID"),
        voxels=voxels,
        position=numbers(groups.holding("ImagePositionPatient"), "ImagePositionPatient", 3, label=label),
        orientation=numbers(groups.holding("ImageOrientationPatient"), "ImageOrientationPatient", 6, label=label),
        spacing=spacing,
        depth=_depth(groups),
        slope=slope,
        intercept=intercept,
    )


def _depth(groups: FrameGroups) -> float | None:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        found = optional_number(groups.holding(keyword), keyword)
        if found is not None and found > 0:
            return found
    return None


def _rescale(dataset: Dataset, groups: FrameGroups, label: str) -> tuple[float, float]:
    """Slope and intercept; 1 and 0 where a kind of image need not have them and has none."""
    place = groups.holding("RescaleSlope")
    if "ModalityLUTSequence" in dataset:
        raise InputError.about(label, f"its values are given by {named('ModalityLUTSequence')}, which cannot be read")
    is_there = "RescaleSlope" in place or "RescaleIntercept" in place
    if not is_there and text(dataset, "SOPClassUID") not in NEEDS_RESCALE:
        return 1.0, 0.0
    slope, intercept = (number(place, keyword, label=label) for keyword in ("RescaleSlope", "RescaleIntercept"))
    if slope == 0:
        raise InputError.about(label, f"{named('RescaleSlope')} is 0: all its values would be one; export it again")
    return slope, intercept
