"""DICOM files made by hand with pydicom, attribute by attribute, sound or broken as a test needs them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

CLASSES = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
}
ENHANCED = {"CT": EnhancedCTImageStorage, "MR": EnhancedMRImageStorage}
Axes = tuple[tuple[float, ...], ...]
"""Unit vectors along rows and along columns, x, y, z (LPS)."""
AXIAL: Axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
CORONAL: Axes = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
SAGITTAL: Axes = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
SPACING = (0.75, 0.5)
"""Between rows, between columns, in mm."""
Change = Callable[[int, Dataset], None]


def uid(*parts: object) -> UID:
    """The same UID for the same parts."""
    return generate_uid(entropy_srcs=[str(part) for part in parts])


def stored(slices: int = 5, rows: int = 33, columns: int = 34) -> NDArray[np.int16]:
    """Stored values, z, y, x, no two slices alike: 12 bits, as of a CT."""
    random = np.random.default_rng(slices * 1000 + rows * 10 + columns)
    return random.integers(0, 4096, (slices, rows, columns)).astype(np.int16)


def positions(
    steps: Sequence[float], axes: Sequence[Sequence[float]] = AXIAL, start: Sequence[float] = (-20.5, 10.25, 30.0)
) -> list[list[float]]:
    """Where slices lie so far along the normal from a start, x, y, z in mm."""
    normal = np.cross(axes[0], axes[1])
    return [(np.array(start) + step * normal).tolist() for step in steps]


def write_series(
    folder: Path,
    pixels: NDArray[Any] | None = None,
    *,
    modality: str = "CT",
    places: Sequence[Sequence[float]] | None = None,
    axes: Sequence[Sequence[float]] = AXIAL,
    syntax: UID = ExplicitVRLittleEndian,
    attributes: Mapping[str, object] | None = None,
    change: Change | None = None,
    name: str = "a",
) -> list[Path]:
    """The files of a series, one to a slice, in an order that is not that of their names.

    `attributes` replace those of every slice (None removes one), `change` is called with each slice's number and
    dataset before it is encoded. `name` sets apart the UIDs of several series.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pixels = stored() if pixels is None else pixels
    places = positions([3.0 * at for at in range(len(pixels))], axes) if places is None else places
    paths = []
    for at, (plane, place) in enumerate(zip(pixels, places, strict=True)):
        dataset = slice_dataset(plane, place, axes, modality, at, name)
        update(dataset, attributes or {})
        if change is not None:
            change(at, dataset)
        paths.append(folder / f"{name}{len(pixels) - at:03d}")
        save(dataset, paths[-1], syntax)
    return paths


def update(dataset: Dataset, attributes: Mapping[str, object]) -> None:
    """Set attributes by their keywords; None removes one."""
    for keyword, value in attributes.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def save(dataset: Dataset, path: Path, syntax: UID) -> Path:
    """Encode a dataset whose pixel data are little-endian as a transfer syntax says, and write it."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", CTImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", uid(path.name))
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax.is_compressed and syntax.is_encapsulated:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, f"<u{dataset.BitsAllocated // 8}").byteswap().tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def slice_dataset(
    plane: NDArray[Any],
    place: Sequence[float],
    axes: Sequence[Sequence[float]] = AXIAL,
    modality: str = "CT",
    number: int = 0,
    name: str = "a",
) -> Dataset:
    """A slice with all that its kind of image must have."""
    dataset = common(modality, name)
    dataset.SOPClassUID = CLASSES[modality]
    dataset.SOPInstanceUID = uid(name, number)
    dataset.InstanceNumber = number + 1
    dataset.ImagePositionPatient = [format_number_as_ds(float(one)) for one in place]
    dataset.ImageOrientationPatient = [format_number_as_ds(float(one)) for axis in axes for one in axis]
    dataset.PixelSpacing = list(SPACING)
    dataset.SliceThickness = 3
    add_pixels(dataset, plane)
    update(dataset, OF_MODALITY[modality])
    return dataset


def common(modality: str, name: str) -> Dataset:
    """The attributes of patient, study, series and equipment."""
    dataset = Dataset()
    update(
        dataset,
        {
            "PatientName": "Doe^Jane",
            "PatientID": "P1",
            "PatientBirthDate": "19600101",
            "PatientSex": "F",
            "StudyInstanceUID": uid("study"),
            "StudyDate": "20260102",
            "StudyTime": "080000",
            "StudyID": "1",
            "AccessionNumber": "",
            "Laterality": "",
            "ReferringPhysicianName": "",
            "SeriesInstanceUID": uid("series", name),
            "SeriesNumber": 3,
            "SeriesDescription": f"series {name}",
            "Modality": modality,
            "FrameOfReferenceUID": uid("frame"),
            "PositionReferenceIndicator": "",
            "Manufacturer": "Voxmill",
            "PatientPosition": "HFS",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "AcquisitionNumber": 1,
            "PixelRepresentation": 1,
        },
    )
    return dataset


def add_pixels(dataset: Dataset, pixels: NDArray[Any]) -> None:
    """The pixels of a slice or of several frames, and what describes them."""
    update(
        dataset,
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": pixels.shape[-2],
            "Columns": pixels.shape[-1],
            "BitsAllocated": pixels.dtype.itemsize * 8,
            "BitsStored": pixels.dtype.itemsize * 8,
            "HighBit": pixels.dtype.itemsize * 8 - 1,
            "PixelRepresentation": int(pixels.dtype.kind == "i"),
        },
    )
    dataset.add_new(0x7FE00010, "OW", pixels.astype(pixels.dtype.newbyteorder("<")).tobytes())


def _isotope() -> Dataset:
    item = Dataset()
    item.Radiopharmaceutical = "FDG"
    item.RadiopharmaceuticalStartTime = "080000"
    item.RadiopharmaceuticalStartDateTime = "20260102080000"
    item.RadionuclideTotalDose = 370_000_000
    item.RadionuclideHalfLife = 6586.2
    item.RadionuclidePositronFraction = 0.97
    item.RadionuclideCodeSequence = []
    return item


OF_MODALITY: Mapping[str, Mapping[str, object]] = {
    "CT": {"RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU", "KVP": 120},
    "MR": {
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "EchoTime": 10,
        "RepetitionTime": 500,
        "EchoTrainLength": 1,
        "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    },
    "PT": {
        "RescaleSlope": 1.5,
        "RescaleIntercept": 0,
        "Units": "BQML",
        "CountsSource": "EMISSION",
        "SeriesType": ["STATIC", "IMAGE"],
        "NumberOfSlices": 5,
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "DecayFactor": 1.01,
        "CollimatorType": "NONE",
        "PatientWeight": 70,
        "SeriesDate": "20260102",
        "SeriesTime": "090000",
        "AcquisitionDate": "20260102",
        "AcquisitionTime": "090000",
        "FrameReferenceTime": 60_000,
        "ActualFrameDuration": 120_000,
        "ImageIndex": 1,
        "PatientOrientationCodeSequence": [],
        "PatientGantryRelationshipCodeSequence": [],
        "PatientPosition": None,
        "ImageType": ["ORIGINAL", "PRIMARY"],
    },
}


def write_pet(
    folder: Path,
    attributes: Mapping[str, object] | None = None,
    isotope: Mapping[str, object] | None = None,
    *,
    change: Change | None = None,
) -> list[Path]:
    """A PET series whose slopes differ from slice to slice: 1.5, 1.75, 2 …; `isotope` changes the sequence's item."""

    def whole(at: int, dataset: Dataset) -> None:
        item = _isotope()
        update(item, isotope or {})
        dataset.RadiopharmaceuticalInformationSequence = [item]
        dataset.RescaleSlope = 1.5 + 0.25 * at
        update(dataset, attributes or {})
        if change is not None:
            change(at, dataset)

    return write_series(folder, modality="PT", change=whole)


def enhanced(
    pixels: NDArray[Any],
    places: Sequence[Sequence[float]],
    *,
    modality: str = "CT",
    axes: Sequence[Sequence[float]] = AXIAL,
) -> Dataset:
    """A multi-frame image: the place of each frame in its functional groups, all else shared."""
    dataset = common(modality, "enhanced")
    dataset.SOPClassUID = ENHANCED[modality]
    dataset.SOPInstanceUID = uid("enhanced")
    dataset.InstanceNumber = 1
    add_pixels(dataset, pixels)
    dataset.NumberOfFrames = len(pixels)
    shared, measures, orientation, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = list(SPACING), 3
    orientation.ImageOrientationPatient = [format_number_as_ds(float(one)) for axis in axes for one in axis]
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 1, -1024, "HU"
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    shared.PixelValueTransformationSequence = [values]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [_frame(place) for place in places]
    return dataset


def _frame(place: Sequence[float]) -> Dataset:
    frame, position = Dataset(), Dataset()
    position.ImagePositionPatient = [format_number_as_ds(float(one)) for one in place]
    frame.PlanePositionSequence = [position]
    return frame
