"""Whose an image of DICOM is, and where it was taken: what a mask of it is compared with, and nothing that is told."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Acquired:
    """PatientID, and UIDs of the series, of its frame of reference and of its slices; empty where nothing is said."""

    patient: str = field(repr=False)
    series: str = field(repr=False)
    frame_of_reference: str = field(repr=False)
    instances: frozenset[str] = field(repr=False)
