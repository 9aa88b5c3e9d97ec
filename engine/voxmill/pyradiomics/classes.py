"""All of PyRadiomics' feature classes."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voxmill.pyradiomics import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape, shape2D
from voxmill.pyradiomics.base import RadiomicsFeaturesBase
from voxmill.pyradiomics.results import Value

CLASSES: Mapping[str, type[RadiomicsFeaturesBase]] = {
    "firstorder": firstorder.RadiomicsFirstOrder,
    "glcm": glcm.RadiomicsGLCM,
    "gldm": gldm.RadiomicsGLDM,
    "glrlm": glrlm.RadiomicsGLRLM,
    "glszm": glszm.RadiomicsGLSZM,
    "ngtdm": ngtdm.RadiomicsNGTDM,
    "shape": shape.RadiomicsShape,
    "shape2D": shape2D.RadiomicsShape2D,
}
"""By the name of their module, in PyRadiomics' order."""


def computed(
    image: object, mask: object, wanted: Mapping[str, Sequence[str] | None], image_type: str, settings: dict[str, Any]
) -> "OrderedDict[str, Value]":
    """The features that are wanted, class by class, by column."""
    return OrderedDict(_computed(image, mask, wanted, image_type, settings))


def _computed(
    image: object, mask: object, wanted: Mapping[str, Sequence[str] | None], image_type: str, settings: dict[str, Any]
) -> Iterator[tuple[str, Value]]:
    for family, names in wanted.items():
        features = CLASSES[family](image, mask, **settings)
        for name in names or ():
            features.enableFeatureByName(name)
        for name, value in features.execute().items():
            yield f"{image_type}_{family}_{name}", value
