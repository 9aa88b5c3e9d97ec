"""Whether two results are the same to the last bit, wherever their arrays lie."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from voxmill_kernels.array import to_host
from voxmill_kernels.types import Array


def differing(found: object, expected: object) -> tuple[int, Sequence[str]]:
    """How many arrays there are, and what is to be said of each that is not the same in both."""
    pairs = list(zip_longest(leaves(found), leaves(expected)))
    return len(pairs), [_apart(one, other) for one, other in pairs if not _same(one, other)]


def leaves(result: Any) -> Iterator[Array]:  # noqa: ANN401 - whatever kernels give
    """The arrays and numbers of a result, in order, on this machine."""
    if is_dataclass(result):
        for part in fields(result):
            yield from leaves(getattr(result, part.name))
    elif isinstance(result, tuple | list):
        for one in result:
            yield from leaves(one)
    else:
        yield np.asarray(to_host(result))


def _same(one: Array | None, other: Array | None) -> bool:
    if one is None or other is None:
        return False
    return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()


def _apart(one: Array | None, other: Array | None) -> str:
    if one is None or other is None or one.shape != other.shape or one.dtype != other.dtype:
        kinds = ["nothing" if each is None else f"{each.dtype} {each.shape}" for each in (one, other)]
        return " for ".join(kinds)
    words = [each.reshape(-1).view(np.uint8).reshape(each.size, each.itemsize) for each in (one, other)]
    places = np.flatnonzero((words[0] != words[1]).any(axis=1))
    first = places[0]
    return f"{len(places)} of {one.size} numbers, at {first} {one.flat[first]!r} for {other.flat[first]!r}"
