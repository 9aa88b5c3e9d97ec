"""What SimpleITK reads, turned into rasters and one-sentence errors."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.plain import plain_path
from voxmill.io.raster import Raster, in_space, place, refuse_complex, refuse_shape

COMPLEX = (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64)
LABEL_MAPS = (sitk.sitkLabelUInt8, sitk.sitkLabelUInt16, sitk.sitkLabelUInt32, sitk.sitkLabelUInt64)


def read_file(path: Path, *, image_io: str, name: str, vectors: bool, data: str | None = None) -> Raster:
    """The raster in a file, read by this ITK class alone; refused by its header before voxels are read.

    `data` is the file that the header names for its voxels, as it is written there.
    """
    with plain_path(path, path.name[len(name) :], data=data) as plain:
        return _read(path, plain, image_io=image_io, name=name, vectors=vectors)


def _read(path: Path, plain: Path, *, image_io: str, name: str, vectors: bool) -> Raster:
    reader = _open_header(path, plain, image_io)
    _refuse_voxels(path.name, reader.GetPixelID())
    refuse_shape(path.name, in_space(reader.GetSize()), reader.GetNumberOfComponents(), vectors=vectors)
    grid = _header_grid(path.name, reader)
    try:
        with quiet():
            image = reader.Execute()
    except (RuntimeError, MemoryError) as error:
        raise InputError(
            f"{path.name}: its voxels cannot be read: the file is truncated or corrupt; copy it again"
        ) from error
    return _raster(image, grid, name)


def from_image(image: sitk.Image, *, name: str, vectors: bool) -> Raster:
    """The raster in a SimpleITK image; its voxels are copied, because the image may change."""
    _refuse_voxels(name, image.GetPixelID())
    refuse_shape(name, in_space(image.GetSize()), _components(image), vectors=vectors)
    grid = _grid(name, image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return _raster(image, grid, name)


def _open_header(path: Path, plain: Path, image_io: str) -> sitk.ImageFileReader:
    """A reader of this ITK class that has read a file's header."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO(image_io)
    reader.SetFileName(str(plain))
    try:
        with quiet():
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{path.name}: its header is damaged; copy or convert the image again") from error
    return reader


def grid_in(path: Path, image_io: str, *, suffix: str, data: str) -> Grid:
    """The grid that this ITK class finds in a file's header; `data` is the name of the file of its voxels."""
    with plain_path(path, suffix, data=data) as plain:
        return _header_grid(path.name, _open_header(path, plain, image_io))


def _header_grid(label: str, reader: sitk.ImageFileReader) -> Grid:
    return _grid(label, reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())


def _grid(
    label: str, size: Sequence[int], spacing: Sequence[float], origin: Sequence[float], direction: Sequence[float]
) -> Grid:
    """The grid of a header or an image; its full direction is kept, square or not."""
    rank = len(in_space(size))
    axes = np.reshape(direction, (len(size), len(size)))[:rank, :rank]
    return place(label, size[:rank], spacing[:rank], origin[:rank], axes)


def _refuse_voxels(label: str, pixel_id: int) -> None:
    if pixel_id in COMPLEX:
        refuse_complex(label)
    if pixel_id in LABEL_MAPS:
        raise InputError(f"{label}: this is a label map without voxels; give SimpleITK's LabelMapToLabel of it")


def _components(image: sitk.Image) -> int:
    return int(image.GetNumberOfComponentsPerPixel())


def _raster(image: sitk.Image, grid: Grid, name: str) -> Raster:
    array = sitk.GetArrayFromImage(image)
    return Raster(np.reshape(array, (*grid.shape, _components(image))), grid, name, _segment_metadata(image))


def _segment_metadata(image: sitk.Image) -> dict[str, str]:
    """What an image says about segments, and nothing else of what it says; SimpleITK hands over bytes as surrogates."""
    keys = [key for key in image.GetMetaDataKeys() if key.startswith("Segment") and key.isascii()]
    return {key: image.GetMetaData(key).encode("utf-8", "surrogateescape").decode("utf-8", "replace") for key in keys}


class _Quiet:
    """How many reads are under way that ITK must not comment on, in all threads."""

    lock = threading.Lock()
    readers = 0
    before = True


@contextmanager
def quiet() -> Iterator[None]:
    """ITK's own warnings are off while any thread is in here, and afterwards as they were before."""
    with _Quiet.lock:
        if _Quiet.readers == 0:
            _Quiet.before = sitk.ProcessObject.GetGlobalWarningDisplay()
            sitk.ProcessObject.GlobalWarningDisplayOff()
        _Quiet.readers += 1
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.readers -= 1
            if _Quiet.readers == 0:
                sitk.ProcessObject.SetGlobalWarningDisplay(_Quiet.before)
