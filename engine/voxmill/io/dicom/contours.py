"""The regions of a structure set (RTSTRUCT): their numbers, names and contours, as the file holds them.

Source: DICOM PS3.3 C.8.8.5 (structure set), C.8.8.6 (ROI contour).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from voxmill.errors import InputError
from voxmill.io.dicom.headers import Header
from voxmill.io.dicom.segment_frames import FARTHEST_MM
from voxmill.io.dicom.tags import items, named, optional_number, text

CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
"""The kinds of contours that enclose something; the others are points and open lines."""


@dataclass(frozen=True, eq=False)
class Contour:
    """A contour: points (n, 3), x, y, z in mm (LPS), and its kind (ContourGeometricType)."""

    points: NDArray[np.float64]
    kind: str

    @property
    def encloses(self) -> bool:
        """Whether it is closed, of three points or more."""
        return self.kind in CLOSED and len(self.points) >= 3


@dataclass(frozen=True, eq=False)
class DrawnRegion:
    """A region: its number (ROINumber), its name (ROIName), which may be empty, and its contours."""

    number: int
    name: str
    contours: tuple[Contour, ...]

    def __str__(self) -> str:
        """The name, or else the number."""
        return self.name or str(self.number)


def drawn_regions(header: Header) -> tuple[DrawnRegion, ...]:
    """The regions of a structure set, in its order, those without contours included.

    Raises InputError where there are none, and for numbers and contours that are damaged.
    """
    label = header.path.name
    contours = _contours_by_number(header.dataset, label)
    regions = []
    for item in items(header.dataset, "StructureSetROISequence"):
        number = _number(item, "ROINumber", label)
        regions.append(DrawnRegion(number, text(item, "ROIName"), tuple(contours.get(number, ()))))
    if not regions:
        raise InputError.about(label, f"no region is drawn: {named('StructureSetROISequence')} is missing or empty")
    if len({region.number for region in regions}) < len(regions):
        raise InputError.about(label, f"two regions have one number ({named('ROINumber')}); export it again")
    return tuple(regions)


def _contours_by_number(dataset: Dataset, label: str) -> dict[int, list[Contour]]:
    found: dict[int, list[Contour]] = {}
    for item in items(dataset, "ROIContourSequence"):
        number = _number(item, "ReferencedROINumber", label)
        parsed = [_contour(one, f"{label}, region {number}") for one in items(item, "ContourSequence")]
        found.setdefault(number, []).extend(parsed)
    return found


def _number(item: Dataset, keyword: str, label: str) -> int:
    found = optional_number(item, keyword)
    if found is None or found != int(found):
        raise InputError.about(label, f"{named(keyword)} is missing or no whole number; export it again")
    return int(found)


def _contour(item: Dataset, label: str) -> Contour:
    """A contour; its numbers are taken from the text as it is stored, of which there may be millions."""
    stored = item.get_item("ContourData").value if "ContourData" in item else None
    parts = stored.strip(b" \0").split(b"\\") if isinstance(stored, bytes) else stored if stored is not None else []
    try:
        numbers = np.array([float(part) for part in parts if part != b""], dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if numbers.size % 3 or not (np.abs(numbers) <= FARTHEST_MM).all():
        raise InputError.about(
            label,
            f"{named('ContourData')} must be numbers x, y, z in mm for every point; found others: export it again",
        )
    return Contour(numbers.reshape(-1, 3), text(item, "ContourGeometricType").upper())
