"""What a DICOM file holds before its pixels, and its pixels, read safely.

Source: DICOM PS3.10 section 7 (the file), PS3.5 annex A (transfer syntaxes). Files without the preamble and those whose
dataset is deflated are read too; a deflated one is never inflated beyond INFLATED_LIMIT.
"""

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import data_element_generator, read_dataset, read_file_meta_info, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from voxmill.errors import InputError
from voxmill.io.dicom.tags import named, text
from voxmill.io.files import file_size
from voxmill.quiet import quiet

PREAMBLE = 128
MAGIC = b"DICM"
META = (0x00, 0x01, 0x02, 0x03, 0x10)
"""Elements of the meta information (group 0002) up to the transfer syntax, without which pixels cannot be told."""
FIRST_TAGS = (*(bytes((2, 0, element, 0)) for element in META), b"\x08\x00", b"\x00\x08\x00")
"""How a dataset without preamble begins: with the file's meta information, or with group 0008, in either byte order."""
DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
"""Deflated Image Frame Compression, which pydicom does not know: each frame is a deflate stream of its own."""
TRANSFER_SYNTAXES = frozenset((*AllTransferSyntaxes, DEFLATED_FRAMES))
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
"""Transfer syntaxes whose pixels are not compressed, and have a length (PS3.5 A.1 to A.3, A.5)."""
UNDEFINED = 0xFFFFFFFF
"""The length of pixels in compressed fragments (PS3.5 A.4)."""
ITEM = b"\xfe\xff\x00\xe0"
"""How each of these begins, after one with their offsets; the length of what it holds follows."""
COMMAND = b"\0\0"
"""How a command set (group 0000, PS3.7) begins, which some files have before their dataset."""
INFLATED_LIMIT = 2**30
"""Bytes that a deflated dataset may have: a thousand times those of a CT slice, deflated only in single files."""
BEGINNING = 2**10
"""Bytes of a file that are looked at to tell what it is: the transfer syntax stands within the first 500."""
INSTANCE_NUMBER = 0x00200013
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data (PS3.3 C.7.6.3, C.7.6.24)."""
PixelElement: TypeAlias = RawDataElement | DataElement
StopWhen: TypeAlias = Callable[[BaseTag, str | None, int], bool]


@dataclass(frozen=True, eq=False)
class Header:
    """A file's dataset without its pixel data.

    available: how many bytes the file holds, inflated. end: where the dataset was left, at the pixel data; of a
    deflated file in what it inflates to. stamp: size and time of the file, by which it is known again.
    """

    path: Path
    dataset: Dataset
    transfer_syntax: UID
    available: int
    end: int
    stamp: tuple[int, int]


def looks_like_dicom(path: Path) -> bool:
    """Whether a readable file begins as DICOM files do, with or without preamble; False for all that cannot be read."""
    try:
        if not os.path.isfile(path):
            return False
        with path.open("rb") as stream:
            return _begins(stream.read(PREAMBLE + len(MAGIC)))
    except (OSError, ValueError):
        return False


def looks_lost(path: Path) -> bool:
    """Whether a file is too short to tell what it was, or nothing stands where DICOM files begin, or it cannot be read.

    So do copies look that were broken off, or that a full disk left behind.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(PREAMBLE + len(MAGIC))
    except OSError:
        return True
    return len(start) < PREAMBLE + len(MAGIC) or not any(start)


def read_header(path: Path) -> Header:
    """The header of a DICOM file; InputError, in one sentence, for all that is none or is damaged."""
    return _of_object(read_any_header(path))


def read_beginning(path: Path) -> Header:
    """The same, but only as far as the numbers of series and instance (group 0020): what tells series apart."""
    header = _of_object(_read(path, _after_numbers))
    return header if "SeriesInstanceUID" in header.dataset else read_header(path)


def read_any_header(path: Path) -> Header:
    """The header of any DICOM file, also of one that is no image and no mask: a DICOMDIR, a report."""
    return _read(path, _at_pixels)


def read_pixels(header: Header) -> Dataset:
    """The dataset of a header with the pixel data, still encoded; the header's own stays without.

    Raises InputError as read_pixel_element does.
    """
    return with_pixels(header, read_pixel_element(header))


def with_pixels(header: Header, element: PixelElement | None) -> Dataset:
    """The dataset of a header with this element; the header's own stays without."""
    added = {} if element is None else {element.tag: element}
    whole = Dataset({**dict(header.dataset.items()), **added})
    whole.set_original_encoding(*header.dataset.original_encoding)
    return whole


def read_pixel_element(header: Header) -> PixelElement | None:
    """The pixel data of a file, still encoded; None where there are none.

    Raises InputError where the file has changed since its header was read, where it is damaged, and where they are
    compressed and nothing says how.
    """
    try:
        with quiet(), header.path.open("rb") as file:
            if _stamp(file) != header.stamp:
                raise InputError.about(header.path.name, "it was changed while it was read; try again")
            stream: BinaryIO = file
            if header.transfer_syntax == DeflatedExplicitVRLittleEndian:
                stream = BytesIO(_inflated(file, _meta(file), header.path.name))
            stream.seek(header.end)
            element = next(data_element_generator(stream, *header.dataset.original_encoding), None)
            _refuse_compressed(header, element)
            return element
    except InputError:
        raise
    except Exception as error:  # pydicom raises anything on a damaged file
        reason = getattr(error, "strerror", None) or "they are cut off or damaged"
        raise InputError.about(
            header.path.name, f"its pixels cannot be read: {reason.lower()}; copy the file again"
        ) from error


def _refuse_compressed(header: Header, element: PixelElement | None) -> None:
    """Refuse compressed pixels of a transfer syntax that has none: they would be taken for values."""
    if header.transfer_syntax in NATIVE and isinstance(element, RawDataElement) and _is_in_fragments(element):
        raise InputError.about(
            header.path.name,
            f"its pixels are compressed, and {named('TransferSyntaxUID')} is missing or says that "
            "they are not; export the file again from its source",
        )


def _is_in_fragments(element: RawDataElement) -> bool:
    """Whether pixels are in compressed fragments; some programs write a length for all of these too."""
    data = element.value or b""
    second = 8 + int.from_bytes(data[4:8], "little")
    return element.length == UNDEFINED or (data[:4] == ITEM and data[second : second + 4] == ITEM)


def _of_object(header: Header) -> Header:
    """Refuse what is a DICOM file and neither image nor mask nor anything else with a class of its own."""
    sop_class = text(header.dataset, "SOPClassUID")
    if sop_class == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in header.dataset:
        raise InputError.about(
            header.path.name, "this is a DICOMDIR, a list of files; give the folder that the images are in"
        )
    if not sop_class:
        raise InputError(
            f"{header.path.name}: {named('SOPClassUID')} is missing, so its kind is not known; export it again from "
            "its source"
        )
    return header


def _read(path: Path, stop_when: StopWhen) -> Header:
    """What a file holds before the element at which parsing is to stop."""
    available = file_size(path)
    try:
        with quiet(), path.open("rb") as file:
            start = file.read(BEGINNING)
            if not _begins(start):
                raise InputError.about(
                    path.name, "this is no DICOM file; give DICOM images, or a format that its name tells"
                )
            stamp = _stamp(file)
            meta = _meta(file) if _may_be_deflated(start) else None
            if meta is not None and meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
                content = BytesIO(_inflated(file, meta, path.name))
                dataset = _of_deflated(content, meta, stop_when)
                syntax, available, end = DeflatedExplicitVRLittleEndian, len(content.getvalue()), content.tell()
                return Header(path, dataset, syntax, available, end, stamp)
            dataset, syntax = _of_usual(file, start, stop_when) or _of_any(file, stop_when)
            return Header(path, dataset, _known(syntax, path.name), available, file.tell(), stamp)
    except InputError:
        raise
    except Exception as error:  # pydicom raises anything on a damaged file
        raise InputError.about(path.name, "its header is damaged or cut off; copy the file again") from error


def _begins(start: bytes) -> bool:
    return start[PREAMBLE : PREAMBLE + len(MAGIC)] == MAGIC or start.startswith(FIRST_TAGS)


def _stamp(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _may_be_deflated(start: bytes) -> bool:
    """Whether a file may say that its dataset is deflated (PS3.5 A.5): only then its meta information is looked at."""
    return DeflatedExplicitVRLittleEndian.encode() in start and start[PREAMBLE : PREAMBLE + len(MAGIC)] == MAGIC


def _meta(file: BinaryIO) -> FileMetaDataset:
    return read_file_meta_info(file.name)


def _of_deflated(content: BinaryIO, meta: FileMetaDataset, stop_when: StopWhen) -> Dataset:
    """What an inflated dataset holds before the element at which parsing is to stop."""
    dataset = read_dataset(content, is_implicit_VR=False, is_little_endian=True, stop_when=stop_when)
    dataset.file_meta = meta
    return dataset


def _inflated(file: BinaryIO, meta: FileMetaDataset, label: str) -> bytes:
    """The dataset of a deflated file: a raw deflate stream after the meta information."""
    # Preamble and magic, then the group length element (12 bytes), whose value is what follows it.
    file.seek(PREAMBLE + len(MAGIC) + 12 + int(meta.FileMetaInformationGroupLength))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(file.read(), INFLATED_LIMIT)
    if not inflater.eof:
        fault = f"inflates to more than {INFLATED_LIMIT} bytes" if inflater.unconsumed_tail else "is cut off"
        raise InputError.about(label, f"its deflated dataset {fault}, and is not read; save the file uncompressed")
    return content


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in PIXELS


def _after_numbers(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag > INSTANCE_NUMBER)


def _after_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag >> 16 != 2


def _of_usual(file: BinaryIO, start: bytes, stop_when: StopWhen) -> tuple[Dataset, UID] | None:
    """The dataset of a file as PS3.10 section 7.1 has it, and its transfer syntax; None for any other file.

    The same as `_of_any`, in half the time: a series has thousands of files.
    """
    if start[PREAMBLE : PREAMBLE + len(MAGIC)] != MAGIC:
        return None
    file.seek(PREAMBLE + len(MAGIC))
    elements = data_element_generator(file, is_implicit_VR=False, is_little_endian=True, stop_when=_after_meta)
    meta = Dataset({element.tag: element for element in elements})
    syntax, begins = UID(text(meta, "TransferSyntaxUID")), file.read(len(COMMAND))
    if syntax not in TRANSFER_SYNTAXES - {DeflatedExplicitVRLittleEndian} or begins == COMMAND:
        return None
    file.seek(-len(begins), os.SEEK_CUR)
    is_implicit, is_little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    return read_dataset(file, is_implicit, is_little, stop_when=stop_when), syntax


def _of_any(file: BinaryIO, stop_when: StopWhen) -> tuple[Dataset, UID]:
    """The dataset of any file, and its transfer syntax: what the meta information says, or else what it was parsed as.

    Without preamble, without meta information or with it in implicit VR, with a command set.
    """
    file.seek(0)
    dataset = read_partial(file, stop_when, force=True)
    declared = text(dataset.file_meta, "TransferSyntaxUID") if hasattr(dataset, "file_meta") else ""
    implicit, little = dataset.original_encoding
    parsed_as = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"
    return dataset, UID(declared or parsed_as)


def _known(syntax: UID, label: str) -> UID:
    if syntax not in TRANSFER_SYNTAXES:
        which = (f" {syntax}", " is not known") if syntax.is_valid else ("", " is no UID")
        raise InputError.about(label, "its transfer syntax", which[0], f"{which[1]}; save it uncompressed")
    return syntax
