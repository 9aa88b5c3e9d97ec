"""Slices that are made up between those that are there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def filled(values: NDArray[Any], places: NDArray[np.float64], slices: int) -> NDArray[Any]:
    """Values at slices 0, 1, 2 … by linear interpolation along z between those at `places`, which ascend.

    (frames, rows, columns) to (slices, rows, columns), float32 (float64 for whole numbers of 32 bits and float64).
    Slices that are there keep their values.
    """
    made = np.empty((slices, *values.shape[1:]), np.float32 if np.can_cast(values.dtype, np.float32) else np.float64)
    for at in range(slices):
        after = min(int(np.searchsorted(places, at)), len(places) - 1)
        before = after if places[after] <= at else after - 1
        share = 0.0 if before == after else (at - places[before]) / (places[after] - places[before])
        made[at] = values[before] * (1.0 - share) + values[after] * share if share else values[before]
    return made
