"""A job that costs nothing, where the processes that do its cases can import it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Columns:
    """A job whose cases are numbers, and whose results are so many columns."""

    count: int

    def key(self, case: int) -> str:
        return f"{case:08}"

    def name(self, case: int) -> str:
        return f"case {case}"

    def known(self, case: int) -> Mapping[str, Any]:
        return {}

    def load(self, case: int) -> None:
        """There is nothing to load."""

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        return {f"original_family_Feature{number}": (case + number) / 7 for number in range(self.count)}
