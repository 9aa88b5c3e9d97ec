"""What is promised of a figure, and whether a run keeps it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Found = TypeVar("Found")
"""What a run has found."""


@dataclass(frozen=True)
class Bound(Generic[Found]):
    """A sentence, the figure it is about, and the least or the most it may be.

    figure: raises KeyError where a run lacks it, TypeError where what it is made of is None.
    """

    sentence: str
    figure: Callable[[Found], float]
    least: float = float("-inf")
    most: float = float("inf")

    def verdict(self, found: Found) -> str:
        """A line: met, missed, or not measured."""
        bound = f"at least {self.least:,g}" if self.least > float("-inf") else f"at most {self.most:,g}"
        try:
            figure = self.figure(found)
        except (KeyError, TypeError):
            return f"{told()}{self.sentence} ({bound})"
        return f"{told(met=self.least <= figure <= self.most)}{self.sentence}: {figure:,.4g} ({bound})"


def told(*, met: bool | None = None) -> str:
    """How a line on something begins that was met or not, or was not measured."""
    return f"{'not measured' if met is None else 'met' if met else 'MISSED':14}"
