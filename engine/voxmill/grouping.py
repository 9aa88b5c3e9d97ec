"""Things in groups of bounded size: what is held at a time follows bytes, not how many things there are."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
GROUP_BYTES = 2**24
"""The most that a group holds, but for one thing that is larger."""


def grouped(things: Iterable[T], size: Callable[[T], int], most: int = GROUP_BYTES) -> Iterator[list[T]]:
    """Things in their order, in groups of at most so many bytes; what is larger is a group of its own."""
    group: list[T] = []
    held = 0
    for thing in things:
        its = size(thing)
        if group and held + its > most:
            yield group
            group, held = [], 0
        group.append(thing)
        held += its
    if group:
        yield group
