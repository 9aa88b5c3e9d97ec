"""The catalogue: every feature there is, family by family, in the order of PyRadiomics' results."""

from collections.abc import Mapping
from types import MappingProxyType

from voxmill_kernels.features import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape
from voxmill_kernels.features.feature import Feature

FAMILIES: Mapping[str, tuple[Feature, ...]] = MappingProxyType(
    {
        "shape": shape.FEATURES,
        "firstorder": firstorder.FEATURES,
        "glcm": glcm.FEATURES,
        "gldm": gldm.FEATURES,
        "glrlm": glrlm.FEATURES,
        "glszm": glszm.FEATURES,
        "ngtdm": ngtdm.FEATURES,
    }
)
CATALOGUE: tuple[Feature, ...] = tuple(feature for features in FAMILIES.values() for feature in features)
