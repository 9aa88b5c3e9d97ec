"""Which mask belongs to which image, from headers alone: by what a mask refers to, never by guessing.

Source: DICOM PS3.3 C.7.6.16.1.1 and C.12.1.1.2 (ReferencedSeriesSequence), C.8.8.5 (referenced frame of reference, RT
referenced series), C.7.4.1 (frame of reference), C.8.20.2 and C.7.6.16.2.1 (source images).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pydicom.dataset import Dataset

from voxmill.errors import UnrelatedError, several
from voxmill.io.dicom.tags import items, text

ELSEWHERE = (
    "the mask lies in another frame of reference than its image (FrameOfReferenceUID), or refers to another series; "
    "check that it was drawn on it"
)


class Basis(Enum):
    """What a mask was paired with its image by; the earlier ones go first."""

    SERIES = "the series that it refers to"
    INSTANCES = "the slices that it refers to"
    FRAME_OF_REFERENCE = "the only image in its frame of reference"


@dataclass(frozen=True)
class References:
    """What a mask refers to, as sets of UIDs: series, slices (SOP instances), frames of reference; any may be empty."""

    series: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()
    frames_of_reference: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ImageRecord:
    """An image series, as far as matching asks; empty text where its headers do not say.

    `name` is what sentences call it. `instances` are the SOPInstanceUIDs of its files; without them a mask that refers
    to slices alone is not matched by them.
    """

    name: str
    series: str
    frame_of_reference: str = ""
    patient: str = ""
    instances: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MaskRecord:
    """A mask, as far as matching asks; `name` is what sentences call it."""

    name: str
    references: References
    patient: str = ""


@dataclass(frozen=True)
class Pair:
    """A mask and an image that it was drawn on."""

    mask: MaskRecord
    image: ImageRecord
    basis: Basis


@dataclass(frozen=True)
class Unmatched:
    """A mask that has no image, or not `image`, which it refers to, and why, in a sentence."""

    mask: MaskRecord
    reason: str
    image: ImageRecord | None = None


@dataclass(frozen=True)
class Matching:
    """All pairs, in the order of the masks, and what could not be paired."""

    pairs: tuple[Pair, ...]
    unmatched: tuple[Unmatched, ...]


def references(header: Dataset) -> References:
    """What the header of a SEG or RTSTRUCT refers to."""
    series = [one for place in _series_places(header) for one in place]
    own = text(header, "FrameOfReferenceUID")
    frames = [text(one, "FrameOfReferenceUID") for one in items(header, "ReferencedFrameOfReferenceSequence")]
    regions = items(header, "StructureSetROISequence")
    frames += [text(one, "ReferencedFrameOfReferenceUID") for one in regions]
    return References(
        series=_filled(text(one, "SeriesInstanceUID") for one in series),
        instances=_filled(text(one, "ReferencedSOPInstanceUID") for one in _instances(header, series)),
        frames_of_reference=_filled([own] if own and not any(frames) else frames),
    )


def mask_record(header: Dataset, *, name: str) -> MaskRecord:
    """The record of a mask, from its header."""
    return MaskRecord(name, references(header), text(header, "PatientID"))


def image_record(headers: Sequence[Dataset], *, name: str) -> ImageRecord:
    """The record of an image series, from the headers of its files, one or more; all but the slices from the first."""
    first = headers[0]
    return ImageRecord(
        name=name,
        series=text(first, "SeriesInstanceUID"),
        frame_of_reference=text(first, "FrameOfReferenceUID"),
        patient=text(first, "PatientID"),
        instances=_filled(text(header, "SOPInstanceUID") for header in headers),
    )


def match(masks: Iterable[MaskRecord], images: Sequence[ImageRecord]) -> Matching:
    """Pair every mask with the images that it refers to: several where it refers to several.

    By series; without one, by slices; without these, by the frame of reference, where one image alone has it. A mask
    that names a series which is not there is not paired with another one. An image of another patient, or in another
    frame of reference than the mask says, is never paired; a mask may be paired with one image, and unmatched for
    another.
    """
    pairs: list[Pair] = []
    unmatched: list[Unmatched] = []
    for mask in masks:
        candidates, basis, reason = _candidates(mask, images)
        if reason:
            unmatched.append(Unmatched(mask, reason))
        for image in candidates:
            fault = _fault(mask, image)
            if fault:
                unmatched.append(Unmatched(mask, fault, image))
            else:
                pairs.append(Pair(mask, image, basis))
    return Matching(tuple(pairs), tuple(unmatched))


def relation_notes(mask: MaskRecord, image: ImageRecord) -> tuple[str, ...]:
    """What to know of a mask that somebody gave for an image: that headers say something else.

    Raises UnrelatedError where it is of another patient, and refers to nothing of the image. What is said names neither
    patient nor series.
    """
    named, is_another = mask.references, _another_patient(mask, image)
    is_drawn_on = image.series in named.series or bool(image.instances & named.instances)
    shares_frame = image.frame_of_reference in named.frames_of_reference
    if is_another and not (is_drawn_on or shares_frame):
        raise UnrelatedError(
            f"{mask.name}: it is of another patient than the image (PatientID), and refers neither to its series nor "
            "to its frame of reference; give the mask that was drawn on this image, or correct its header"
        )
    if is_another:
        return ("the mask is of another patient than its image (PatientID); check where both are from",)
    is_elsewhere = bool(image.frame_of_reference and named.frames_of_reference) and not shares_frame
    if is_elsewhere or not (is_drawn_on or shares_frame or named == References()):
        return (ELSEWHERE,)
    return ()


def _series_places(header: Dataset) -> Iterator[list[Dataset]]:
    """Wherever series are named: by a SEG in its common instance references, by an RTSTRUCT per frame of reference."""
    yield items(header, "ReferencedSeriesSequence")
    for study in items(header, "StudiesContainingOtherReferencedInstancesSequence"):
        yield items(study, "ReferencedSeriesSequence")
    for frame in items(header, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            yield items(study, "RTReferencedSeriesSequence")


def _instances(header: Dataset, series: Iterable[Dataset]) -> Iterator[Dataset]:
    """Wherever slices are named: in a series, as sources of a frame, or beside a contour."""
    for one in series:
        yield from items(one, "ReferencedInstanceSequence")
        yield from items(one, "ContourImageSequence")
    groups = [*items(header, "SharedFunctionalGroupsSequence"), *items(header, "PerFrameFunctionalGroupsSequence")]
    for group in groups:
        for derivation in items(group, "DerivationImageSequence"):
            yield from items(derivation, "SourceImageSequence")
    yield from items(header, "SourceImageSequence")
    for region in items(header, "ROIContourSequence"):
        for contour in items(region, "ContourSequence"):
            yield from items(contour, "ContourImageSequence")


def _filled(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(one for one in texts if one)


def _candidates(mask: MaskRecord, images: Sequence[ImageRecord]) -> tuple[list[ImageRecord], Basis, str]:
    """The images that a mask refers to, how, and what is wrong where some are not there or none are."""
    named = mask.references
    if named.series:
        found = [image for image in images if image.series in named.series]
        missing = len(named.series - {image.series for image in found})
        return found, Basis.SERIES, _missing(mask, images, missing, len(found))
    found = [image for image in images if image.instances & named.instances]
    if found:
        return found, Basis.INSTANCES, ""
    if named.instances and any(image.instances for image in images):
        return [], Basis.INSTANCES, f"{mask.name}: the slices that it refers to are not there; give their series"
    found = _sharing(mask, images)
    if len(found) == 1:
        return found, Basis.FRAME_OF_REFERENCE, ""
    return [], Basis.FRAME_OF_REFERENCE, _unclear(mask, found)


def _sharing(mask: MaskRecord, images: Sequence[ImageRecord]) -> list[ImageRecord]:
    frames = mask.references.frames_of_reference
    return [image for image in images if image.frame_of_reference in frames and not _another_patient(mask, image)]


def _missing(mask: MaskRecord, images: Sequence[ImageRecord], missing: int, found: int) -> str:
    if not missing:
        return ""
    if found:
        are, them = ("is", "it") if missing == 1 else ("are", "them")
        return f"{mask.name}: {missing} of the series that it refers to {are} not there; give {them} too"
    others = _sharing(mask, images)
    hint = f"; in its frame of reference there are: {_listed(others)}" if others else ""
    return (
        f"{mask.name}: the series that it refers to is not there{hint}; give that series, or say which image is meant"
    )


def _unclear(mask: MaskRecord, found: Sequence[ImageRecord]) -> str:
    if found:
        return (
            f"{mask.name}: it refers to no series, and {len(found)} images are in its frame of reference "
            f"({_listed(found)}); say which is meant"
        )
    if mask.references == References():
        return f"{mask.name}: it refers to nothing, so its image is not known; say which is meant"
    return f"{mask.name}: no image is in its frame of reference; give the series that it was drawn on"


def _fault(mask: MaskRecord, image: ImageRecord) -> str:
    """Why an image cannot be the mask's, although the mask refers to it."""
    if _another_patient(mask, image):
        return f"{mask.name}: it refers to {image.name}, of another patient (PatientID); check where both are from"
    frames = mask.references.frames_of_reference
    if frames and image.frame_of_reference and image.frame_of_reference not in frames:
        return (
            f"{mask.name}: it refers to {image.name}, but lies in another frame of reference (FrameOfReferenceUID); "
            "check where both are from"
        )
    return ""


def _another_patient(mask: MaskRecord, image: ImageRecord) -> bool:
    return bool(mask.patient and image.patient and mask.patient != image.patient)


def _listed(images: Sequence[ImageRecord]) -> str:
    return several([image.name for image in images], separator=", ")
