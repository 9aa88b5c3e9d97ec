"""The pixels of a segmentation, plane by plane: also the encodings of single bits that pydicom does not decode.

Source: DICOM PS3.5 8.1.1 and annex D (packed bits), annex G (RLE), A.4.13 (deflated frames).
"""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

from voxmill.errors import InputError
from voxmill.io.dicom.codestreams import frame_size
from voxmill.io.dicom.headers import DEFLATED_FRAMES, Header, read_pixels
from voxmill.io.dicom.pixels import decoder_of, is_of_decoder
from voxmill.io.dicom.tags import named, size
from voxmill.io.dicom.voxels import LARGEST_FRAME, LARGEST_IMAGE, RLE_RATIO
from voxmill.io.files import DEFLATE_LIMIT
from voxmill.quiet import quiet

RLE_HEADER = 64
Plane = NDArray[Any]


class StoredPlanes:
    """The planes of a segmentation, each decoded when it is asked for: (rows, columns), whole numbers.

    Raises InputError where the header promises more than the file can hold, or what cannot be decoded.
    """

    def __init__(self, header: Header) -> None:
        dataset, label = header.dataset, header.path.name
        self.frames = size(dataset, "NumberOfFrames", label=label) if "NumberOfFrames" in dataset else 1
        self.rows, self.columns = (size(dataset, keyword, label=label) for keyword in ("Rows", "Columns"))
        self.bits = size(dataset, "BitsAllocated", label=label)
        self._header = header
        if self.bits not in (1, 8, 16) or size(dataset, "SamplesPerPixel", label=label) != 1:
            raise InputError.about(label, f"a mask has one number of 1, 8 or 16 bits per voxel; found {self.bits} bits")
        self._refuse_promise()
        self._decode: Callable[[int], Plane] | None = None

    def plane(self, index: int) -> Plane:
        """The plane of a frame, counted from 0; InputError where it is cut off or damaged."""
        label = self._header.path.name
        try:
            with quiet():
                self._decode = self._decode or self._decoder(read_pixels(self._header))
                plane = self._decode(index)
        except InputError:
            raise
        except BaseException as error:
            if not is_of_decoder(error):
                raise
            raise InputError.about(label, "its pixels are cut off or damaged; copy the file again") from error
        if plane.shape != (self.rows, self.columns):
            raise InputError.about(
                label, f"frame {index + 1} has another size than its header says; copy the file again"
            )
        return plane

    def _refuse_promise(self) -> None:
        label, syntax, available = self._header.path.name, self._header.transfer_syntax, self._header.available
        frame = self.rows * self.columns
        promised = self.frames * frame * self.bits // 8
        if syntax == RLELossless:
            available *= RLE_RATIO * (8 if self.bits == 1 else 1)
        elif syntax == DEFLATED_FRAMES:
            available *= DEFLATE_LIMIT
        elif syntax.is_encapsulated:
            available = LARGEST_IMAGE if frame <= LARGEST_FRAME else 0
        if promised > available:
            raise InputError.about(
                label,
                f"its header promises {promised} bytes of voxels, more than the file "
                f"({self._header.available} bytes) can hold; it is cut off or damaged: copy it again",
            )

    def _decoder(self, dataset: Dataset) -> Callable[[int], Plane]:
        """What decodes a frame of this file."""
        label, syntax = self._header.path.name, self._header.transfer_syntax
        if not dataset.get("PixelData"):
            raise InputError.about(label, f"it has no pixels: {named('PixelData')} is missing, empty or cut off")
        if syntax == DEFLATED_FRAMES or (syntax == RLELossless and self.bits == 1):
            unpacked = _inflated if syntax == DEFLATED_FRAMES else _unrolled
            encoded = list(generate_frames(dataset.PixelData, number_of_frames=self.frames))
            return lambda index: self._whole(unpacked(encoded[index], self.rows * self.columns * 2))
        return self._bits(dataset) if self.bits == 1 and not syntax.is_encapsulated else self._by_pydicom(dataset)

    def _by_pydicom(self, dataset: Dataset) -> Callable[[int], Plane]:
        label, syntax = self._header.path.name, self._header.transfer_syntax
        decoder = decoder_of(self._header)
        if syntax.is_encapsulated and syntax != RLELossless:
            for data in generate_frames(dataset.PixelData, number_of_frames=self.frames):
                if frame_size(data) != (self.rows, self.columns):
                    raise InputError.about(
                        label, "a compressed frame has another size than its header says; copy it again"
                    )
        return lambda index: decoder.as_array(dataset, index=index, raw=True)[0]

    def _bits(self, dataset: Dataset) -> Callable[[int], Plane]:
        """Frames of packed bits, which follow each other without padding; the first bit is the lowest of its byte."""
        data = np.frombuffer(dataset.PixelData, dtype=np.uint8)
        count = self.rows * self.columns
        if data.size * 8 < self.frames * count:
            raise InputError.about(self._header.path.name, "its pixels are cut off; copy the file again")
        if not self._header.transfer_syntax.is_little_endian and dataset["PixelData"].VR == "OW":
            data = data[: data.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)  # words, whose bytes are swapped

        def decode(index: int) -> Plane:
            first, stop = index * count, (index + 1) * count
            bits = np.unpackbits(data[first // 8 : -(-stop // 8)], bitorder="little")
            return bits[first % 8 :][:count].reshape(self.rows, self.columns)

        return decode

    def _whole(self, data: bytes) -> Plane:
        """A frame that is decoded already: its numbers, or single bits, packed or one to a byte."""
        count = self.rows * self.columns
        numbers = np.frombuffer(data, dtype="<u2" if self.bits == 16 else np.uint8)
        if self.bits == 1 and numbers.size < count:
            numbers = np.unpackbits(numbers, bitorder="little")
        if numbers.size < count:
            raise ValueError("a frame is cut off")
        return numbers[:count].reshape(self.rows, self.columns)


def _inflated(data: bytes, limit: int) -> bytes:
    """The content of a raw deflate stream, up to a limit of bytes."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)


def _unrolled(data: bytes, limit: int) -> bytes:
    """The content of the one segment of a frame in RLE: runs of 2 to 128 bytes, and bytes as they are."""
    if int.from_bytes(data[:4], "little") != 1:
        raise ValueError("a frame of single bits has one segment")
    at, content = int.from_bytes(data[4:8], "little"), bytearray()
    if at < RLE_HEADER:
        raise ValueError("a segment begins inside of the header")
    while at + 1 < len(data) and len(content) < limit:
        control = data[at]
        if control < 128:
            content += data[at + 1 : at + control + 2]
            at += control + 2
        elif control > 128:
            content += data[at + 1 : at + 2] * (257 - control)
            at += 2
        else:
            at += 1
    return bytes(content)
