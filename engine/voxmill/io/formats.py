"""The table of file formats, and what a path or an image is read by."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from voxmill.errors import InputError
from voxmill.io import itk, metaimage, nifti, nrrd
from voxmill.io.files import file_size
from voxmill.io.raster import Raster

Source = str | os.PathLike[str] | sitk.Image


@dataclass(frozen=True)
class Format:
    """A kind of file: the endings of its names, and its reader."""

    suffixes: tuple[str, ...]
    read: Callable[..., Raster]


FORMATS = (
    Format((".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img"), nifti.read),
    Format((".seg.nrrd", ".nrrd", ".nhdr"), nrrd.read),
    Format((".mha", ".mhd"), metaimage.read),
)
SUPPORTED = "NIfTI (.nii, .nii.gz, .hdr with .img), NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd)"


def read_source(source: Source, *, kind: str, vectors: bool) -> Raster:
    """The raster of a file or SimpleITK image; `kind` names an image that has no name of its own."""
    if isinstance(source, sitk.Image):
        return itk.from_image(source, name=kind, vectors=vectors)
    if not isinstance(source, str | os.PathLike):
        found = type(source).__name__
        raise InputError(f"a path or a SimpleITK image can be read, not {found}; for arrays there are Volume and Mask")
    path = Path(source)
    suffix, found_format = _format(path)
    return found_format.read(path, name=path.name[: -len(suffix)], vectors=vectors)


def _format(path: Path) -> tuple[str, Format]:
    lower = path.name.lower()
    for candidate in FORMATS:
        for suffix in candidate.suffixes:
            if lower.endswith(suffix) and len(lower) > len(suffix):
                return suffix, candidate
    file_size(path)
    raise InputError(f"{path.name}: by its name this is no image that can be read; supported are {SUPPORTED}")
