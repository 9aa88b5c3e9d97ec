"""The step suv: every intensity times a factor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form, Voxelwise
from voxmill_kernels.image.floats import in_type


@dataclass(frozen=True)
class Scale(Voxelwise):
    """x times `factor`, as float64."""

    factor: float

    exactness = Exactness.BYTES
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float64."""
        del facts
        return Form(source.grid, np.dtype(np.float64))

    def bytes_there(self, window: Window, source: Form) -> int:
        """What is made, of float64, and the box in order."""
        return window.size * (8 + source.dtype.itemsize)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The intensities of the box, multiplied."""
        del at, facts
        values: NDArray[Any] = in_type(boxes[0], np.float64)
        values *= self.factor
        return values
