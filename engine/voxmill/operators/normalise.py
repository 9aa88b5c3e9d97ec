"""The step normalise: intensities by the mean and deviation of the whole image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form, Voxelwise
from voxmill_kernels.facts import Moments
from voxmill_kernels.image.floats import in_type


@dataclass(frozen=True)
class Normalise(Voxelwise):
    """(x - mean) / deviation as float64, limited to `outliers` on both sides, times `scale`.

    As PyRadiomics 3.0.1, imageoperations.normalizeImage, with the arithmetic of ITK's NormalizeImageFilter. Raises
    InputError for an image that has no deviation, or voxels that are NaN or infinite.
    """

    scale: float = 1
    outliers: float | None = None

    exactness = Exactness.BYTES
    on_device = True
    facts = (Moments,)

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float64."""
        moments: Moments = facts[Moments]
        if not np.isfinite(moments.deviation):
            raise InputError("it has voxels that are NaN or infinite, or one voxel only: there is no deviation to use")
        if moments.deviation == 0:
            raise InputError(f"every voxel is {moments.mean:g}: there is no deviation to divide by")
        return Form(source.grid, np.dtype(np.float64))

    def bytes_there(self, window: Window, source: Form) -> int:
        """What is made, of float64, and the box in order."""
        return window.size * (8 + source.dtype.itemsize)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The normalised intensities of the box."""
        del at
        moments: Moments = facts[Moments]
        values = in_type(boxes[0], np.float64)
        values -= moments.mean
        values *= 1 / moments.deviation
        if self.outliers is not None:
            values.clip(-self.outliers, self.outliers, out=values)
        if self.scale != 1:
            values *= self.scale
        return values
