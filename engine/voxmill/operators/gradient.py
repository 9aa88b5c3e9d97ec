"""The image type gradient: how steeply intensities change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form
from voxmill_kernels.image.gradient import magnitude


@dataclass(frozen=True)
class Gradient:
    """The length of the gradient as float32, by central differences; beyond a border its voxels go on.

    Per mm, or per voxel without `use_spacing`. As PyRadiomics 3.0.1, imageoperations.getGradientImage, with the
    arithmetic of ITK's GradientMagnitudeImageFilter.
    """

    use_spacing: bool = True

    exactness = Exactness.BYTES
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float32."""
        del facts
        return Form(source.grid, np.dtype(np.float32))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and one voxel around it."""
        return (window.grow((1, 1, 1)).clip(source.grid.shape),)

    def bytes_there(self, window: Window, source: Form) -> int:
        """The box in float64, within or without a voxel around it, and what is made of that."""
        del source
        return 16 * window.grow((1, 1, 1)).size

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The lengths in the box."""
        del facts
        box = at.extended(boxes[0], at.window.grow((1, 1, 1)), "edge")
        x, y, z = at.source.grid.spacing if self.use_spacing else (1.0, 1.0, 1.0)
        return magnitude(box, (z, y, x))
