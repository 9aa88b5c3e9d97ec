"""NRRD files (.nrrd, .nhdr): the header is checked here, the voxels are read by SimpleITK.

Source: the definition of the format at teem.sourceforge.net/nrrd/format.html. ITK keeps a sheared grid as it is, takes
an unknown spacing (nan) for 1 and turns a negative one into a flip; both are refused here.
"""

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

from voxmill.errors import InputError
from voxmill.io import itk
from voxmill.io.files import beside, data_size, file_size, refuse_promise
from voxmill.io.raster import Raster, parse_spacing

LONGEST_HEADER = 64 * 2**20
DOMAIN_KINDS = ("domain", "space", "time", "???", "none")
BYTES = {
    **dict.fromkeys(("signedchar", "int8", "int8_t", "uchar", "unsignedchar", "uint8", "uint8_t"), 1),
    **dict.fromkeys(("short", "shortint", "signedshort", "signedshortint", "int16", "int16_t"), 2),
    **dict.fromkeys(("ushort", "unsignedshort", "unsignedshortint", "uint16", "uint16_t"), 2),
    **dict.fromkeys(("int", "signedint", "int32", "int32_t", "uint", "unsignedint", "uint32", "uint32_t"), 4),
    **dict.fromkeys(("longlong", "longlongint", "signedlonglong", "signedlonglongint", "int64", "int64_t"), 8),
    **dict.fromkeys(("ulonglong", "unsignedlonglong", "unsignedlonglongint", "uint64", "uint64_t"), 8),
    "float": 4,
    "double": 8,
}
"""Bytes per value by the type's name, spaces removed."""


@dataclass(frozen=True)
class Header:
    """The fields of a header by name (lower case, spaces removed), and where it ends in the file."""

    fields: dict[str, str]
    end: int

    @property
    def coloured(self) -> bool:
        """Whether the values of a voxel are a colour."""
        return "-color" in self.fields.get("kinds", "").lower()


def read(path: Path, *, name: str, vectors: bool) -> Raster:
    """The raster in a NRRD file."""
    header = parse_header(path)
    _refuse_spacing(path.name, header)
    _refuse_size(path, header)
    vectors = vectors and not header.coloured
    data = header.fields.get("datafile")
    return itk.read_file(path, image_io="NrrdImageIO", name=name, vectors=vectors, data=data)


def parse_header(path: Path) -> Header:
    """The header of a NRRD file; InputError when it has none."""
    file_size(path)
    fields = {}
    with path.open("rb") as stream:
        if not stream.readline(16).startswith(b"NRRD"):
            raise InputError(f"{path.name}: this is not a NRRD file, whatever its name says; convert the image again")
        while (line := stream.readline(LONGEST_HEADER).strip()) and stream.tell() < LONGEST_HEADER:
            key, separator, value = os.fsdecode(line).partition(": ")
            if separator and not key.startswith("#") and ":=" not in key:
                fields[key.lower().replace(" ", "")] = value.strip()
        return Header(fields, stream.tell())


def _refuse_spacing(label: str, header: Header) -> None:
    """ITK hides an unknown spacing and explains a spacing of zero at length: look first."""
    kinds = header.fields.get("kinds", "").lower().split()
    spacings = header.fields.get("spacings", "").split()
    in_space = [axis >= len(kinds) or kinds[axis] in DOMAIN_KINDS for axis in range(len(spacings))]
    parse_spacing(label, [_number(text) for text, domain in zip(spacings, in_space, strict=True) if domain])
    vectors = re.findall(r"\(([^)]*)\)", header.fields.get("spacedirections", ""))
    parse_spacing(label, [math.hypot(*map(_number, vector.split(","))) for vector in vectors])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refuse_size(path: Path, header: Header) -> None:
    """Refuse voxels that cannot be in the file, or that lie in files which we do not follow."""
    encoding = header.fields.get("encoding", "raw").lower()
    if encoding in ("bzip2", "bz2"):
        raise InputError(f"{path.name}: its voxels are compressed with bzip2, which cannot be read; save it with gzip")
    available = _available(path, header)
    voxels = math.prod(int(n) for n in header.fields.get("sizes", "").split() if n.isdecimal())
    width = 1 if encoding in ("ascii", "text", "txt") else BYTES.get(header.fields.get("type", "").replace(" ", ""), 1)
    refuse_promise(path.name, voxels * width, available, compressed=encoding in ("gzip", "gz"))


def _available(path: Path, header: Header) -> int:
    data = header.fields.get("datafile")
    if data is None:
        return path.stat().st_size - header.end
    if data.split()[:1] == ["LIST"] or "%" in data:
        raise InputError(
            f"{path.name}: its voxels lie in several data files, which cannot be read; save it as one file"
        )
    return data_size(path, beside(path, data))
