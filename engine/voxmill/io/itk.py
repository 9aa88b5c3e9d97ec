"""What SimpleITK reads, turned into rasters and one-sentence errors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.raster import Raster, place, refuse_complex, refuse_shape

COMPLEX = (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64)
LABEL_MAPS = (sitk.sitkLabelUInt8, sitk.sitkLabelUInt16, sitk.sitkLabelUInt32, sitk.sitkLabelUInt64)


def read_file(path: Path, *, image_io: str, name: str, vectors: bool) -> Raster:
    """The raster in a file, read by this ITK class alone; refused by its header before voxels are read."""
    reader = _open_header(path, image_io)
    _refuse_voxels(path.name, reader.GetPixelID())
    refuse_shape(path.name, reader.GetSize(), reader.GetNumberOfComponents(), vectors=vectors)
    grid = _grid(path.name, reader)
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
    refuse_shape(name, image.GetSize(), _components(image), vectors=vectors)
    grid = place(name, image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return _raster(image, grid, name)


def _open_header(path: Path, image_io: str) -> sitk.ImageFileReader:
    """A reader of this ITK class that has read a file's header."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO(image_io)
    reader.SetFileName(str(path))
    try:
        with quiet():
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{path.name}: its header is damaged; copy or convert the image again") from error
    return reader


def grid_in(path: Path, image_io: str) -> Grid:
    """The grid that this ITK class finds in a file's header."""
    return _grid(path.name, _open_header(path, image_io))


def _grid(label: str, reader: sitk.ImageFileReader) -> Grid:
    """The grid of a header; its full direction is kept, square or not."""
    return place(label, reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())


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
