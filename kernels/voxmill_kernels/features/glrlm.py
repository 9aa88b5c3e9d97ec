"""Grey level run length features (IBSI family TP0I): each the mean over the directions that hold a line of two."""

import numpy as np

from voxmill_kernels.features.feature import table
from voxmill_kernels.features.sizes import DEFINITIONS, NAMES
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Sums

_ROWS = {
    "GrayLevelNonUniformity": ("GrayLevelNonUniformity", "R5YN"),
    "GrayLevelNonUniformityNormalized": ("GrayLevelNonUniformityNormalized", "OVBL"),
    "GrayLevelVariance": ("GrayLevelVariance", "8CE5"),
    "HighGrayLevelRunEmphasis": ("HighGrayLevelEmphasis", "G3QZ"),
    "LongRunEmphasis": ("LargeEmphasis", "W4KF"),
    "LongRunHighGrayLevelEmphasis": ("LargeHighGrayLevelEmphasis", "3KUM"),
    "LongRunLowGrayLevelEmphasis": ("LargeLowGrayLevelEmphasis", "IVPO"),
    "LowGrayLevelRunEmphasis": ("LowGrayLevelEmphasis", "V3SW"),
    "RunEntropy": ("Entropy", "HJ9O"),
    "RunLengthNonUniformity": ("SizeNonUniformity", "W92Y"),
    "RunLengthNonUniformityNormalized": ("SizeNonUniformityNormalized", "IC23"),
    "RunPercentage": ("Percentage", "9ZK5"),
    "RunVariance": ("SizeVariance", "SXLW"),
    "ShortRunEmphasis": ("SmallEmphasis", "22OV"),
    "ShortRunHighGrayLevelEmphasis": ("SmallHighGrayLevelEmphasis", "GD3A"),
    "ShortRunLowGrayLevelEmphasis": ("SmallLowGrayLevelEmphasis", "HTZT"),
}
FEATURES = table(
    "glrlm",
    "PyRadiomics 3.0.1, glrlm; IBSI 1 manual, grey level run length, 3D averaged (ITBB)",
    *(
        (name, ibsi, "bit" if formula == "Entropy" else "1", f"{DEFINITIONS[formula]}, j the length of a run")
        for name, (formula, ibsi) in _ROWS.items()
    ),
)
_ORDER = np.array([NAMES.index(formula) for formula, _ in _ROWS.values()])


def glrlm_features(values: Floats, runs: Sums) -> Floats:
    """The values of FEATURES, in its order, from `size_features` of every matrix; NaN when all are empty.

    There is a matrix for every direction, or a weighted one of all. `runs` is how many runs each has.
    """
    return _mean(values, runs)[_ORDER]


@njit
def _mean(values: Floats, runs: Sums) -> Floats:
    """Over the rows that have runs."""
    mean = np.zeros(values.shape[1])
    rows = 0
    for row in range(values.shape[0]):
        if runs[row] > 0:
            rows += 1
            for place in range(mean.shape[0]):
                mean[place] += values[row, place]
    return mean / rows
