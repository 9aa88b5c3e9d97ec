"""Image files made by hand, header field by header field, sound or broken as a test needs them."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import ArrayLike

VOXELS = np.arange(24, dtype="<i2").tobytes()
"""Voxels of a 4 x 3 x 2 image of int16."""

NRRD = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "4 3 2",
    "space directions": "(1,0,0) (0,2,0) (0,0,3)",
    "space origin": "(1,2,3)",
    "endian": "little",
    "encoding": "raw",
}
METAIMAGE = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "1 2 3",
    "ElementSpacing": "1 2 3",
    "DimSize": "4 3 2",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}
QFORM = ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")
FLAT = {"dimension": "2", "sizes": "4 6", "spacings": "1 2", "space": "", "space directions": "", "space origin": ""}
"""What turns NRRD into a flat image."""


def write_nrrd(path: Path, fields: Mapping[str, str] = NRRD, data: bytes = VOXELS, **changes: str) -> Path:
    """A NRRD file; `changes` replace fields (spaces as underscores), an empty one removes it."""
    merged = {**fields, **{key.replace("_", " "): value for key, value in changes.items()}}
    lines = ["NRRD0005", *(f"{key}: {value}" for key, value in merged.items() if value)]
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + data)
    return path


def write_metaimage(path: Path, data: bytes = VOXELS, **changes: str) -> Path:
    """A MetaImage file; `changes` replace fields, an empty one removes it."""
    merged = {**METAIMAGE, **changes}
    last = merged.pop("ElementDataFile")
    lines = [f"{key} = {value}" for key, value in merged.items() if value]
    path.write_bytes("\n".join([*lines, f"ElementDataFile = {last}" if last else "", ""]).encode() + data)
    return path


def write_compressed_metaimage(path: Path, data: bytes, **changes: str) -> Path:
    """A MetaImage file around a compressed stream."""
    return write_metaimage(path, data, **{"CompressedData": "True", "CompressedDataSize": str(len(data)), **changes})


def nifti_header(
    size: Sequence[int] = (4, 3, 2),
    spacing: Sequence[float] = (1, 2, 3),
    *,
    sform: ArrayLike | None = None,
    sform_code: int = 1,
    qform: Sequence[float] | None = None,
    qform_code: int = 1,
    kind: type[nibabel.Nifti1Header] = nibabel.Nifti1Header,
    endianness: str = "<",
    dtype: str = "i2",
    **changes: object,
) -> nibabel.Nifti1Header:
    """A NIfTI header; `qform` is b, c, d, x, y, z; `changes` set fields by NIfTI's names."""
    header = kind(endianness=endianness)
    header.set_data_dtype(dtype)
    header["dim"] = [len(size), *size, *[1] * (7 - len(size))]
    header["pixdim"] = [1, *spacing, *[1] * (7 - len(spacing))]
    header["vox_offset"] = header.template_dtype.itemsize + 4
    header["magic"] = b"n+1" if kind is nibabel.Nifti1Header else b"n+2\0\r\n\032\n"
    header["scl_slope"] = 1
    header["scl_inter"] = 0
    if sform is not None:
        header["srow_x"], header["srow_y"], header["srow_z"] = np.asarray(sform)[:3]
        header["sform_code"] = sform_code
    if qform is not None:
        for key, number in zip(QFORM, qform, strict=True):
            header[key] = number
        header["qform_code"] = qform_code
    for key, value in changes.items():
        header[key] = value
    return header


def write_nifti(path: Path, header: nibabel.Nifti1Header | None = None, data: bytes = VOXELS) -> Path:
    """A NIfTI file in one piece, compressed by its suffix."""
    block = (header or nifti_header()).binaryblock + b"\0\0\0\0" + data
    path.write_bytes(gzipped(block) if path.name.endswith(".gz") else block)
    return path


def gzipped(data: bytes) -> bytes:
    """A gzip stream."""
    deflate = zlib.compressobj(wbits=31)
    return deflate.compress(data) + deflate.flush()
