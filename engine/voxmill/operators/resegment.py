"""The step resegment: which voxels of a region lie within limits of intensity."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Resegment:
    """The voxels of a region within the limits of a range, both included (PyRadiomics, imageoperations.resegmentMask).

    Limits are intensities (absolute), shares of the region's largest intensity (relative), or deviations (divisor n)
    from its mean (sigma), computed in the type in which NumPy gives these facts: float32 for float32.
    """

    range: tuple[float, ...]
    mode: str

    def limits(self, values: NDArray[Any]) -> list[Any]:
        """The limits, one or two, as intensities of a region, (voxels,) in the order of its box."""
        if self.mode == "relative":
            largest = values.max()
            return [largest * share for share in self.range]
        if self.mode == "sigma":
            mean, deviation = values.mean(), values.std()
            return [mean + deviation * number for number in self.range]
        return list(self.range)

    def keep(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the intensities of a region lie within the limits."""
        with np.errstate(over="ignore"):  # a limit beyond float32 is infinite there
            low, *high = self.limits(values)
            kept: NDArray[np.bool_] = values >= low
            return kept & (values <= high[0]) if high else kept
