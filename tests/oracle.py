"""PyRadiomics as an oracle."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

TOLERANCE = 1e-6
"""SimpleITK's own for grids, which PyRadiomics changes for the whole process."""
Inside = tuple[NDArray[np.bool_], NDArray[Any]]
"""The smallest box around a region, z, y, x, and the intensities in it in its order."""


def pyradiomics_features(
    radiomics: ModuleType, image: object, mask: object, parameters: Mapping[str, Any]
) -> dict[str, float]:
    """What PyRadiomics gives for SimpleITK images and a parameter file as a mapping, without its diagnostics."""
    result = _execute(radiomics, image, mask, parameters)
    return {name: float(value) for name, value in result.items() if not name.startswith("diagnostics_")}


def pyradiomics_diagnostics(
    radiomics: ModuleType, image: object, mask: object, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The diagnostics that it gives with features, in their order."""
    result = _execute(radiomics, image, mask, parameters)
    return {name: value for name, value in result.items() if name.startswith("diagnostics_")}


def _execute(radiomics: ModuleType, image: object, mask: object, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    with _quiet():
        extractor = radiomics.featureextractor.RadiomicsFeatureExtractor(dict(parameters))
        result: Mapping[str, Any] = extractor.execute(image, mask)
    return result


def pyradiomics_region(
    radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, setting: Mapping[str, Any]
) -> Inside:
    """The region that it measures for SimpleITK images and settings, by the steps of its own `execute`."""
    operations = radiomics.imageoperations
    with _quiet():
        extractor = radiomics.featureextractor.RadiomicsFeatureExtractor({"setting": dict(setting)})
        values = extractor.settings
        image, mask = extractor.loadImage(image, mask, None, **values)
        box, corrected = operations.checkMask(image, mask, **values)
        mask = mask if corrected is None else corrected
        if values.get("resegmentRange") is not None:
            mask = operations.resegmentMask(image, mask, **values)
            box, _ = operations.checkMask(image, mask, **values)
        image, mask = operations.cropToTumorMask(image, mask, box)
    pixels, labels = (sitk.GetArrayFromImage(one) for one in (image, mask))
    inside = labels == values["label"]
    return (inside if inside.ndim == 3 else inside[np.newaxis]), pixels[inside]


@contextmanager
def _quiet() -> Iterator[None]:
    """Its own warnings (of the libraries it loads, of divisions by zero) are not ours to fail on."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance(TOLERANCE)
            sitk.ProcessObject.SetGlobalDefaultDirectionTolerance(TOLERANCE)


def pyradiomics_shape2d(radiomics: ModuleType, mask: object, axis: int) -> dict[str, float]:
    """What its class shape2D gives for label 1 of a mask that is one voxel deep along `axis` (0 = z, 1 = y, 2 = x).

    Its extractor looks at another axis than the one that it is told to, so the class is asked itself.
    """
    shapes = radiomics.getFeatureClasses()["shape2D"](mask, mask, label=1, force2D=True, force2Ddimension=axis)
    for name in shapes.getFeatureNames():
        shapes.enableFeatureByName(name)
    return {f"original_shape2D_{name}": float(value) for name, value in shapes.execute().items()}
