"""Grey level size zone features (IBSI family 9SAK)."""

import numpy as np

from voxmill_kernels.features.feature import table
from voxmill_kernels.features.sizes import DEFINITIONS, NAMES
from voxmill_kernels.types import Floats

_ROWS = {
    "GrayLevelNonUniformity": ("GrayLevelNonUniformity", "JNSA"),
    "GrayLevelNonUniformityNormalized": ("GrayLevelNonUniformityNormalized", "Y1RO"),
    "GrayLevelVariance": ("GrayLevelVariance", "BYLV"),
    "HighGrayLevelZoneEmphasis": ("HighGrayLevelEmphasis", "5GN9"),
    "LargeAreaEmphasis": ("LargeEmphasis", "48P8"),
    "LargeAreaHighGrayLevelEmphasis": ("LargeHighGrayLevelEmphasis", "J17V"),
    "LargeAreaLowGrayLevelEmphasis": ("LargeLowGrayLevelEmphasis", "YH51"),
    "LowGrayLevelZoneEmphasis": ("LowGrayLevelEmphasis", "XMSY"),
    "SizeZoneNonUniformity": ("SizeNonUniformity", "4JP3"),
    "SizeZoneNonUniformityNormalized": ("SizeNonUniformityNormalized", "VB3A"),
    "SmallAreaEmphasis": ("SmallEmphasis", "5QRC"),
    "SmallAreaHighGrayLevelEmphasis": ("SmallHighGrayLevelEmphasis", "HW1V"),
    "SmallAreaLowGrayLevelEmphasis": ("SmallLowGrayLevelEmphasis", "5RAI"),
    "ZoneEntropy": ("Entropy", "GU8N"),
    "ZonePercentage": ("Percentage", "P30P"),
    "ZoneVariance": ("SizeVariance", "3NSA"),
}
FEATURES = table(
    "glszm",
    "PyRadiomics 3.0.1, glszm; IBSI 1 manual, grey level size zone, 3D (KOBO)",
    *(
        (name, ibsi, "bit" if formula == "Entropy" else "1", f"{DEFINITIONS[formula]}, j the voxels of a zone")
        for name, (formula, ibsi) in _ROWS.items()
    ),
)
_ORDER = np.array([NAMES.index(formula) for formula, _ in _ROWS.values()])


def glszm_features(values: Floats) -> Floats:
    """The values of FEATURES, in its order, from `size_features` of the zones."""
    return values[0, _ORDER]
