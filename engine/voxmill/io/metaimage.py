"""MetaImage files (.mha, .mhd): the header is checked here, the voxels are read by SimpleITK.

ITK takes a number that it cannot parse (nan) for 0, turns a negative spacing into a flip, and answers with the
compressed bytes where decompression fails; all of them are refused here.
"""

import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from voxmill.errors import InputError
from voxmill.io import itk
from voxmill.io.files import PIECE, beside, data_size, file_size, refuse_promise
from voxmill.io.raster import Raster, parse_spacing

LONGEST_HEADER = 2**20
YES = ("T", "t", "1")
"""What MetaIO takes for true, by the first letter."""
NUMBERS = ("Offset", "Position", "Origin", "TransformMatrix", "Rotation", "Orientation")
REQUIRED = ("NDims", "DimSize", "ElementType", "ElementDataFile")
BYTES = {
    **dict.fromkeys(("MET_CHAR", "MET_UCHAR"), 1),
    **dict.fromkeys(("MET_SHORT", "MET_USHORT"), 2),
    **dict.fromkeys(("MET_INT", "MET_UINT", "MET_LONG", "MET_ULONG", "MET_FLOAT"), 4),
    **dict.fromkeys(("MET_LONG_LONG", "MET_ULONG_LONG", "MET_DOUBLE"), 8),
}
"""Bytes per value by the type's name."""


@dataclass(frozen=True)
class Header:
    """The fields of a header by name, and where it ends in the file."""

    fields: dict[str, str]
    end: int

    @property
    def compressed(self) -> bool:
        """Whether the voxels are compressed."""
        return self.fields.get("CompressedData", "")[:1] in YES

    @property
    def text(self) -> bool:
        """Whether the voxels are written as text."""
        return self.fields.get("BinaryData", "True")[:1] not in YES


def read(path: Path, *, name: str, vectors: bool) -> Raster:
    """The raster in a MetaImage file."""
    header = parse_header(path)
    _refuse_place(path.name, header)
    _refuse_voxels(path, header)
    data = header.fields["ElementDataFile"]
    data_beside = None if data.lower() == "local" else data
    return itk.read_file(path, image_io="MetaImageIO", name=name, vectors=vectors, data=data_beside)


def parse_header(path: Path) -> Header:
    """The header of a MetaImage file; InputError when it has none."""
    file_size(path)
    fields: dict[str, str] = {}
    with path.open("rb") as stream:
        while "ElementDataFile" not in fields and (line := stream.readline(LONGEST_HEADER)):
            key, separator, value = os.fsdecode(line).partition("=")
            if not separator or stream.tell() > LONGEST_HEADER:
                break
            fields[key.strip()] = value.strip()
        missing = [key for key in REQUIRED if key not in fields]
        if missing:
            raise InputError(
                f"{path.name}: this is not a MetaImage file, or its header is damaged (no {', '.join(missing)}); "
                "convert the image again"
            )
        return Header(fields, stream.tell())


def _refuse_place(label: str, header: Header) -> None:
    for key in NUMBERS:
        _floats(label, header, key)
    spacing = _floats(label, header, "ElementSpacing") or _floats(label, header, "ElementSize")
    parse_spacing(label, spacing)
    if spacing and len(spacing) != len(_sizes(label, header)):
        raise _damaged(label, "ElementSpacing", header)


def _floats(label: str, header: Header, key: str) -> list[float]:
    try:
        numbers = [float(text) for text in header.fields.get(key, "").split()]
    except ValueError:
        numbers = [math.nan]
    if key not in ("ElementSpacing", "ElementSize") and not all(math.isfinite(number) for number in numbers):
        raise _damaged(label, key, header)
    return numbers


def _sizes(label: str, header: Header) -> list[int]:
    """The sizes x, y, z; as many of them as NDims says."""
    texts = header.fields["DimSize"].split()
    if header.fields["NDims"] != str(len(texts)) or not all(text.isdecimal() and int(text) > 0 for text in texts):
        raise _damaged(label, "DimSize", header)
    return [int(text) for text in texts]


def _damaged(label: str, key: str, header: Header) -> InputError:
    found = header.fields.get(key, "missing")
    return InputError(f"{label}: {key} in its header makes no sense ({found}); copy or convert the image again")


def _refuse_voxels(path: Path, header: Header) -> None:
    """Refuse voxels that cannot be in the file, or that ITK would read wrongly or from elsewhere."""
    if header.text:
        raise InputError(f"{path.name}: its voxels are written as text, which cannot be read; save it as binary")
    stream = _stream(path, header)
    promised = _promised(path.name, header)
    refuse_promise(path.name, promised, stream.length, compressed=header.compressed)
    if header.compressed and not stream.expands_to(promised):
        raise InputError(
            f"{path.name}: its voxels cannot be decompressed: the file is truncated or corrupt; copy it again"
        )


def _promised(label: str, header: Header) -> int:
    """The bytes of voxels that a header promises."""
    width = BYTES.get(header.fields["ElementType"])
    channels = header.fields.get("ElementNumberOfChannels", "1")
    if width is None:
        raise _damaged(label, "ElementType", header)
    if not channels.isdecimal():
        raise _damaged(label, "ElementNumberOfChannels", header)
    return math.prod(_sizes(label, header)) * width * int(channels)


@dataclass(frozen=True)
class Stream:
    """Where voxels lie in a file."""

    path: Path
    start: int
    length: int

    def expands_to(self, size: int) -> bool:
        """Whether this is a whole zlib or gzip stream of `size` bytes, checksum included; keeps nothing in memory."""
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS + 32)
        found, left = 0, self.length
        with self.path.open("rb") as file:
            file.seek(self.start)
            try:
                while not inflate.eof and found <= size and (block := file.read(min(PIECE, left))):
                    left -= len(block)
                    while block and found <= size:
                        found += len(inflate.decompress(block, PIECE))
                        block = inflate.unconsumed_tail
            except zlib.error:
                return False
        return inflate.eof and found == size


def _stream(path: Path, header: Header) -> Stream:
    data = header.fields["ElementDataFile"]
    if data == "LIST" or "%" in data:
        raise InputError(
            f"{path.name}: its voxels lie in several data files, which cannot be read; save it as one file"
        )
    local = data.lower() == "local"
    file = path if local else beside(path, data)
    skip = header.fields.get("HeaderSize", "0")
    if not skip.removeprefix("-").isdecimal() or (skip != "0" and (local or header.compressed)):
        raise _damaged(path.name, "HeaderSize", header)
    start = header.end if local else max(0, int(skip))
    length = data_size(path, file) - start
    if not header.compressed:
        return Stream(file, start, length)
    stored = header.fields.get("CompressedDataSize", "" if local else str(length))
    if not stored.isdecimal() or int(stored) > length:
        raise _damaged(path.name, "CompressedDataSize", header)
    return Stream(file, start, int(stored) or length)
