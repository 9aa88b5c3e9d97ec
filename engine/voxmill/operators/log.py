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
from voxmill_kernels.image.bands import convolve
from voxmill_kernels.image.gaussian import LEAST, reach, table
from voxmill_kernels.types import Array, Floats

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

    Beyond its borders an image goes on with the values that it has there. Sums are float64, rounded to float32 once, at
    the end. ITK rounds after every axis: its values lie within 1e-6 of the image's deviation, or a unit in the last
    place, of these; tables are cut where 1e-8 of the whole is left.

    Raises InputError for a sigma that is no positive number, or too small for the spacing of the image.
    """

    sigma_mm: float

    exactness = Exactness.BYTES
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float32."""
        del facts
        if not 0 < self.sigma_mm < math.inf:
            raise InputError(f"the sigma of LoG is a positive number of mm; found {self.sigma_mm:g}")
        coarsest = max(_spacing(source.grid, axis) for axis in _axes(source.grid))
        if self.sigma_mm < LEAST * coarsest:
            raise InputError(
                f"a LoG with a sigma of {self.sigma_mm:g} mm sees nothing of voxels {coarsest:g} mm apart; "
                f"choose a sigma of at least {LEAST * coarsest:g} mm"
            )
        return Form(source.grid, np.dtype(np.float32))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and, along every axis of the image, the voxels within reach."""
        halo = [0, 0, 0]
        for axis in _axes(source.grid):
            halo[axis] = reach(_voxels(source.grid, self.sigma_mm, axis))
        return (window.grow((halo[0], halo[1], halo[2])).clip(source.grid.shape),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The filtered window, axis by axis, x first; the box shrinks with every pass.

        Smooth boxes are smoothed along all axes so far; curved ones hold the terms of these axes, added up.
        """
        del facts
        made: Array = boxes[0][np.newaxis]
        axes = _axes(at.source.grid)
        for axis in axes:
            smooth, curved = (self._weights(at.source.grid, axis, order) for order in (0, 2))
            nothing = np.zeros_like(smooth)
            rows = [[smooth, nothing], [curved, smooth]]
            wanted = slice(1, 2) if axis == axes[-1] else slice(2)
            made = convolve(made, np.array(rows)[wanted, : len(made)], axis, *_rows(at, axis))
        curvature: Array = made[0].astype(np.float32)
        return curvature

    def _weights(self, grid: Grid, axis: int, order: int) -> Floats:
        """The Gaussian along an axis, or its second derivative per mm² times the square of sigma."""
        weights = table(_voxels(grid, self.sigma_mm, axis), order)
        return weights if order == 0 else weights * (self.sigma_mm / _spacing(grid, axis)) ** 2


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
