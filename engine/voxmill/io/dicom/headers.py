"""What a DICOM file holds before its pixels, and the whole of it, read safely.

Source: DICOM PS3.10 section 7 (the file), PS3.5 annex A (transfer syntaxes). Files without the preamble and those whose
dataset is deflated are read too; a deflated one is never inflated beyond INFLATED_LIMIT.
"""

import os
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.tag import BaseTag
from pydicom.uid import UID, AllTransferSyntaxes, DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from voxmill.errors import InputError, brief
from voxmill.io.dicom.quiet import quiet
from voxmill.io.dicom.tags import named, text
from voxmill.io.files import file_size

PREAMBLE = 128
MAGIC = b"DICM"
FIRST_TAGS = (b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x08\x00", b"\x00\x08\x00")
"""How a dataset without preamble begins: with the file's meta information, or with group 0008, in either byte order."""
DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
"""Deflated Image Frame Compression, which pydicom does not know: each frame is a deflate stream of its own."""
INFLATED_LIMIT = 2**30
"""Bytes that a deflated dataset may have: a thousand times those of a CT slice, deflated only in single files."""
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data (PS3.3 C.7.6.3, C.7.6.24)."""


@dataclass(frozen=True, eq=False)
class Header:
    """A file's dataset without its pixel data; `available` is how many bytes the file holds, inflated."""

    path: Path
    dataset: Dataset
    transfer_syntax: UID
    available: int


def looks_like_dicom(path: Path) -> bool:
    """Whether a readable file begins as DICOM files do, with or without preamble; False for all that cannot be read."""
    try:
        if not os.path.isfile(path):
            return False
        with path.open("rb") as stream:
            start = stream.read(PREAMBLE + len(MAGIC))
    except (OSError, ValueError):
        return False
    return start[PREAMBLE:] == MAGIC or start.startswith(FIRST_TAGS)


def read_header(path: Path) -> Header:
    """The header of a DICOM file; InputError, in one sentence, for all that is none or is damaged."""
    header = _read(path, pixels=False)
    sop_class = text(header.dataset, "SOPClassUID")
    if sop_class == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in header.dataset:
        raise InputError(f"{path.name}: this is a DICOMDIR, a list of files; give the folder that the images are in")
    if not sop_class:
        raise InputError(f"{path.name}: {named('SOPClassUID')} is missing: this is no whole DICOM file; copy it again")
    return header


def read_any_header(path: Path) -> Header:
    """The header of any DICOM file, also of one that is no image and no mask: a DICOMDIR, a report."""
    return _read(path, pixels=False)


def read_whole(path: Path) -> Header:
    """The same, but with the pixel data in the dataset, still encoded."""
    return _read(path, pixels=True)


def _read(path: Path, *, pixels: bool) -> Header:
    available = file_size(path)
    if not looks_like_dicom(path):
        raise InputError(f"{path.name}: this is no DICOM file; give DICOM images, or a format that its name tells")
    try:
        with quiet():
            if _is_deflated(path):
                return _inflated(path, pixels=pixels)
            dataset = dcmread(path, force=True, stop_before_pixels=not pixels)
            return Header(path, dataset, _transfer_syntax(dataset, path.name), available)
    except InputError:
        raise
    except Exception as error:  # pydicom raises anything on a damaged file
        raise InputError(f"{path.name}: its header is damaged or cut off; copy the file again") from error


def _is_deflated(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.read(PREAMBLE + len(MAGIC))[PREAMBLE:] != MAGIC:
            return False
    return bool(read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def _inflated(path: Path, *, pixels: bool) -> Header:
    """The header of a file whose dataset is deflated (PS3.5 A.5): a raw deflate stream after the meta information."""
    meta = read_file_meta_info(path)
    with path.open("rb") as stream:
        # Preamble and magic, then the group length element (12 bytes), whose value is what follows it.
        stream.seek(PREAMBLE + len(MAGIC) + 12 + int(meta.FileMetaInformationGroupLength))
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(stream.read(), INFLATED_LIMIT)
    if not inflater.eof:
        fault = f"inflates to more than {INFLATED_LIMIT} bytes" if inflater.unconsumed_tail else "is cut off"
        raise InputError(f"{path.name}: its deflated dataset {fault}, and is not read; save the file uncompressed")
    dataset = read_dataset(
        BytesIO(content), is_implicit_VR=False, is_little_endian=True, stop_when=None if pixels else _at_pixels
    )
    dataset.file_meta = meta
    dataset.set_original_encoding(False, True, dataset.get("SpecificCharacterSet"))  # noqa: FBT003
    return Header(path, dataset, DeflatedExplicitVRLittleEndian, len(content))


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) in PIXELS


def _transfer_syntax(dataset: Dataset, label: str) -> UID:
    """What the meta information says, or else what the dataset was parsed as."""
    declared = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    if declared and declared not in (*AllTransferSyntaxes, DEFLATED_FRAMES):
        raise InputError(f"{label}: its transfer syntax {brief(declared)} is not known; save it uncompressed")
    if declared:
        return UID(declared)
    implicit, little = dataset.original_encoding
    return UID("1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")
