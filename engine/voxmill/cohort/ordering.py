"""Results by rank, however many there are: written to one file as they come, and read back in order, one at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import numpy as np


class Ranked(NamedTuple):
    """The result of a case: its rank among all, and how many bytes it takes as text, once it is written."""

    rank: int
    result: Mapping[str, Any]
    bytes: int = 0


@contextmanager
def by_rank(results: Iterable[Ranked], count: int, folder: Path) -> Iterator[Iterator[Ranked]]:
    """Results, each of a rank of its own below `count`, in order while inside.

    They lie in a file of the folder meanwhile, which has no name there where the system can do without.

    Raises OSError where it cannot be written.
    """
    with TemporaryFile(dir=folder, prefix=".sorting-") as file:
        places = np.full(count, -1, np.int64)
        for one in results:
            places[one.rank] = file.tell()
            file.write(json.dumps(one.result).encode() + b"\n")
        file.flush()
        yield _in_order(file, places)


def _in_order(file: IO[bytes], places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[Ranked]:
    for rank in np.flatnonzero(places >= 0).tolist():
        file.seek(places[rank])
        line = file.readline()
        yield Ranked(rank, json.loads(line), len(line))
