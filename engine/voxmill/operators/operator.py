"""What an operator is: an image in, an image out, window by window, the same bytes whatever the windows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Window
from voxmill_kernels.array import namespace
from voxmill_kernels.image.floats import in_type


class Exactness(StrEnum):
    """How far an operator's values are the same from window to window, and from processor to processor."""

    EQUAL = "equal"
    """Whole numbers that no order of work can change."""
    BYTES = "bytes"
    """The same bytes everywhere: every value is made by the same operations in the same order."""
    BOUND = "bound"
    """Within a bound that the operator states."""


@dataclass(frozen=True)
class Form:
    """What an image is like: where its voxels lie, and their type."""

    grid: Grid
    dtype: np.dtype[Any]


class Fact(Protocol):
    """A small summary of a whole image, gathered box by box: boxes that share no voxel add up, in any order."""

    @classmethod
    def of(cls, box: NDArray[Any]) -> Self:
        """The fact of a box, z, y, x."""

    def __add__(self, other: Self) -> Self: ...


Facts = Mapping[type[Fact], Any]


@dataclass(frozen=True)
class At:
    """Where work takes place: the window to make, the windows that the boxes given hold, and the form of the input."""

    window: Window
    given: tuple[Window, ...]
    source: Form

    def extended(self, box: NDArray[Any], wanted: Window, mode: Literal["edge", "constant"]) -> NDArray[np.float64]:
        """The only box given as float64 of a window that may reach beyond the image: `numpy.pad` says how."""
        (held,) = self.given
        beyond = [(a - b, d - c) for a, b, c, d in zip(held.start, wanted.start, held.stop, wanted.stop, strict=True)]
        extended: NDArray[np.float64] = namespace(box).pad(in_type(box, np.float64), beyond, mode=mode)
        return extended


class Voxelwise:
    """What operators have in common that make every voxel of the voxel in its place."""

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window itself."""
        del source
        return (window,)


class OnHost:
    """What operators have in common that take no arrays of a device."""

    on_device = False

    def bytes_there(self, window: Window, source: Form) -> int:
        """None."""
        del window, source
        return 0


class MoreNeededError(Exception):
    """What an operator said that it needs is not enough for this window: it is to be asked again with more."""


class Operator(Protocol):
    """Frozen, pure and reentrant; never writes its input.

    Only an operator extends an image, and only at a true border: the end of a box is none.
    """

    @property
    def exactness(self) -> Exactness:
        """Its row of the table of exactness."""

    @property
    def on_device(self) -> bool:
        """Whether it takes arrays of a device too, and then makes one there, with the same exactness."""

    @property
    def facts(self) -> Sequence[type[Fact]]:
        """What it must know of its whole input first."""

    def form(self, source: Form, facts: Facts) -> Form:
        """The output's grid and type."""

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """Exactly what a window of the output needs of the input, clipped to it; several where it wraps around."""

    def bytes_there(self, window: Window, source: Form) -> int:
        """At most so many bytes of a device it takes to make a window there, beside the boxes given: what it makes too.

        0 where what it makes is what it is given. Tables, a few kB, are not counted.
        """

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The output's window, from boxes that hold the windows that it needs.

        Raises MoreNeededError where they leave values open; from the whole image it never does.
        """
