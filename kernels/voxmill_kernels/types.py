"""What kernels take and give: arrays by what they hold, and numbers.

A single number read out of an array is a scalar of NumPy: `int` and `float` mean it too.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # of more than one type: intensities, labels, the levels of an arena
Binary: TypeAlias = NDArray[np.int8]  # 0 outside the region, 1 inside
Bools: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.uint32]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Singles: TypeAlias = NDArray[np.float32]
Sums: TypeAlias = NDArray[Any]  # whole numbers, int64; real ones, float64, where matrices are weighted

Spacing: TypeAlias = tuple[float, float, float]  # z, y, x in mm

COMPILED = (np.int16, np.float32, np.float64)
"""The types in which boxes of images are read. CT has int16; other whole numbers are few."""
