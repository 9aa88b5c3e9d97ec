"""What a header promises of its voxels: how many, of which type; refused where it cannot be true or cannot be read.

Source: DICOM PS3.3 C.7.6.3 (image pixel). Checked before anything is allocated.
"""

import math
from dataclasses import dataclass

from pydicom.uid import RLELossless

from voxmill.errors import InputError
from voxmill.io.dicom.headers import DEFLATED_FRAMES, Header
from voxmill.io.dicom.tags import named, number, optional_number, size, text

GREY = ("MONOCHROME1", "MONOCHROME2")
LARGEST_FRAME = 2**26
"""Voxels of a compressed frame (8192 x 8192): a few bytes can promise any number, and no scanner makes larger ones."""
LARGEST_IMAGE = 2**34
"""Bytes of a compressed file's voxels (16 GiB), for the same reason."""
RLE_RATIO = 64
"""Two bytes of RLE stand for at most 128 (PS3.5 annex G)."""


@dataclass(frozen=True)
class Voxels:
    """The voxels of a file: sizes, the type of stored values, and whether large ones are dark (MONOCHROME1)."""

    frames: int
    rows: int
    columns: int
    bits: int
    stored_bits: int
    signed: bool
    inverted: bool

    @property
    def stored_range(self) -> tuple[int, int]:
        """The least and the largest number that can be stored."""
        half = 1 << (self.stored_bits - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def voxels_of(header: Header) -> Voxels:
    """The voxels that a header promises; InputError where they are no grey values, or more than a file can hold."""
    dataset, label = header.dataset, header.path.name
    if optional_number(dataset, "Rows") is None and optional_number(dataset, "Columns") is None:
        raise InputError.about(label, f"it has no pixels ({named('Rows')} is missing); give the images")
    photometric = text(dataset, "PhotometricInterpretation")
    if size(dataset, "SamplesPerPixel", label=label) != 1 or photometric not in GREY:
        raise InputError.about(
            label, "a picture in colour", f" ({photometric or 'unknown'})", ", which has no values to measure"
        )
    bits, stored = _bits(header)
    voxels = Voxels(
        frames=1
        if optional_number(dataset, "NumberOfFrames") is None
        else size(dataset, "NumberOfFrames", label=label),
        rows=size(dataset, "Rows", label=label),
        columns=size(dataset, "Columns", label=label),
        bits=bits,
        stored_bits=stored,
        signed=_signed(header),
        inverted=photometric == "MONOCHROME1",
    )
    _refuse_promise(header, voxels)
    return voxels


def _bits(header: Header) -> tuple[int, int]:
    dataset, label = header.dataset, header.path.name
    bits, stored = (size(dataset, keyword, label=label) for keyword in ("BitsAllocated", "BitsStored"))
    if bits == 1:
        raise InputError.about(label, "one bit per voxel is a mask, not an image; read it as a mask")
    high = stored - 1 if optional_number(dataset, "HighBit") is None else number(dataset, "HighBit", label=label)
    if bits not in (8, 16, 32) or stored > bits or high != stored - 1:
        raise InputError.about(
            label,
            f"{bits} bits per voxel, {stored} of them used up to bit {high:g}, cannot be read; "
            "8, 16 and 32 can, used from bit 0: convert it",
        )
    return bits, stored


def _signed(header: Header) -> bool:
    found = number(header.dataset, "PixelRepresentation", label=header.path.name)
    if found not in (0, 1):
        raise InputError.about(
            header.path.name, f"{named('PixelRepresentation')} is 0 or 1; found {found:g}; export the image again"
        )
    return found == 1


def _refuse_promise(header: Header, voxels: Voxels) -> None:
    frame = voxels.rows * voxels.columns
    promised = math.prod((voxels.frames, frame, voxels.bits // 8))
    available = header.available
    if header.transfer_syntax == DEFLATED_FRAMES:
        raise InputError.about(header.path.name, "deflated frames are decoded of masks alone; save it uncompressed")
    if header.transfer_syntax == RLELossless:
        available *= RLE_RATIO
    elif header.transfer_syntax.is_encapsulated:
        available = LARGEST_IMAGE if frame <= LARGEST_FRAME else 0
    if promised > available:
        raise InputError.about(
            header.path.name,
            f"its header promises {promised} bytes of voxels, more than the file "
            f"({header.available} bytes) can hold; it is cut off or damaged: copy it again",
        )
