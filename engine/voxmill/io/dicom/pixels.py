"""Frames → voxels: decoded by pydicom and its decoders, rescaled, each in its place of the grid.

Source: DICOM PS3.5 section 8 and annex A.4 (encoding), PS3.3 C.11.1 (rescaling).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from voxmill.errors import InputError
from voxmill.io.dicom.codestreams import frame_size
from voxmill.io.dicom.frames import Frame
from voxmill.io.dicom.geometry import Stack
from voxmill.io.dicom.headers import Header, read_pixel_element, with_pixels
from voxmill.io.dicom.tags import named, value
from voxmill.io.dicom.voxels import Voxels
from voxmill.quiet import quiet

PIXEL_DATA = 0x7FE00010
PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
"""Transfer syntaxes whose pixel data are the stored values; of big endian, bytes may be in words of two."""
INTEGERS = (np.uint8, np.uint16, np.uint32, np.int8, np.int16, np.int32)
"""Types of whole values, the first one that holds all is taken: as GDCM does, and so SimpleITK."""


def read_voxels(stack: Stack, *, modality: str) -> NDArray[Any]:
    """The values of a stack, z, y, x: (frames, rows, columns), not yet those of slices that are to be made up.

    Whole slopes and intercepts keep values whole, in the smallest type that holds all that could be stored; all
    other values, and those of PET, are float32, computed as float64 and rounded once.
    """
    dtype = value_type(stack.frames, modality=modality)
    first = stack.frames[0].voxels
    values = np.empty((len(stack.frames), first.rows, first.columns), dtype)
    slots = sorted(range(len(stack.frames)), key=lambda at: (str(stack.frames[at].path), stack.frames[at].index))
    for header, group in groupby(slots, key=lambda at: stack.frames[at].header):
        wanted = list(group)
        stored = decoded(header, [stack.frames[at].index for at in wanted], stack.frames[wanted[0]].voxels)
        for at, pixels in zip(wanted, stored, strict=True):
            rescale(pixels, stack.frames[at], values[at])
    return values


def require_same_values(copies: Iterable[tuple[Frame, Frame]]) -> None:
    """Raise InputError for frames that are one by their SOPInstanceUID, and differ in what is stored."""
    for pair in copies:
        one, other = (next(decoded(frame.header, [frame.index], frame.voxels)) for frame in pair)
        if not np.array_equal(one, other):
            raise InputError(
                f"{pair[0]} and {pair[1]} are one slice by their {named('SOPInstanceUID')}, and differ in their "
                "values; leave the right one alone in the folder"
            )


def value_type(frames: Sequence[Frame], *, modality: str) -> np.dtype[Any]:
    """The type of the values of these frames."""
    scales = {(frame.slope, frame.intercept) for frame in frames}
    if modality == "PT" or not all(slope.is_integer() and shift.is_integer() for slope, shift in scales):
        return np.dtype(np.float32)
    if scales == {(1.0, 0.0)}:
        kind = "i" if any(frame.voxels.signed for frame in frames) else "u"
        if all(frame.voxels.signed == (kind == "i") for frame in frames):
            return np.dtype(f"{kind}{max(frame.voxels.bits for frame in frames) // 8}")
    ends = [end * frame.slope + frame.intercept for frame in frames for end in frame.voxels.stored_range]
    for candidate in INTEGERS:
        limits = np.iinfo(candidate)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return np.dtype(candidate)
    return np.dtype(np.float64)


def rescale(stored: NDArray[Any], frame: Frame, values: NDArray[Any]) -> None:
    """Stored values times slope plus intercept, into `values`."""
    if (frame.slope, frame.intercept) == (1.0, 0.0):
        values[...] = stored
    elif values.dtype.kind in "iu":
        _rescale_whole(stored, int(frame.slope), int(frame.intercept), values)
    else:
        found = stored.astype(np.float64) * frame.slope + frame.intercept
        if np.abs(found).max() > np.finfo(values.dtype).max:
            raise InputError.about(
                frame, f"its values are beyond {values.dtype} after rescaling ({named('RescaleSlope')}); correct it"
            )
        values[...] = found


def _rescale_whole(stored: NDArray[Any], slope: int, intercept: int, values: NDArray[Any]) -> None:
    """The same for whole numbers, modulo 2^bits, which loses nothing: what comes out is in range."""
    cyclic = np.dtype(f"u{values.dtype.itemsize}")
    factor, shift = (cyclic.type(one % 2 ** (8 * cyclic.itemsize)) for one in (slope, intercept))
    found = values.view(cyclic)
    if slope == 1:
        np.add(stored, shift, out=found, dtype=cyclic, casting="unsafe")
    else:
        np.multiply(stored, factor, out=found, dtype=cyclic, casting="unsafe")
        found += shift


def decoded(header: Header, indices: Sequence[int], voxels: Voxels) -> Iterator[NDArray[Any]]:
    """The stored values of some frames of a file, each (rows, columns); InputError where they cannot be decoded."""
    element = read_pixel_element(header)
    if isinstance(element, RawDataElement) and is_plain(header, element):
        return _plain(header.path.name, element.value or b"", indices, voxels)
    return by_decoder(header, with_pixels(header, element), indices, voxels)


def is_plain(header: Header, element: RawDataElement) -> bool:
    """Whether pixel data are the stored values themselves, one after the other, in little endian."""
    is_of_bytes = element.tag == PIXEL_DATA and element.VR in (None, "OB", "OW") and bool(element.value)
    return is_of_bytes and header.transfer_syntax in PLAIN


def _plain(label: str, data: bytes, indices: Sequence[int], voxels: Voxels) -> Iterator[NDArray[Any]]:
    """The frames of plain pixel data: what `by_decoder` gives, in a third of the time."""
    _refuse_short(label, len(data), voxels)
    dtype = np.dtype(f"<{'i' if voxels.signed else 'u'}{voxels.bits // 8}")
    frame = voxels.rows * voxels.columns
    for index in indices:
        found = np.frombuffer(data, dtype, count=frame, offset=index * frame * dtype.itemsize)
        yield _stored(found.reshape(voxels.rows, voxels.columns), voxels)


def _stored(found: NDArray[Any], voxels: Voxels) -> NDArray[Any]:
    """Values without the bits above those stored, which may be anything (PS3.5 8.1.1)."""
    unused = voxels.bits - voxels.stored_bits
    return found << unused >> unused if unused else found


def by_decoder(header: Header, dataset: Dataset, indices: Sequence[int], voxels: Voxels) -> Iterator[NDArray[Any]]:
    """The frames of a dataset as pydicom and its decoders have them."""
    if not value(dataset, "PixelData"):
        raise InputError.about(
            header.path.name, f"it has no pixels: {named('PixelData')} is missing, cut off or not whole numbers"
        )
    decoder = decoder_of(header)
    _refuse_data(header, dataset, voxels)
    frames = decoder.iter_array(dataset, indices=list(indices), raw=True, view_only=True)
    for _ in indices:
        try:
            with quiet():
                pixels, _ = next(frames)
        except BaseException as error:
            if not is_of_decoder(error):
                raise
            raise InputError.about(
                header.path.name, "its pixels are cut off or damaged; copy the file again"
            ) from error
        yield pixels


def is_of_decoder(error: BaseException) -> bool:
    """Whether a decoder failed on a damaged frame: they raise anything, those in Rust what is no Exception."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def decoder_of(header: Header) -> Decoder:
    """What decodes the pixels of a file; InputError that names the encoding where nothing does."""
    syntax = header.transfer_syntax
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise InputError.about(
            header.path.name, f"pixels encoded as {syntax.name} cannot be decoded; save it uncompressed"
        ) from None
    if not decoder.is_available:
        needs = " ".join(decoder.missing_dependencies)
        advice = 'pip install "voxmill[libjpeg]" (GPL-3)' if "libjpeg" in needs else "save it uncompressed"
        raise InputError.about(header.path.name, f"pixels encoded as {syntax.name} need another decoder: {advice}")
    return decoder


def _refuse_short(label: str, length: int, voxels: Voxels) -> None:
    """Refuse pixel data that are not compressed and too short."""
    promised = voxels.frames * voxels.rows * voxels.columns * voxels.bits // 8
    if length < promised:
        raise InputError.about(label, f"its pixels are cut off: {length} bytes of {promised}; copy the file again")


def _refuse_data(header: Header, dataset: Dataset, voxels: Voxels) -> None:
    """Refuse pixel data that are too short, and compressed frames of another size than the header says."""
    label = header.path.name
    if not header.transfer_syntax.is_encapsulated:
        _refuse_short(label, len(dataset.PixelData), voxels)
        return
    if header.transfer_syntax == RLELossless:
        return
    for data in _encoded(dataset, voxels.frames, label):
        found = frame_size(data)
        if found != (voxels.rows, voxels.columns):
            raise InputError.about(
                label,
                f"a compressed frame has {'no size' if found is None else f'{found[1]} x {found[0]} voxels'}, "
                f"the header says {voxels.columns} x {voxels.rows}; it is damaged: copy the file again",
            )


def _encoded(dataset: Dataset, frames: int, label: str) -> Iterator[bytes]:
    try:
        yield from generate_frames(dataset.PixelData, number_of_frames=frames)
    except Exception as error:  # as pydicom finds damaged fragments
        raise InputError.about(label, "its compressed pixels are cut off or damaged; copy the file again") from error
