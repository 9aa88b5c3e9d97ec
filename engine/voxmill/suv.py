"""The factor that turns the values of a PET image into standardised uptake values, and how it came about."""

import math
from dataclasses import dataclass

from voxmill.errors import InputError


@dataclass(frozen=True)
class Suv:
    """Standardised uptake value by body weight (g/ml): what an image's values are multiplied by.

    factor: None where there is none. how: in a sentence, how the factor came about, or why there is none.
    notes: what a reader of values that were multiplied should know. slopes, intercepts: by which stored values became
    those of the image, slice by slice as they are stored, in the order of the grid; one where all are alike.
    """

    factor: float | None
    how: str
    notes: tuple[str, ...] = ()
    slopes: tuple[float, ...] = ()
    intercepts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.factor is not None and not (math.isfinite(self.factor) and self.factor > 0):
            raise InputError(f"a factor of standardised uptake values is positive; found {self.factor}")
