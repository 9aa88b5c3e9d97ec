"""The step crop: an image cut to a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from voxmill.grid import Window
from voxmill.operators.operator import At, Exactness, Facts, Form


@dataclass(frozen=True)
class Crop:
    """The voxels of a window, as an image of their own: its ends are true borders."""

    window: Window

    exactness = Exactness.EQUAL
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The grid of the window, the same type."""
        del facts
        return Form(source.grid.crop(self.window), source.dtype)

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The same voxels, counted from the start of the input."""
        del source
        return (window.moved(self.window.start),)

    def bytes_there(self, window: Window, source: Form) -> int:
        """None: the box is handed on."""
        del window, source
        return 0

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The box itself."""
        del at, facts
        return boxes[0]
