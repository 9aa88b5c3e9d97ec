"""The image type LoG: the Laplacian of Gaussian, as ITK's LaplacianRecursiveGaussianImageFilter gives it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid, Window
from voxmill.operators.operator import At, Exactness, Facts, Form
from voxmill_kernels.array import namespace
from voxmill_kernels.image.bands import add_quotient, convolve
from voxmill_kernels.image.gaussian import LEAST, reach, table
from voxmill_kernels.image.reading import readable, readable_type

FEWEST = 4
"""The fewest voxels that an axis may have."""


def too_small(grid: Grid, sigma_mm: float) -> str | None:
    """Why an image is too small for this sigma, None where it is not: PyRadiomics, imageoperations.getLoGImage."""
    for axis in _axes(grid):
        size, needed = grid.shape[axis], max(FEWEST, math.ceil(_voxels(grid, sigma_mm, axis)) + 1)
        if size < needed:
            return (
                f"LoG with a sigma of {sigma_mm:g} mm needs at least {needed} voxels along {'zyx'[axis]}, and the "
                f"image has {size}; choose a smaller sigma, or leave LoG out"
            )
    return None


@dataclass(frozen=True)
class Laplacian:
    """The sum of the second derivatives of the image smoothed by a Gaussian, times the square of sigma, as float32.

    Beyond its borders an image goes on with the values that it has there. Sums are float64; what one pass along an axis
    hands to the next is rounded to float32, and passes have the order that they have in ITK: sharing them between the
    terms would be faster and no longer give the same float32. Values lie within 1e-6 of the image's deviation, or a
    unit in the last place, of ITK's: tables are cut where 1e-8 of the whole is left. Below 0.06 of the coarsest spacing
    ITK's own coefficients lose digits, and values lie within 1e-4. Beside the box three are held at once, of float32.

    Raises InputError for a sigma that is no positive number, or below 0.05 of that spacing, where soon none are left.
    """

    sigma_mm: float

    exactness = Exactness.BYTES
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float32."""
        del facts
        if not 0 < self.sigma_mm < math.inf:
            raise InputError(f"the sigma of LoG is a positive number of mm; found {self.sigma_mm:g}")
        coarsest = max(_spacing(source.grid, axis) for axis in _axes(source.grid))
        if self.sigma_mm < LEAST * coarsest:
            raise InputError(
                f"a LoG with a sigma of {self.sigma_mm:g} mm is too narrow for voxels {coarsest:g} mm apart; "
                f"choose a sigma of at least {LEAST * coarsest:g} mm"
            )
        return Form(source.grid, np.dtype(np.float32))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and, along every axis of the image, the voxels within reach."""
        halo = [0, 0, 0]
        for axis in _axes(source.grid):
            halo[axis] = reach(_voxels(source.grid, self.sigma_mm, axis))
        return (window.grow((halo[0], halo[1], halo[2])).clip(source.grid.shape),)

    def bytes_there(self, window: Window, source: Form) -> int:
        """The box in order, the total, and what two passes along axes make: each makes less than the one before."""
        (held,) = self.needs(window, source)
        largest = max(held.size // held.shape[axis] * window.shape[axis] for axis in _axes(source.grid))
        return held.size * readable_type(source.dtype).itemsize + 4 * window.size + 8 * largest

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The filtered window: a term for each axis, x first; the box shrinks with every pass."""
        del facts
        box = readable(boxes[0])
        total: NDArray[np.float32] = namespace(box).zeros(at.window.shape, dtype=np.float32)
        for axis in _axes(at.source.grid):
            add_quotient(self._second_derivative(box, axis, at), _spacing(at.source.grid, axis) ** 2, total)
        return total

    def _second_derivative(self, box: NDArray[Any], along: int, at: At) -> NDArray[np.float32]:
        """Along one axis, smoothed along the others, per voxel squared: first along that axis, then x, y and z."""
        curved = table(_voxels(at.source.grid, self.sigma_mm, along), 2) * self.sigma_mm**2
        made = convolve(box, curved, along, *_rows(at, along))
        for axis in _axes(at.source.grid):
            if axis != along:
                smooth = table(_voxels(at.source.grid, self.sigma_mm, axis), 0)
                made = convolve(made, smooth, axis, *_rows(at, axis))
        return made


def _rows(at: At, axis: int) -> tuple[int, int]:
    """Where the window begins in the box that is given, and how many voxels it has."""
    return at.window.start[axis] - at.given[0].start[axis], at.window.shape[axis]


def _axes(grid: Grid) -> Sequence[int]:
    """x, y and, where the image has it, z."""
    return (2, 1, 0)[: grid.dimensions]


def _spacing(grid: Grid, axis: int) -> float:
    return grid.spacing[2 - axis]


def _voxels(grid: Grid, sigma_mm: float, axis: int) -> float:
    return sigma_mm / _spacing(grid, axis)
