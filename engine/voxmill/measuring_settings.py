"""How a region is measured in an image: its grey levels, and what counts as texture; image types may have their own."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from voxmill.errors import SettingsError, brief
from voxmill.models import Model, Real, Whole

MOST = 2**63 - 1
"""No larger whole number makes sense, and Python cannot even write one of thousands of digits."""
MOST_DISTANT = 50
"""A distance has 12 d² + 1 directions, each with a matrix of its own."""


def axis_letter(axis: str | None, dimensions: int) -> str | None:
    """z, y or x of an axis by letter, or first, second or third of so many dimensions; None where there is none."""
    letters = dict(zip(("first", "second", "third"), "zyx"[3 - dimensions :], strict=False))
    return letters.get(axis) if axis in ("first", "second", "third") else axis


class Discretise(Model):
    """How intensities become grey levels: exactly one of the two."""

    bin_width: Annotated[Real, Field(gt=0)] | None = None
    """Width of a grey level in the image's own unit (HU, SUV, …); edges lie at multiples of it."""
    bin_count: Annotated[Whole, Field(ge=1, le=65_535)] | None = None
    """How many grey levels of equal width from the region's minimum to its maximum."""

    def _require_sense(self) -> None:
        if self.bin_width is None and self.bin_count is None:
            raise SettingsError("give bin_width or bin_count")
        if self.bin_width is not None and self.bin_count is not None:
            raise SettingsError("bin_width and bin_count exclude each other; give one of them")


def _each_once(distances: tuple[int, ...]) -> tuple[int, ...]:
    """Distances in ascending order."""
    if not distances or len(set(distances)) < len(distances):
        raise ValueError(f"give at least one, each once; found {brief(list(distances))}")
    return tuple(sorted(distances))


SliceAxis: TypeAlias = Literal["z", "y", "x", "first", "second", "third"]
Distances: TypeAlias = Annotated[tuple[Annotated[Whole, Field(ge=1, le=MOST_DISTANT)], ...], AfterValidator(_each_once)]
Alpha: TypeAlias = Annotated[Whole, Field(ge=0, le=MOST)]
Truth: TypeAlias = Annotated[bool, Field(strict=True)]
Weighting: TypeAlias = Literal["manhattan", "euclidean", "infinity", "no_weighting"]
