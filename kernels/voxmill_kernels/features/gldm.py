"""Grey level dependence features (PyRadiomics' GLDM; IBSI family REK0)."""

import numpy as np

from voxmill_kernels.features.feature import deprecated, table
from voxmill_kernels.features.sizes import DEFINITIONS, NAMES
from voxmill_kernels.types import Floats

_ROWS = {
    "DependenceEntropy": ("Entropy", "FCBV"),
    "DependenceNonUniformity": ("SizeNonUniformity", "Z87G"),
    "DependenceNonUniformityNormalized": ("SizeNonUniformityNormalized", "OKJI"),
    "DependenceVariance": ("SizeVariance", "DNX2"),
    "GrayLevelNonUniformity": ("GrayLevelNonUniformity", "FP8K"),
    "GrayLevelVariance": ("GrayLevelVariance", "1PFV"),
    "HighGrayLevelEmphasis": ("HighGrayLevelEmphasis", "OAE7"),
    "LargeDependenceEmphasis": ("LargeEmphasis", "IMOQ"),
    "LargeDependenceHighGrayLevelEmphasis": ("LargeHighGrayLevelEmphasis", "9QMG"),
    "LargeDependenceLowGrayLevelEmphasis": ("LargeLowGrayLevelEmphasis", "NBZI"),
    "LowGrayLevelEmphasis": ("LowGrayLevelEmphasis", "TL9H"),
    "SmallDependenceEmphasis": ("SmallEmphasis", "SODN"),
    "SmallDependenceHighGrayLevelEmphasis": ("SmallHighGrayLevelEmphasis", "JA6D"),
    "SmallDependenceLowGrayLevelEmphasis": ("SmallLowGrayLevelEmphasis", "EQ3F"),
}
SOURCE = "PyRadiomics 3.0.1, gldm; IBSI 1 manual, neighbouring grey level dependence, 3D (KOBO)"
SIZE = "j one more than the neighbours of the same level"
FEATURES = table(
    "gldm",
    SOURCE,
    *(
        (name, ibsi, "bit" if formula == "Entropy" else "1", f"{DEFINITIONS[formula]}, {SIZE}")
        for name, (formula, ibsi) in _ROWS.items()
    ),
) + deprecated(
    "gldm",
    SOURCE,
    (
        "GrayLevelNonUniformityNormalized",
        "5SPA",
        "1",
        f"{DEFINITIONS['GrayLevelNonUniformityNormalized']}, {SIZE}",
        "Uniformity of firstorder",
    ),
    ("DependencePercentage", "6XV8", "1", "N / voxels: every voxel has a dependence", "1"),
)
_FORMULAS = (*(formula for formula, _ in _ROWS.values()), "GrayLevelNonUniformityNormalized")
_ORDER = np.array([NAMES.index(formula) for formula in _FORMULAS])


def gldm_features(values: Floats) -> Floats:
    """The values of FEATURES, in its order, from `size_features` of the dependences."""
    found = np.ones(len(FEATURES))
    found[: len(_ORDER)] = values[0, _ORDER]
    return found
