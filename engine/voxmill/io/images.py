"""Images: files and SimpleITK images to Volume."""

from voxmill.io.formats import Readable, read_source
from voxmill.volume import Volume


def read_image(source: Readable) -> Volume:
    """The image in a file (NIfTI, NRRD, MetaImage; a path) or in a SimpleITK image.

    Its values, type and grid are those that SimpleITK reads, but for NaN, which stays NaN, and for sheared grids, which
    stay sheared. Its name is the file's name without suffixes.

    Raises InputError, in one sentence, for everything that is not one image of numbers in 2 or 3 dimensions.
    """
    raster = read_source(source, kind="image", vectors=False)
    return Volume(raster.array[..., 0], raster.grid, name=raster.name)
