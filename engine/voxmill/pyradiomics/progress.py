"""What goes over something without reporting progress."""

from collections.abc import Iterable, Iterator
from typing import Any, Self


class Silent:
    """Takes what PyRadiomics gives to a progress bar, and shows nothing."""

    def __init__(self, iterable: Iterable[Any] = (), desc: str = "", total: int | None = None) -> None:
        self.iterable, self.desc, self.total = iterable, desc, total

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is to be closed."""

    def update(self, n: int = 1) -> None:
        """Nothing is to be shown."""
