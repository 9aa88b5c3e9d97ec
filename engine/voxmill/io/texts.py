"""Texts in the headers of NIfTI, NRRD and MetaImage files that say nothing about voxels: anything may stand there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxmill.errors import InputError
from voxmill.io import metaimage
from voxmill.io.files import file_size
from voxmill.io.formats import format_of

LONGEST_HEADER = 2**20
NIFTI = ("descrip", "aux_file", "intent_name", "db_name")
META_IMAGE = frozenset(
    (
        "ObjectType",
        "NDims",
        "BinaryData",
        "BinaryDataByteOrderMSB",
        "ElementByteOrderMSB",
        "CompressedData",
        "CompressedDataSize",
        "CompressionLevel",
        "TransformMatrix",
        "Offset",
        "Position",
        "Origin",
        "Orientation",
        "Rotation",
        "CenterOfRotation",
        "AnatomicalOrientation",
        "ElementSpacing",
        "ElementSize",
        "DimSize",
        "ElementType",
        "ElementNumberOfChannels",
        "ElementDataFile",
        "HeaderSize",
        "Modality",
        "ElementMin",
        "ElementMax",
        "ElementToIntensityFunctionSlope",
        "ElementToIntensityFunctionOffset",
    )
)
"""Fields that say what the voxels are."""


def header_texts(path: Path) -> Mapping[str, str]:
    """Texts by the names of their fields; InputError for a file of another format, or one that cannot be read."""
    _, found = format_of(path)
    file_size(path)
    return {"nifti": _nifti, "nrrd": _nrrd, "metaimage": _metaimage}[found.module](path)


def _nifti(path: Path) -> dict[str, str]:
    import nibabel as nib

    try:
        header: Any = nib.load(path).header
    except Exception:  # nibabel raises many kinds for what is damaged
        raise InputError(f"{path.name}: its header is damaged; copy or convert the image again") from None
    texts = {name: bytes(header[name].item()).decode("latin-1") for name in NIFTI if name in header}
    extensions = {f"extension {one.get_code()}": "present" for one in getattr(header, "extensions", ())}
    return texts | extensions


def _nrrd(path: Path) -> dict[str, str]:
    """Key/value pairs (:=), and the field that describes the content."""
    pairs = {key: value for key, sign, value in _lines(path, ":=") if sign}
    return pairs | {key: value for key, _, value in _lines(path, ": ") if key == "content"}


def _metaimage(path: Path) -> dict[str, str]:
    return {key: value for key, value in metaimage.parse_header(path).fields.items() if key not in META_IMAGE}


def _lines(path: Path, sign: str) -> list[tuple[str, str, str]]:
    """The lines of a header, up to the empty one, each cut at a sign."""
    with path.open("rb") as file:
        text = file.read(LONGEST_HEADER)
    lines = text.split(b"\n\n")[0].decode("latin-1").splitlines()
    parts = (line.partition(sign) for line in lines if not line.startswith("#"))
    return [(key.strip(), found, value.strip()) for key, found, value in parts]
