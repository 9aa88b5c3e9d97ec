"""What a store is told of a header of DICOM: whose it is, by the names that stand for that, and its attributes."""

from typing import TYPE_CHECKING, Any

from voxmill.privacy import Pseudonyms, allowed

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def about_case(header: "Dataset", pseudonyms: Pseudonyms) -> dict[str, Any]:
    """Patient, study and day of an image."""
    from voxmill.io.dicom.tags import text

    patient = text(header, "PatientID")
    return {
        "patient": pseudonyms.of("patient", patient),
        "study": pseudonyms.of("study", text(header, "StudyInstanceUID")),
        "day": pseudonyms.day(text(header, "StudyDate"), patient),
    }


def about_image(header: "Dataset", pseudonyms: Pseudonyms) -> dict[str, Any]:
    """Series and frame of reference of an image, its description where that is kept, and attributes that may enter."""
    from voxmill.io.dicom.tags import text

    description = text(header, "SeriesDescription")
    return {
        "series": pseudonyms.of("series", text(header, "SeriesInstanceUID")),
        "frame_of_reference": pseudonyms.of("frame", text(header, "FrameOfReferenceUID")),
        **({"description": description} if pseudonyms.keep_ids and description else {}),
        "dicom": allowed(header),
    }
