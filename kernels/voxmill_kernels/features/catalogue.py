"""The catalogue: every feature there is, by family, in the order of PyRadiomics' results; deprecated ones last."""

from collections.abc import Mapping
from types import MappingProxyType

from voxmill_kernels.features import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape, shape2d
from voxmill_kernels.features.feature import Feature

FAMILIES: Mapping[str, tuple[Feature, ...]] = MappingProxyType(
    {
        "shape": shape.FEATURES,
        "shape2D": shape2d.FEATURES,
        "firstorder": firstorder.FEATURES,
        "glcm": glcm.FEATURES,
        "gldm": gldm.FEATURES,
        "glrlm": glrlm.FEATURES,
        "glszm": glszm.FEATURES,
        "ngtdm": ngtdm.FEATURES,
    }
)
BY_DEFAULT: tuple[str, ...] = tuple(family for family in FAMILIES if family != "shape2D")
"""The families that are measured where none is named: shape2D is for regions of one slice."""
STANDARD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {family: tuple(f.name for f in features if not f.deprecated) for family, features in FAMILIES.items()}
)
"""The names of each family that are measured where none is named: all but the deprecated ones."""
CATALOGUE: tuple[Feature, ...] = tuple(feature for features in FAMILIES.values() for feature in features)
