"""PyRadiomics' operations on SimpleITK images that this engine has: checks, crops, bins, and steps before measuring."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voxmill.choices import Asked, choices_of
from voxmill.errors import RegionError
from voxmill.execute import derive, share
from voxmill.grid import Window
from voxmill.io import read_image, read_mask
from voxmill.io.formats import read_source
from voxmill.io.writing import image_of
from voxmill.operators.normalise import Normalise
from voxmill.operators.resegment import Resegment
from voxmill.pyradiomics.errors import RadiomicsError, refusals
from voxmill.pyradiomics.logs import logger as radiomics_logger
from voxmill.pyradiomics.parameters import settings_of, with_sigmas
from voxmill.pyradiomics_keys import BIN_WIDTH, FILTERS, TEXTURE
from voxmill.settings import Settings
from voxmill.volume import Mask, Source, Volume, require_same_dimensions, require_same_grid
from voxmill.voxels import Place, images_of, place_of

if TYPE_CHECKING:
    import SimpleITK as sitk

logger = radiomics_logger.getChild("imageoperations")

Images: TypeAlias = Iterator[tuple["sitk.Image", str, dict[str, Any]]]


def read(given: "sitk.Image | str | os.PathLike[str]", *, vectors: bool) -> "sitk.Image":
    """The image in a file, with several values per voxel where `vectors` are taken; or the SimpleITK image itself.

    Raises RadiomicsError (a ValueError) for a file that cannot be read.
    """
    if not isinstance(given, str | os.PathLike):
        return given
    with refusals():
        raster = read_source(given, kind="mask" if vectors else "image", vectors=vectors)
    return image_of(raster.array if raster.channels > 1 else raster.array[..., 0], raster.grid)


def getMask(mask: "sitk.Image", **kwargs: Any) -> "sitk.Image":
    """The channel `label_channel` of a mask as UInt32; raises RadiomicsError (a ValueError) where `label` is not."""
    with refusals():
        found = read_mask(mask, label_channel=kwargs.get("label_channel", 0))
        found.select((int(kwargs.get("label", 1)),))
    return image_of(found.layers[0].astype(np.uint32), found.grid)


def getBinEdges(parameterValues: NDArray[Any], **kwargs: Any) -> NDArray[Any] | list[Any]:
    """The edges of grey levels: `binCount` of equal width, or multiples of `binWidth` around all values."""
    values = np.asarray(parameterValues)
    if kwargs.get("binCount") is not None:
        edges = np.histogram(values, kwargs["binCount"])[1]
        edges[-1] += 1  # so that the largest value lies in the last bin
        return edges
    width = kwargs.get("binWidth", BIN_WIDTH)
    lowest = values.min()
    edges = np.arange(lowest - lowest % width, values.max() + 2 * width, width)
    return edges if len(edges) > 1 else [edges[0] - 0.5, edges[0] + 0.5]


def binImage(
    parameterMatrix: NDArray[Any],
    parameterMatrixCoordinates: Any = None,
    **kwargs: Any,
) -> tuple[NDArray[np.int_], NDArray[Any] | list[Any]]:
    """Grey levels, from 1, of the values at some places of an array (of all of them by default), and their edges."""
    places = ... if parameterMatrixCoordinates is None else parameterMatrixCoordinates
    edges = getBinEdges(np.ravel(parameterMatrix[places]), **kwargs)
    levels = np.zeros(parameterMatrix.shape, dtype=np.int_)
    levels[places] = np.digitize(parameterMatrix[places], edges)
    return levels, edges


def checkMask(
    imageNode: "sitk.Image",
    maskNode: "sitk.Image",
    **kwargs: Any,
) -> tuple[NDArray[np.int_], "sitk.Image | None"]:
    """The box of a label (first and last x, first and last y, ...), and its mask where correctMask had to move it.

    Raises RadiomicsError (a ValueError) for a region that cannot be measured. A mask that was moved has `label` only.
    """
    wanted = _only(kwargs, "label", "minimumROIDimensions", "minimumROISize", "correctMask", "geometryTolerance")
    with refusals():
        image, mask, place, label = _place(imageNode, maskNode, wanted)
        same = image.grid.matches(mask.grid, tolerance=kwargs.get("geometryTolerance") or 1e-6)
    flat = image.grid.dimensions
    start, stop = place.window.start[::-1][:flat], place.window.stop[::-1][:flat]
    box = np.array([end for first, behind in zip(start, stop, strict=True) for end in (first, behind - 1)])
    return box, None if same else _painted(place, image, label, _dtype(maskNode))


def cropToTumorMask(
    imageNode: "sitk.Image",
    maskNode: "sitk.Image",
    boundingBox: NDArray[np.int_],
    **kwargs: Any,
) -> tuple["sitk.Image", "sitk.Image"]:
    """Image and mask cut to a box of `checkMask` and `padDistance` voxels around it."""
    margin = int(kwargs.get("padDistance", 0))
    box = np.reshape(boundingBox, (-1, 2))
    ends = zip(box[:, 0].tolist(), box[:, 1].tolist(), maskNode.GetSize(), strict=True)
    cut = tuple(slice(max(0, first - margin), min(size, last + margin + 1)) for first, last, size in ends)
    return imageNode[cut], maskNode[cut]


def normalizeImage(image: "sitk.Image", **kwargs: Any) -> "sitk.Image":
    """The image less its mean, divided by its deviation, times normalizeScale, without outliers (removeOutliers)."""
    with refusals():
        volume = read_image(image)
        step = Normalise(kwargs.get("normalizeScale", 1), kwargs.get("removeOutliers"))
        return _sitk(derive(volume, step))


def resampleImage(
    imageNode: "sitk.Image",
    maskNode: "sitk.Image",
    **kwargs: Any,
) -> tuple["sitk.Image", "sitk.Image"]:
    """Image and mask of `label` on the grid of resampledPixelSpacing, in the box of the label and padDistance.

    Raises RadiomicsError (a ValueError) for a region that cannot be resampled. The mask has `label` only.
    """
    setting = _only(kwargs, "label", "resampledPixelSpacing", "interpolator", "padDistance")
    if setting.get("resampledPixelSpacing") is None:
        raise RadiomicsError("resampleImage: resampledPixelSpacing is missing; give the spacing in mm along x, y, z")
    with refusals():
        _, _, place, label = _place(imageNode, maskNode, {"minimumROIDimensions": 1, **setting})
        return _sitk(place.source), _painted(place, place.source, label, _dtype(maskNode))


def resegmentMask(
    imageNode: "sitk.Image",
    maskNode: "sitk.Image",
    **kwargs: Any,
) -> "sitk.Image":
    """The mask of `label` where intensities lie within resegmentRange, by resegmentMode.

    Raises RadiomicsError (a ValueError) for limits that make no sense, and where one voxel or none is left.
    """
    label = int(kwargs.get("label", 1))
    setting = _only(kwargs, "resegmentRange", "resegmentMode")
    with refusals():
        step = settings_of(setting, {}, {}).resegment
        if step is None:
            raise RegionError("resegmentRange is missing; give one limit or two")
        values, labels = read_image(imageNode).array, read_mask(maskNode)
        inside = labels.layers[0] == label
        kept = Resegment(step.range, step.mode).keep(values[inside])
        if kept.sum() <= 1:
            raise RegionError(
                f"resegmentation leaves {kept.sum()} of {kept.size} voxels; choose a wider resegmentRange"
            )
    inside[inside] = kept
    return image_of(inside.astype(np.int64) * label, labels.grid)


def getOriginalImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The image itself, the name of its image type, and the settings."""
    del inputMask
    yield inputImage, "original", kwargs


def getLoGImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The Laplacian of Gaussian for every one of `sigma`."""
    return _filtered("LoG", inputImage, inputMask, kwargs)


def getWaveletImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The bands of `wavelet`, from `start_level`, of `level` levels."""
    return _filtered("Wavelet", inputImage, inputMask, kwargs)


def getSquareImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The squared image."""
    return _filtered("Square", inputImage, inputMask, kwargs)


def getSquareRootImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The root of the image."""
    return _filtered("SquareRoot", inputImage, inputMask, kwargs)


def getLogarithmImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The logarithm of the image."""
    return _filtered("Logarithm", inputImage, inputMask, kwargs)


def getExponentialImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The exponential of the image."""
    return _filtered("Exponential", inputImage, inputMask, kwargs)


def getGradientImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """The magnitude of the gradient, per mm unless `gradientUseSpacing` is False."""
    return _filtered("Gradient", inputImage, inputMask, kwargs)


def getLBP2DImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """Local binary patterns of slices (`lbp2DRadius`, `lbp2DSamples`, `lbp2DMethod`)."""
    return _filtered("LBP2D", inputImage, inputMask, kwargs)


def getLBP3DImage(inputImage: "sitk.Image", inputMask: "sitk.Image", **kwargs: Any) -> Images:
    """Local binary patterns in space (`lbp3DLevels`, `lbp3DIcosphereRadius`, `lbp3DIcosphereSubdivision`)."""
    return _filtered("LBP3D", inputImage, inputMask, kwargs)


def _filtered(name: str, inputImage: "sitk.Image", inputMask: "sitk.Image", kwargs: dict[str, Any]) -> Images:
    """The images of an image type, whole, with their names and the settings; a warning where there are none."""
    del inputMask
    setting = with_sigmas(_only(kwargs, *TEXTURE, *FILTERS))
    if name == "LoG" and not setting.get("sigma"):
        return
    with refusals():
        settings = settings_of(setting, {name: {}}, {})
        image = read_image(inputImage)
        images, notes = images_of(image, settings)
    for note in notes:
        logger.warning(note)
    whole = [Window.whole(image.grid.shape)] * len(images)
    boxes = share([one.image for one in images], whole) if images else ()
    for one, box in zip(images, boxes, strict=True):
        yield image_of(box, one.image.grid), one.name, kwargs


def _place(imageNode: "sitk.Image", maskNode: "sitk.Image", setting: dict[str, Any]) -> tuple[Volume, Mask, Place, int]:
    """Where a label lies in an image as these settings prepare it."""
    settings = settings_of(setting, {}, {})
    image, mask = read_image(imageNode), read_mask(maskNode)
    require_same_dimensions(image, mask)
    if settings.resample is None and settings.mask_on_other_grid == "error":
        require_same_grid(image, mask, tolerance=settings.grid_tolerance)
    choice = _choice(mask, settings)
    return image, mask, place_of(image, mask, choice, settings), choice.label or 0


def _only(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}


def _choice(mask: Mask, settings: Settings) -> Asked:
    (choice,) = choices_of(mask, settings.labels, settings)
    return choice


def _dtype(image: "sitk.Image") -> np.dtype[Any]:
    """The type of its voxels."""
    import SimpleITK as sitk

    return sitk.GetArrayViewFromImage(image).dtype


def _painted(place: Place, source: Source, label: int, dtype: np.dtype[Any]) -> "sitk.Image":
    """The mask of a label, in this type, on the whole grid that it is read on."""
    painted = np.zeros(source.grid.shape, dtype=dtype)
    painted[place.window.slices][place.labels == place.number] = label
    return image_of(painted, source.grid)


def _sitk(source: Source) -> "sitk.Image":
    return image_of(source.read(Window.whole(source.grid.shape)), source.grid)
