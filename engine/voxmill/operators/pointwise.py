"""The image types square, square root, logarithm and exponential: each voxel by itself, scaled by the largest one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form, Voxelwise
from voxmill_kernels.array import namespace
from voxmill_kernels.facts import Extremes
from voxmill_kernels.image.floats import in_type
from voxmill_kernels.types import Floats


class Pointwise(Voxelwise, ABC):
    """A function of each intensity as float64 and of the largest absolute one of the whole image, by NumPy or CuPy."""

    exactness = Exactness.BYTES
    on_device = True
    facts = (Extremes,)
    arrays = 1
    """How many of float64 it holds at once, the intensities among them."""

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float64; InputError where the function is no finite number, and PyRadiomics gives NaN."""
        extremes: Extremes = facts[Extremes]
        if not np.isfinite([extremes.lowest, extremes.highest]).all():
            raise InputError("it has voxels that are NaN or infinite: there is no largest intensity to scale by")
        with np.errstate(all="ignore"):
            made = self.of(np.array([extremes.lowest, 0, extremes.highest]), _largest(facts))
        if not np.isfinite(made).all():
            raise InputError(f"its largest absolute intensity is {_largest(facts):g}, which cannot be scaled by")
        return Form(source.grid, np.dtype(np.float64))

    def bytes_there(self, window: Window, source: Form) -> int:
        """The arrays, and the box in order."""
        return window.size * (8 * self.arrays + source.dtype.itemsize)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The function of the intensities of the box."""
        del at
        return self.of(in_type(boxes[0], np.float64), _largest(facts))

    @staticmethod
    @abstractmethod
    def of(values: Floats, largest: float) -> Floats:
        """The function of intensities, which it may overwrite."""


@dataclass(frozen=True)
class Square(Pointwise):
    """(c·x)² with c = 1 / √max|x| (PyRadiomics 3.0.1, imageoperations.getSquareImage)."""

    @staticmethod
    def of(values: Floats, largest: float) -> Floats:
        """The function of intensities, which it overwrites."""
        values *= 1 / np.sqrt(largest)
        values *= values
        return values


@dataclass(frozen=True)
class SquareRoot(Pointwise):
    """√(c·|x|) with the sign of x and c = max|x|; 0 where all is 0 (PyRadiomics 3.0.1, getSquareRootImage)."""

    arrays = 3

    @staticmethod
    def of(values: Floats, largest: float) -> Floats:
        """The function of intensities."""
        xp = namespace(values)
        made: Floats = xp.copysign(xp.sqrt(xp.abs(values) * largest), values)
        return made


@dataclass(frozen=True)
class Logarithm(Pointwise):
    """c·log(|x| + 1) with the sign of x and c = max|x| / log(max|x| + 1) (PyRadiomics 3.0.1, getLogarithmImage).

    The last digit is NumPy's for the processor at hand, or the device's.
    """

    exactness = Exactness.BOUND
    arrays = 3

    @staticmethod
    def of(values: Floats, largest: float) -> Floats:
        """The function of intensities."""
        xp = namespace(values)
        made: Floats = xp.copysign(xp.log(xp.abs(values) + 1), values)
        made *= largest / np.log(np.float64(largest) + 1)
        return made


@dataclass(frozen=True)
class Exponential(Pointwise):
    """exp(c·x) with c = log(max|x|) / max|x| (PyRadiomics 3.0.1, getExponentialImage).

    1 everywhere where the largest absolute intensity is 1. The last digit is NumPy's for the processor at hand, or
    the device's.
    """

    exactness = Exactness.BOUND

    @staticmethod
    def of(values: Floats, largest: float) -> Floats:
        """The function of intensities, which it overwrites."""
        values *= np.log(largest) / largest
        namespace(values).exp(values, out=values)
        return values


def _largest(facts: Facts) -> float:
    extremes: Extremes = facts[Extremes]
    return max(abs(extremes.lowest), abs(extremes.highest))
