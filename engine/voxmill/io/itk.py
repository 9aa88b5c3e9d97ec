"""What SimpleITK reads, turned into rasters and one-sentence errors."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import SimpleITK as sitk

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.files import beside, require_readable
from voxmill.io.plain import plain_path
from voxmill.io.raster import Raster, in_space, place, refuse_complex, refuse_shape

T = TypeVar("T")
COMPLEX = (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64)
LABEL_MAPS = (sitk.sitkLabelUInt8, sitk.sitkLabelUInt16, sitk.sitkLabelUInt32, sitk.sitkLabelUInt64)


def read_file(path: Path, *, image_io: str, name: str, vectors: bool, data: str | None = None) -> Raster:
    """The raster in a file, read by this ITK class alone; refused by its header before voxels are read.

    `data` is the file that the header names for its voxels, as it is written there.
    """
    with plain_path(path, path.name[len(name) :], data=data) as plain:
        files = (path,) if data is None else (path, beside(path, data))
        return _read(files, plain, image_io=image_io, name=name, vectors=vectors)


def _read(files: Sequence[Path], plain: Path, *, image_io: str, name: str, vectors: bool) -> Raster:
    path, reader = files[0], _open_header(files, plain, image_io)
    _refuse_voxels(path.name, reader.GetPixelID())
    refuse_shape(path.name, in_space(reader.GetSize()), reader.GetNumberOfComponents(), vectors=vectors)
    grid = _header_grid(path.name, reader)
    try:
        image = _asked(reader.Execute, files)
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


def _asked(ask: Callable[[], T], files: Sequence[Path]) -> T:
    """What ITK answers; asked once more where it fails and these files can be read.

    Of a disk that is away for a moment it says the same as of a damaged file. Raises RuntimeError as ITK does, and
    InputError, with the system's error as its cause, where a file cannot be read.
    """
    with quiet():
        try:
            return ask()
        except RuntimeError:
            for file in files:
                require_readable(file)
            return ask()


def _open_header(files: Sequence[Path], plain: Path, image_io: str) -> sitk.ImageFileReader:
    """A reader of this ITK class that has read the header of the first of these files."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO(image_io)
    reader.SetFileName(str(plain))
    try:
        _asked(reader.ReadImageInformation, files)
    except RuntimeError as error:
        raise InputError(f"{files[0].name}: its header is damaged; copy or convert the image again") from error
    return reader


def grid_in(path: Path, image_io: str, *, suffix: str, data: str) -> Grid:
    """The grid that this ITK class finds in a file's header; `data` is the name of the file of its voxels."""
    with plain_path(path, suffix, data=data) as plain:
        return _header_grid(path.name, _open_header((path,), plain, image_io))


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
