"""The table of file formats, and what a path or an image is read by."""

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from voxmill.errors import InputError
from voxmill.io.files import DICOM_SUFFIXES, file_size
from voxmill.io.raster import Raster

if TYPE_CHECKING:
    import SimpleITK as sitk

Readable: TypeAlias = "str | os.PathLike[str] | sitk.Image"


@dataclass(frozen=True)
class Format:
    """A kind of file: the endings of its names, and the module whose `read` reads it, loaded when it is needed."""

    suffixes: tuple[str, ...]
    module: str

    def read(self, path: Path, *, name: str, vectors: bool) -> Raster:
        """The raster in a file of this format."""
        raster: Raster = import_module(f"voxmill.io.{self.module}").read(path, name=name, vectors=vectors)
        return raster


FORMATS = (
    Format((".nii.gz", ".nii", ".hdr.gz", ".hdr", ".img.gz", ".img"), "nifti"),
    Format((".seg.nrrd", ".nrrd", ".nhdr"), "nrrd"),
    Format((".mha", ".mhd"), "metaimage"),
)
SUPPORTED = "DICOM, NIfTI (.nii, .nii.gz, .hdr with .img), NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd)"
APART = (".hdr", ".hdr.gz", ".img", ".img.gz", ".nhdr", ".mhd")
"""Endings of files whose voxels, or whose header, lie in another file beside them."""


def read_source(source: Readable, *, kind: str, vectors: bool) -> Raster:
    """The raster of a file or SimpleITK image; `kind` names an image that has no name of its own."""
    if not isinstance(source, str | os.PathLike):
        if not _is_image(source):
            found = type(source).__name__
            raise InputError(
                f"a path or a SimpleITK image can be read, not {found}; for arrays there are Volume and Mask"
            )
        from voxmill.io import itk

        return itk.from_image(source, name=kind, vectors=vectors)
    path = Path(source)
    suffix, found_format = format_of(path)
    return found_format.read(path, name=path.name[: -len(suffix)], vectors=vectors)


def is_dicom(path: Path) -> bool:
    """Whether a path leads to DICOM: a folder, a file that begins so, or one that is called so.

    A name of another format goes before the content: NIfTI may hold anything in its first bytes.
    """
    if names_a_format(path.name):
        return False
    if os.path.isdir(path):
        return True
    if path.name.lower().endswith(DICOM_SUFFIXES):
        return True
    from voxmill.io.dicom.headers import looks_like_dicom

    return looks_like_dicom(path)


def names_a_format(name: str) -> bool:
    """Whether a file is called as those of a format other than DICOM are."""
    return any(name.lower().endswith(suffix) for one in FORMATS for suffix in one.suffixes)


def parts_of(path: Path) -> list[Path]:
    """The files that an image or mask may lie in: all in a folder; a header and what is called like it beside it."""
    if path.is_dir():
        return [one for one in path.rglob("*") if one.is_file()]
    if path.name.lower().endswith(APART) and path.parent.is_dir():
        called = path.name.partition(".")[0]
        return [one for one in path.parent.iterdir() if one.name.partition(".")[0] == called]
    return [path]


def format_of(path: Path) -> tuple[str, Format]:
    """How a file's name ends, and the format that this stands for; InputError where it is none."""
    lower = path.name.lower()
    for candidate in FORMATS:
        for suffix in candidate.suffixes:
            if lower.endswith(suffix) and len(lower) > len(suffix):
                return suffix, candidate
    file_size(path)
    raise InputError(f"{path.name}: by its name this is no image that can be read; supported are {SUPPORTED}")


def _is_image(source: object) -> bool:
    """Whether this is an image of SimpleITK; there is none before SimpleITK is loaded."""
    loaded = sys.modules.get("SimpleITK")
    return loaded is not None and isinstance(source, loaded.Image)
