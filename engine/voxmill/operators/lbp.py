"""The image types LBP: local binary patterns in slices and in space."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form, MoreNeededError, OnHost, Operator, Voxelwise
from voxmill_kernels.image import circle, lbp3d
from voxmill_kernels.image.box import Box, BoxTooSmallError
from voxmill_kernels.image.circle import Circle
from voxmill_kernels.image.sphere import icosphere
from voxmill_kernels.image.spline import HALO, scipy_coefficients
from voxmill_kernels.types import Array, Floats


@dataclass(frozen=True)
class Lbp2d(OnHost):
    """The local binary patterns of slices across an axis (0, 1, 2 for z, y, x; across z of a 2D image).

    As PyRadiomics 3.0.1, imageoperations.getLBP2DImage, with scikit-image's arithmetic; outside of the image all is 0.
    Codes are kept in the image's own type, float64 for a 2D image. Raises InputError for slices in which no circle
    fits.
    """

    axis: int = 0
    samples: int = 8
    radius: float = 1.0
    method: str = "uniform"

    exactness = Exactness.BYTES
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid and type; float64 for a 2D image."""
        del facts
        rows, columns = (source.grid.shape[axis] for axis in self._plane(source))
        if min(rows, columns) < _diameter(self.radius):
            raise InputError(
                f"its slices have {rows} x {columns} voxels, and LBP2D with a radius of {self.radius:g} needs "
                f"{_diameter(self.radius)} along both axes; choose a smaller radius or another axis"
            )
        return Form(source.grid, np.dtype(np.float64) if source.grid.dimensions == 2 else source.dtype)

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and the circle's reach around it, in its slices."""
        return (self._around(window, source).clip(source.grid.shape),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The codes of the window."""
        del facts
        across, rows, columns = self._across(at.source), *self._plane(at.source)
        slices = at.extended(boxes[0], self._around(at.window, at.source), "constant").swapaxes(0, across)
        first = (at.window.start[rows], at.window.start[columns])
        codes = circle.patterns(np.ascontiguousarray(slices), first, self._circle, self.method)
        return np.ascontiguousarray(_cast(codes, self.form(at.source, {}).dtype).swapaxes(0, across))

    @property
    def _circle(self) -> Circle:
        return circle.circle(self.samples, self.radius)

    def _across(self, source: Form) -> int:
        return 0 if source.grid.dimensions == 2 else self.axis

    def _plane(self, source: Form) -> tuple[int, int]:
        """The axes of rows and columns: where z stands in the place of the axis across."""
        axes = [0, 1, 2]
        across = self._across(source)
        axes[0], axes[across] = axes[across], axes[0]
        return axes[1], axes[2]

    def _around(self, window: Window, source: Form) -> Window:
        halo = [0, 0, 0]
        for axis, far in zip(self._plane(source), circle.reach(self._circle), strict=True):
            halo[axis] = far
        return window.grow((halo[0], halo[1], halo[2]))


def lbp3d_images(*, levels: int = 2, radius: float = 1.0, subdivision: int = 1) -> dict[str, tuple[Operator, ...]]:
    """The chains of operators that make the images of LBP3D, by PyRadiomics' names, in its order: levels, kurtosis."""
    patterns = Lbp3d(levels, radius, subdivision)
    return {f"lbp-3D-{name}": (patterns, Field(name)) for name in patterns.names}


@dataclass(frozen=True)
class Lbp3d(OnHost):
    """The local binary patterns in space: for every voxel the norms of levels m1, m2, ... and the kurtosis k.

    As PyRadiomics 3.0.1, imageoperations.getLBP3DImage, but everywhere and not in a region only; samples have the
    image's own type and are bit for bit SciPy's on x86-64, 0 outside of the image. The kurtosis is NaN where they do
    not vary. Raises InputError for a 2D image or one in which no sphere fits.
    """

    levels: int = 2
    radius: float = 1.0
    subdivision: int = 1

    exactness = Exactness.BYTES
    facts = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What it has for every voxel."""
        return (*(f"m{level + 1}" for level in range(self.levels)), "k")

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid; float64 under each of the names."""
        del facts
        if source.grid.dimensions == 2:
            raise InputError("it is a 2D image, and LBP3D needs a 3D one; choose LBP2D")
        if min(source.grid.shape) < _diameter(self.radius):
            z, y, x = source.grid.shape
            raise InputError(
                f"it has {x} x {y} x {z} voxels, and LBP3D with a radius of {self.radius:g} needs "
                f"{_diameter(self.radius)} along every axis; choose a smaller radius"
            )
        return Form(source.grid, np.dtype([(name, np.float64) for name in self.names]))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window, the sphere's reach and the halo of the spline's coefficients, which is mostly enough."""
        return (self._around(window, source).grow((HALO, HALO, HALO)).clip(source.grid.shape),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The levels and kurtosis of the window; raises MoreNeededError where its halo leaves a bit of them open."""
        shape, held = at.source.grid.shape, at.given[0]
        inner = self._around(at.window, at.source)
        try:
            found = scipy_coefficients(Box(boxes[0], held.start, shape), inner.start, inner.stop)
        except BoxTooSmallError as error:
            raise MoreNeededError(str(error)) from None
        centres = boxes[0][at.window.within(held).slices]
        made = lbp3d.patterns(Box(found, inner.start, shape), centres, at.window.start, self._points, self.levels)
        return made.view(self.form(at.source, facts).dtype)[..., 0]

    @property
    def _points(self) -> Floats:
        return icosphere(self.subdivision, self.radius)

    def _around(self, window: Window, source: Form) -> Window:
        far = lbp3d.reach(self._points)
        return window.grow((far, far, far)).clip(source.grid.shape)


@dataclass(frozen=True)
class Field(OnHost, Voxelwise):
    """One of several numbers that an image has for every voxel."""

    name: str

    exactness = Exactness.EQUAL
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, the type of the field."""
        del facts
        return Form(source.grid, source.dtype[self.name])

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The numbers of the box."""
        del at, facts
        return np.ascontiguousarray(boxes[0][self.name])


def _diameter(radius: float) -> int:
    """Of a circle or sphere and its centre, in whole voxels."""
    return 2 * math.ceil(radius) + 1


def _cast(codes: Floats, dtype: np.dtype[Any]) -> Array:
    """Codes in the type of an image as x86-64 casts them: cut off, what is too large or NaN without sense.

    Whole numbers pass through a register, of 64 bits for types as long, else of 32, in which all that it cannot hold is
    its lowest number; then their lowest bits are kept.
    """
    if dtype.kind == "f":
        return codes.astype(dtype)
    low = float(np.iinfo(np.int64 if dtype.itemsize == 8 else np.int32).min)
    high = 2.0**32 if dtype == np.uint32 else -low
    return np.where((codes >= low) & (codes < high), codes, low).astype(np.int64).astype(dtype)
