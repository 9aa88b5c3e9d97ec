"""NIfTI files (.nii, .nii.gz, .hdr with .img), versions 1 and 2.

The header is parsed by nibabel; voxels are taken from the file as they are, because ITK turns NaN into 0 and overruns
its memory beyond four dimensions. The place is what ITK makes of a header (it weighs sform against qform), so that a
NIfTI file lies here where it lies in everything built on ITK. Where ITK gives up (a sheared sform without a qform,
NIfTI-2), the sform or else the qform is taken, with its shear.

Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.files import PIECE, file_size, refuse_promise
from voxmill.io.raster import Raster, in_space, parse_spacing, place, refuse_complex, refuse_shape

LARGEST_HEADER = 540
SUFFIXES = (".nii.gz", ".nii", ".hdr.gz", ".hdr")
MAGIC = {1: 344, 2: 4}
"""Where the magic string lies in a header, by NIfTI's version."""
GZIP = b"\x1f\x8b"
TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
"""NumPy's name of the type of voxels, by NIfTI's `datatype`."""
COLOURS = {128: 3, 2304: 4}
COMPLEX = (32, 1792, 2048)
VECTOR_INTENTS = (1005, 1006, 1007)
"""Symmetric matrix, displacement, vector: the fifth dimension counts the values of a voxel."""
UNITS = {1: 1000.0, 3: 0.001}
"""Millimetres per unit, by NIfTI's `xyzt_units`, where it is not mm."""
QFORM = ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Header:
    """What the header of a NIfTI file says, parsed."""

    path: Path
    data: Path
    fields: Any
    version: int

    @property
    def label(self) -> str:
        """How messages call the file."""
        return self.path.name

    @property
    def dims(self) -> tuple[int, ...]:
        """The sizes as stored: x, y, z, time, and so on; none where their number makes no sense."""
        rank, *sizes = (int(n) for n in self.fields["dim"])
        return tuple(sizes[:rank]) if 1 <= rank <= len(sizes) else ()

    @property
    def channels(self) -> int:
        """The number of values per voxel."""
        vector = int(self.fields["intent_code"]) in VECTOR_INTENTS and len(self.dims) == 5
        return COLOURS.get(int(self.fields["datatype"]), self.dims[4] if vector else 1)

    @property
    def size(self) -> tuple[int, ...]:
        """The sizes that space has: x, y (, z), and what else is larger than 1."""
        return in_space(self.dims[:4] if self.channels > 1 else self.dims)

    @property
    def pixdim(self) -> list[float]:
        """The stored distances between voxels along x, y (, z)."""
        return [float(step) for step in self.fields["pixdim"][1 : 1 + len(self.size)]]

    @property
    def sform(self) -> bool:
        """Whether the header has an sform."""
        return int(self.fields["sform_code"]) > 0

    @property
    def qform(self) -> bool:
        """Whether the header has a qform."""
        return int(self.fields["qform_code"]) > 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored voxels, byte order included."""
        return np.dtype(TYPES[int(self.fields["datatype"])]).newbyteorder(self.fields.endianness)

    @property
    def scaling(self) -> tuple[float, float]:
        """Slope and intercept as ITK reads them: what is not finite counts as 0, and a slope of 0 as 1."""
        slope, intercept = (float(self.fields[key]) for key in ("scl_slope", "scl_inter"))
        slope = slope if math.isfinite(slope) and abs(slope) >= EPSILON else 1.0
        return slope, intercept if math.isfinite(intercept) else 0.0


def read(path: Path, *, name: str, vectors: bool) -> Raster:
    """The raster in a NIfTI file."""
    suffix = path.name[len(name) :]
    if suffix not in (suffix.lower(), suffix.upper()):
        raise InputError(f"{path.name}: a NIfTI suffix in mixed case is not read; rename it to {name}{suffix.lower()}")
    header = parse_header(path)
    _refuse(header, vectors=vectors)
    grid = _grid(header)
    stored = np.frombuffer(_read_voxels(header), header.dtype)
    planes = stored.reshape((header.channels, *grid.shape))
    return Raster(np.moveaxis(_scale(planes, *header.scaling), 0, 3), grid, name)


def parse_header(path: Path) -> Header:
    """The header of a NIfTI file, or of a pair of files by either; InputError when it has none."""
    import nibabel

    first, second = _pair(path)
    file_size(path)
    file_size(first)
    with _opened(first) as stream:
        block = stream.read(LARGEST_HEADER)
    kinds: dict[int, Any] = {1: nibabel.Nifti1Header, 2: nibabel.Nifti2Header}
    for version, kind in kinds.items():
        length, magic = kind.template_dtype.itemsize, block[MAGIC[version] :][:4]
        if magic in (b"n+%d\0" % version, b"ni%d\0" % version) and len(block) >= length:
            fields = kind(binaryblock=block[:length], check=False)
            return Header(first, first if magic[1:2] == b"+" else second, fields, version)
    if block.startswith(GZIP) and not first.name.lower().endswith(".gz"):
        raise InputError(
            f"{first.name}: this file is compressed, its name does not say so; rename it to {first.name}.gz"
        )
    raise InputError(
        f"{path.name}: this is not a NIfTI file, whatever its name says (Analyze 7.5 is not read: it does not say "
        "where left and right are); convert the image again"
    )


def _pair(path: Path) -> tuple[Path, Path]:
    """The files of header and voxels."""
    lower = path.name.lower()
    packed = path.name[len(path.name) - 3 :] if lower.endswith(".gz") else ""
    stem = path.name[: len(path.name) - len(packed)]
    if not stem.lower().endswith((".hdr", ".img")):
        return path, path
    header, voxels = (".HDR", ".IMG") if stem[-4:].isupper() else (".hdr", ".img")
    return path.with_name(stem[:-4] + header + packed), path.with_name(stem[:-4] + voxels + packed)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        with path.open("rb") as file:
            start = file.read(LARGEST_HEADER)
        if not start.startswith(GZIP) and any(start[at : at + 1] == b"n" for at in MAGIC.values()):
            raise InputError(
                f"{path.name}: this file is not compressed, its name says that it is; rename it to {path.name[:-3]}"
            ) from error
        raise InputError(
            f"{path.name}: it cannot be decompressed: the file is truncated, corrupt or no gzip file; copy it again"
        ) from error


def _refuse(header: Header, *, vectors: bool) -> None:
    """Refuse what is no image, before its voxels are read."""
    code = int(header.fields["datatype"])
    if not header.dims or min(header.dims) < 1:
        raise InputError(
            f"{header.label}: the sizes in its header make no sense {header.dims}; convert the image again"
        )
    if code in COMPLEX:
        refuse_complex(header.label)
    refuse_shape(header.label, header.size, header.channels, vectors=vectors and code not in COLOURS)
    if code not in TYPES:
        raise InputError(
            f"{header.label}: voxels of NIfTI type {code} cannot be read; save it as 64-bit numbers or smaller"
        )
    parse_spacing(header.label, header.pixdim)


def _read_voxels(header: Header) -> bytes:
    """The bytes of the voxels; to its very end where the file is compressed, so that its checksum is verified."""
    offset = float(header.fields["vox_offset"])
    if not 0 <= offset < 2**40:
        raise InputError(
            f"{header.label}: the offset of its voxels makes no sense ({offset:g}); convert the image again"
        )
    promised = math.prod(header.dims) * header.dtype.itemsize
    compressed = header.data.name.lower().endswith(".gz")
    refuse_promise(header.data.name, int(offset) + promised, file_size(header.data), compressed=compressed)
    with _opened(header.data) as stream:
        stream.seek(int(offset))
        voxels = stream.read(promised)
        while stream.read(PIECE) if compressed else b"":
            pass
    refuse_promise(header.data.name, promised, len(voxels), compressed=False)
    return voxels


def _scale(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """What ITK makes of the stored numbers: integers become float32 first; the arithmetic is float64."""
    if abs(slope - 1) <= EPSILON and abs(intercept) <= EPSILON:
        return stored
    exact = stored.dtype.newbyteorder("=") if stored.dtype.kind == "f" else np.dtype(np.float32)
    scaled = stored.astype(exact).astype(np.float64)
    scaled *= slope
    scaled += intercept
    return scaled.astype(exact)


def _grid(header: Header) -> Grid:
    _refuse_unknown_place(header)
    if header.version == 1 and (header.qform or not header.sform or _square(header)):
        grid = _itk_grid(header)
    else:
        grid = _own_grid(header)
    _refuse_scales(header, grid)
    return grid


def _itk_grid(header: Header) -> Grid:
    from voxmill.io import itk

    suffix = next(end for end in SUFFIXES if header.path.name.lower().endswith(end))
    return itk.grid_in(header.path, "NiftiImageIO", suffix=suffix, data=header.data.name)


def _refuse_unknown_place(header: Header) -> None:
    forms = [header.fields.get_sform()] * header.sform
    forms += [header.fields[key] for key in QFORM] * header.qform
    if not all(np.isfinite(form).all() for form in forms):
        raise InputError(
            f"{header.label}: the sform or qform in its header holds numbers that are not finite; "
            "correct the header, or convert the image again"
        )


def _lps(header: Header) -> NDArray[np.float64]:
    """The sform's axes and origin in LPS, in the header's unit: 3 x 4."""
    affine: NDArray[np.float64] = np.diag([-1.0, -1.0, 1.0]) @ header.fields.get_sform()[:3]
    return affine


def _unit(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns at length 1, where they have a length."""
    unit: NDArray[np.float64] = axes / np.maximum(np.linalg.norm(axes, axis=0), np.finfo(np.float64).tiny)
    return unit


def _square(header: Header) -> bool:
    """Whether the sform's axes are at right angles, by ITK's own test."""
    axes = _unit(_lps(header)[:, :3])
    return bool(np.allclose(axes @ axes.T, np.eye(3), rtol=0, atol=1e-4))


def _own_grid(header: Header) -> Grid:
    """The place where ITK finds none: by the sform, with its shear; else by the qform; else by pixdim alone."""
    affine = np.eye(3, 4)
    if header.sform:
        affine = _lps(header)
    elif header.qform:
        affine = np.diag([-1.0, -1.0, 1.0]) @ header.fields.get_qform()[:3]
    rank = len(header.size)
    axes = affine[:rank, :rank]
    steps, lengths = np.asarray(header.pixdim), np.linalg.norm(axes, axis=0)
    if header.sform and not _square(header) and not np.allclose(lengths, steps, rtol=1e-3, atol=0):
        steps = lengths
    unit = UNITS.get(int(header.fields["xyzt_units"]) & 7, 1.0)
    return place(header.label, header.size, (steps * unit).tolist(), (affine[:rank, 3] * unit).tolist(), _unit(axes))


def _refuse_scales(header: Header, grid: Grid) -> None:
    """Refuse a square sform whose steps are not the spacing: ITK believes pixdim there, other software the sform."""
    axes = _lps(header)[:, :3]
    steps = np.linalg.norm(axes, axis=0)[: len(header.size)]
    if not header.sform or not _square(header) or np.allclose(steps, header.pixdim, rtol=1e-3, atol=0):
        return
    rank = len(header.size)
    if np.allclose(_unit(axes)[:rank, :rank], grid.direction[:rank, :rank], rtol=0, atol=1e-3):
        found = ", ".join(f"{step:.6g}" for step in steps)
        stored = ", ".join(f"{step:.6g}" for step in header.pixdim)
        raise InputError(
            f"{header.label}: its header gives two spacings: ({stored}) in pixdim, ({found}) in the sform; "
            "correct the one that is wrong"
        )
