"""DICOM files of masks → Mask, told apart by their class, whatever they are called."""

from pathlib import Path

from voxmill.acquired import Acquired
from voxmill.errors import InputError, several
from voxmill.io.dicom.discovery import beginnings_in
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.matching import ImageRecord, mask_record, relation_notes
from voxmill.io.dicom.rtstruct import read_structure_set
from voxmill.io.dicom.segmentation import LABEL_MAP_STORAGE, read_segmentation
from voxmill.io.dicom.sop_classes import class_name
from voxmill.io.dicom.tags import text
from voxmill.io.files import DICOM_SUFFIXES
from voxmill.volume import Image, Mask

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
MASKS = frozenset({SEGMENTATION_STORAGE, LABEL_MAP_STORAGE, STRUCTURE_SET_STORAGE})


def read_dicom_mask(path: Path, image: Image | None = None, *, threshold: float) -> Mask:
    """The mask in a DICOM SEG or RTSTRUCT file, or in a folder that holds one.

    How it is read say read_segmentation and read_structure_set. Its name is that of the file. Where the image was read
    from DICOM, a note says where headers contradict that the mask is of it. Raises InputError as those do, for a mask
    that is of another patient and of another image, for a file of another class, and for a folder that holds no mask or
    several.
    """
    header = mask_header(path)
    name = header.path.stem if header.path.suffix.lower() in DICOM_SUFFIXES else header.path.name
    notes = _relation_notes(header, image, name)
    mask = _read(header, image, name=name, threshold=threshold)
    return mask.renamed(name, notes=(*notes, *mask.notes)) if notes else mask


def _relation_notes(header: Header, image: Image | None, name: str) -> tuple[str, ...]:
    """What headers say against a mask of this image, where it was read from DICOM."""
    whose = getattr(image, "acquired", None)
    if not (isinstance(whose, Acquired) and is_mask(header)):
        return ()
    record = ImageRecord("", whose.series, whose.frame_of_reference, whose.patient, whose.instances)
    return relation_notes(mask_record(header.dataset, name=name), record)


def _read(header: Header, image: Image | None, *, name: str, threshold: float) -> Mask:
    sop_class, file = text(header.dataset, "SOPClassUID"), header.path
    if sop_class == STRUCTURE_SET_STORAGE:
        return read_structure_set(file, image, name=name)
    if sop_class in MASKS:
        return read_segmentation(file, None if image is None else image.grid, name=name, threshold=threshold)
    kind = class_name(sop_class)
    raise InputError.about(
        file.name, "this is no mask", f" but {kind}", "; give a segmentation (SEG) or structure set (RTSTRUCT)"
    )


def mask_header(path: Path) -> Header:
    """The header of a mask's file, or of the one mask in a folder; raises InputError as read_dicom_mask does."""
    return _only_mask(path) if path.is_dir() else read_header(path)


def is_mask(header: Header) -> bool:
    """Whether a file is of a class that is read as a mask."""
    return text(header.dataset, "SOPClassUID") in MASKS


def _only_mask(folder: Path) -> Header:
    found = [one for one in beginnings_in(folder) if isinstance(one, Header) and is_mask(one)]
    if len(found) != 1:
        listed = f" ({several([one.path.name for one in found], separator=', ')})" if found else ""
        raise InputError.about(
            folder.name, f"{len(found) or 'no'} DICOM masks are in this folder", listed, "; give one file"
        )
    return found[0]
