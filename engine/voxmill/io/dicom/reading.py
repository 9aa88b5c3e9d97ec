"""Files and folders of DICOM → Volume."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydicom.dataset import Dataset

from voxmill.acquired import Acquired
from voxmill.errors import InputError, several
from voxmill.io.dicom.discovery import Failure
from voxmill.io.dicom.frames import Frame, frames_of
from voxmill.io.dicom.gaps import filled
from voxmill.io.dicom.geometry import Stack, stack_of
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.matching import image_record
from voxmill.io.dicom.pet import suv_of
from voxmill.io.dicom.pixels import read_voxels, require_same_values
from voxmill.io.dicom.series import Series, choose, survey
from voxmill.io.dicom.tags import named, text
from voxmill.io.files import DICOM_SUFFIXES, name_of
from voxmill.quiet import quiet
from voxmill.suv import Suv
from voxmill.volume import Volume

ONE_IN_A_SERIES = ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "Modality", "RescaleType")
ONE_IN_PET = ("Units", "DecayCorrection", "PatientWeight")
"""What all files of a series have in common: a volume of two patients, or of two quantities, is none."""


def read_dicom(path: Path, *, series: str | int | None = None, allow_gaps: bool = False) -> Volume:
    """The image in a DICOM file, or in a folder that holds one series of images, or the one that `series` names.

    `series` is a UID, a number, or a pattern of descriptions. Its name is that of the file or folder. Raises
    InputError as read_series does, and where the folder holds none or several, listing them.
    """
    found = survey(path)
    name = _name(path)
    try:
        is_one = series is None and not path.is_dir()
        chosen = found.series[0] if is_one else choose(found.series, series, label=name)
    except InputError as error:
        raise error.saying(f"{error}{_failed(found.failures, start='; ')}") from None
    volume = read_series(chosen, name=name, allow_gaps=allow_gaps)
    notes = (*volume.notes, *([_failed(found.failures)] if found.failures else []))
    return volume.renamed(name, notes=notes)


def read_series(series: Series, *, name: str | None = None, allow_gaps: bool = False) -> Volume:
    """The volume of a series: values as float32 or whole numbers (see pixels.read_voxels), on its full grid.

    `name` is that of its first file unless given. With `allow_gaps`, missing slices and uneven steps are made up for by
    linear interpolation along the normal, and a note says which slices. PET has its SUV factor beside its values.
    Raises InputError, in one sentence, for all that is not one volume of regular slices (see geometry.stack_of).
    """
    with quiet():
        return _volume(series, name or series.files[0].name, allow_gaps=allow_gaps)


def _volume(series: Series, called: str, *, allow_gaps: bool) -> Volume:
    headers = [read_header(file) for file in series.files]
    _refuse_mixed([header.dataset for header in headers], series.modality, called)
    frames = [frame for header in headers for frame in frames_of(header)]
    stack = stack_of(frames, name=called, allow_gaps=allow_gaps)
    require_same_values(stack.copies)
    values = read_voxels(stack, modality=series.modality)
    if not _is_regular(stack):
        values = filled(values, stack.places, stack.grid.shape[0])
    suv = _uptake(headers, stack) if series.modality == "PT" else None
    notes, whose = (*stack.notes, *_meaning(frames)), _acquired([header.dataset for header in headers])
    return Volume(values, stack.grid, name=called, notes=notes, suv=suv, acquired=whose)


def _acquired(headers: Sequence[Dataset]) -> Acquired:
    found = image_record(headers, name="")
    return Acquired(found.patient, found.series, found.frame_of_reference, found.instances)


def _uptake(headers: Sequence[Header], stack: Stack) -> Suv:
    """The factor of PET, and the slopes and intercepts that its values came about by."""
    slopes = tuple(frame.slope for frame in stack.frames)
    intercepts = tuple(frame.intercept for frame in stack.frames)
    return replace(
        suv_of([header.dataset for header in headers]),
        slopes=_one_if_alike(slopes),
        intercepts=_one_if_alike(intercepts),
    )


def _one_if_alike(numbers: tuple[float, ...]) -> tuple[float, ...]:
    return numbers[:1] if len(set(numbers)) == 1 else numbers


def stack_of_series(series: Series, *, allow_gaps: bool = False) -> Stack:
    """Where the slices of a series lie, without reading a voxel: frames in order with their SOPInstanceUIDs."""
    frames = [frame for file in series.files for frame in frames_of(read_header(file))]
    return stack_of(frames, name=series.files[0].name, allow_gaps=allow_gaps)


def _refuse_mixed(headers: Sequence[Dataset], modality: str, name: str) -> None:
    """Refuse files that say that they are one series, and are not of one patient, study, place or quantity."""
    for keyword in (*ONE_IN_A_SERIES, *(ONE_IN_PET if modality == "PT" else ())):
        kinds = Counter(text(header, keyword) for header in headers)
        if len(kinds) > 1:
            counts = " and ".join(str(count) for _, count in kinds.most_common(3))
            raise InputError.about(
                name,
                f"its files have one series UID and differ in {named(keyword)} ({counts} of them are alike); "
                "export the series again",
            )


def _name(path: Path) -> str:
    """The name of a file without the suffix that DICOM files have, if any; of a folder as it is."""
    return path.stem if path.suffix.lower() in DICOM_SUFFIXES else name_of(path)


def _is_regular(stack: Stack) -> bool:
    return stack.is_whole and bool((stack.places == range(len(stack.frames))).all())


def _meaning(frames: Sequence[Frame]) -> tuple[str, ...]:
    if any(frame.voxels.inverted for frame in frames):
        return (
            f"{named('PhotometricInterpretation')} is MONOCHROME1: large values are dark; they were left as they are",
        )
    return ()


def _failed(failures: Sequence[Failure], *, start: str = "") -> str:
    if not failures:
        return ""
    listed = several([failure.reason for failure in failures])
    return f"{start}{len(failures)} of the files beside it could not be read: {listed}"
