"""DICOM masks: segmentations written with highdicom, structure sets with pydicom, and the series that they lie on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from highdicom.seg import Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, AllTransferSyntaxes, ExplicitVRLittleEndian, RTStructureSetStorage
from pydicom.valuerep import format_number_as_ds

from dicom_files import AXIAL, SPACING, Axes, positions, stored, uid, write_series
from voxmill.grid import Grid
from voxmill.volume import Volume

STEP = 3.0
OBLIQUE: Axes = ((0.96, 0.28, 0.0), (-0.168, 0.576, 0.8))
"""Unit vectors at right angles, in decimals that a header holds exactly."""
Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Series:
    """A series as written: its headers in the order of its slices, and its image, made by hand."""

    headers: list[Dataset]
    image: Volume

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""
        return self.image.grid


def write_scan(
    folder: Path,
    shape: tuple[int, int, int] = (5, 33, 34),
    axes: Axes = AXIAL,
    *,
    steps: Sequence[float] | None = None,
    aside: float = 0.0,
    attributes: Mapping[str, object] | None = None,
) -> Series:
    """A series of CT slices 3 mm apart, or so far along the normal, each `aside` mm down its columns (a tilt)."""
    along = np.array([STEP * at for at in range(shape[0])] if steps is None else steps)
    places = (np.array(positions(along.tolist(), axes)) + np.outer(along / STEP, np.multiply(axes[1], aside))).tolist()
    paths = write_series(
        folder, stored(*shape), places=places, axes=axes, attributes={"SliceThickness": STEP, **(attributes or {})}
    )
    step = STEP * np.cross(axes[0], axes[1]) + np.multiply(axes[1], aside)
    depth = float(np.linalg.norm(step))
    direction = np.stack([*axes, step / depth], axis=1)
    grid = Grid.from_spacing(shape, (SPACING[1], SPACING[0], depth), origin=places[0], direction=direction)
    return Series([dcmread(path) for path in paths], Volume(stored(*shape), grid, name="scan"))


def ball(shape: tuple[int, int, int], centre: Sequence[float], radius: float) -> NDArray[np.bool_]:
    """The voxels nearer than `radius` voxels to a place z, y, x, slices counted threefold."""
    z, y, x = np.indices(shape)
    way = 3 * (z - centre[0]), y - centre[1], x - centre[2]
    inside: NDArray[np.bool_] = np.hypot(np.hypot(way[0], way[1]), way[2]) < radius
    return inside


def segments(shape: tuple[int, int, int] = (5, 33, 34)) -> NDArray[np.bool_]:
    """Three segments, (segments, z, y, x): an organ with a hole, a lesion that overlaps it, and another apart."""
    organ = ball(shape, (2, 14, 15), 8) & ~ball(shape, (2, 14, 15), 3)
    return np.stack([organ, ball(shape, (2, 14, 21), 5), ball(shape, (3, 26, 6), 4)])


def described(number: int, name: str) -> SegmentDescription:
    """A segment with all that its description must have."""
    return SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )


def write_segmentation(
    path: Path,
    series: Series,
    pixels: NDArray[Any],
    *,
    kind: str = "BINARY",
    names: Sequence[str] = ("organ", "lesion", "other"),
    syntax: str = ExplicitVRLittleEndian,
    omit_empty: bool = True,
) -> Path:
    """A segmentation of a series by highdicom; pixels: (segments, z, y, x), or (z, y, x) of labels for a label map."""
    segmentation = Segmentation(
        source_images=series.headers,
        pixel_array=pixels if kind == "LABELMAP" else np.moveaxis(pixels, 0, -1),
        segmentation_type=kind,
        segment_descriptions=[described(number, name) for number, name in enumerate(names, 1)],
        series_instance_uid=uid("mask series", path.name),
        series_number=7,
        sop_instance_uid=uid("mask", path.name),
        instance_number=1,
        manufacturer="Voxmill",
        manufacturer_model_name="tests",
        software_versions="1",
        device_serial_number="1",
        transfer_syntax_uid=syntax,
        omit_empty_frames=omit_empty,
    )
    segmentation.save_as(path)
    return path


def rewritten(path: Path, dataset: Dataset, syntax: UID | None = None) -> Path:
    """A dataset written again, as another transfer syntax says; its pixel data are encoded so already."""
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    fresh = Dataset()
    fresh.update({element.tag: element for element in dataset})
    fresh.file_meta = dataset.file_meta
    fresh.preamble = bytes(128)
    known = syntax if syntax in AllTransferSyntaxes else ExplicitVRLittleEndian
    is_known = syntax is None or known == syntax
    dcmwrite(
        path,
        fresh,
        implicit_vr=known.is_implicit_VR,
        little_endian=known.is_little_endian,
        enforce_file_format=is_known,
        force_encoding=not is_known,
    )
    return path


@dataclass(frozen=True)
class Drawn:
    """A region to be written: its number, its name, its contours as points x, y, z in mm, and their kinds."""

    number: int
    name: str
    contours: Sequence[NDArray[np.float64]]
    kinds: Sequence[str] = field(default=())


def structure_set(series: Series, regions: Sequence[Drawn]) -> Dataset:
    """A structure set that refers to a series, with all that it must have."""
    first = series.headers[0]
    dataset = Dataset()
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime",
        "StudyID", "AccessionNumber", "ReferringPhysicianName", "FrameOfReferenceUID", "PositionReferenceIndicator",
    ):  # fmt: skip
        setattr(dataset, keyword, first.get(keyword))
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = uid("structures")
    dataset.SeriesInstanceUID = uid("structure series")
    dataset.SeriesNumber, dataset.Modality, dataset.InstanceNumber = 8, "RTSTRUCT", 1
    dataset.Manufacturer, dataset.OperatorsName = "Voxmill", ""
    dataset.StructureSetLabel, dataset.StructureSetDate, dataset.StructureSetTime = "drawn", "20260103", "090000"
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.ReferencedFrameOfReferenceSequence = [_referenced(series)]
    dataset.StructureSetROISequence = [_region(one, first.FrameOfReferenceUID) for one in regions]
    dataset.ROIContourSequence = [_contours(one) for one in regions]
    dataset.RTROIObservationsSequence = [_observation(one) for one in regions]
    return dataset


def write_structure_set(path: Path, series: Series, regions: Sequence[Drawn]) -> Path:
    """A structure set as a file."""
    return save_structures(path, structure_set(series, regions))


def save_structures(path: Path, dataset: Dataset) -> Path:
    """Write a dataset of a structure set."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def _referenced(series: Series) -> Dataset:
    first = series.headers[0]
    frame, study, of_series = Dataset(), Dataset(), Dataset()
    frame.FrameOfReferenceUID = first.get("FrameOfReferenceUID", uid("frame"))
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = first.StudyInstanceUID
    of_series.SeriesInstanceUID = first.SeriesInstanceUID
    of_series.ContourImageSequence = []
    for header in series.headers:
        image = Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
        of_series.ContourImageSequence.append(image)
    study.RTReferencedSeriesSequence = [of_series]
    frame.RTReferencedStudySequence = [study]
    return frame


def _region(region: Drawn, frame_of_reference: str) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName = region.number, region.name
    item.ReferencedFrameOfReferenceUID = frame_of_reference
    item.ROIGenerationAlgorithm = "MANUAL"
    return item


def _contours(region: Drawn) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber, item.ROIDisplayColor = region.number, [255, 0, 0]
    kinds = region.kinds or ["CLOSED_PLANAR"] * len(region.contours)
    parsed = []
    for points, kind in zip(region.contours, kinds, strict=True):
        contour = Dataset()
        contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
        contour.ContourData = [format_number_as_ds(float(one)) for one in np.ravel(points)]
        parsed.append(contour)
    if parsed:
        item.ContourSequence = parsed
    return item


def _observation(region: Drawn) -> Dataset:
    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = region.number
    item.RTROIInterpretedType, item.ROIInterpreter = "GTV", ""
    return item


def outline(grid: Grid, slice_: float, corners: Points) -> NDArray[np.float64]:
    """A contour with corners at rows and columns of a slice of a grid, as points x, y, z in mm."""
    return grid.points([(slice_, row, column) for row, column in corners])


def pixel_outlines(grid: Grid, inside: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Contours around every run of voxels along x of a region: their faces, so that the centres are well inside."""
    drawn = []
    for z, y, x in np.argwhere(inside & ~np.roll(inside, 1, axis=2)):
        stop = x + int(np.argmin(np.append(inside[z, y, x:], False)))
        drawn.append(
            outline(grid, z, [(y - 0.5, x - 0.5), (y - 0.5, stop - 0.5), (y + 0.5, stop - 0.5), (y + 0.5, x - 0.5)])
        )
    return drawn
