"""Images: files, folders of DICOM and SimpleITK images to Volume."""

import os
from pathlib import Path

from voxmill.errors import SettingsError
from voxmill.io.formats import Readable, is_dicom, read_source
from voxmill.volume import Volume


def read_image(source: Readable, *, series: str | int | None = None, allow_gaps: bool = False) -> Volume:
    """The image in a file (NIfTI, NRRD, MetaImage, DICOM; a path), a folder of DICOM, or a SimpleITK image.

    Its values, type and grid are those that SimpleITK reads, but for NaN, which stays NaN, and for sheared grids, which
    stay sheared. Its name is the file's name without suffixes, of DICOM that of the file or folder. Of DICOM, `series`
    (UID, number, or pattern of descriptions) says which one where a folder holds several, and `allow_gaps` has missing
    slices made up by linear interpolation, with a note; PET is float32, with the factor of its SUV beside it.

    Raises InputError, in one sentence, for everything that is not one image of numbers in 2 or 3 dimensions, and
    SettingsError for what only DICOM has.
    """
    if isinstance(source, str | os.PathLike) and is_dicom(Path(source)):
        from voxmill.io.dicom.reading import read_dicom

        return read_dicom(Path(source), series=series, allow_gaps=allow_gaps)
    if series is not None or allow_gaps:
        raise SettingsError("series and allow_gaps are for DICOM; leave them out for other images")
    raster = read_source(source, kind="image", vectors=False)
    return Volume(raster.array[..., 0], raster.grid, name=raster.name)
