"""Results by rank, however many there are: files of ranges of ranks, each of which fits in memory."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

SHARE = 500
"""Cases of a file, so long as there are not too many files."""
MOST_FILES = 200
"""Files that are open at a time."""

Ranked = tuple[int, Mapping[str, Any]]


@contextmanager
def shared_out(results: Iterable[Ranked], count: int, folder: Path) -> Iterator[list[Path]]:
    """Files of results, each with all of a range of ranks below `count`, while inside; made in a folder of their own.

    Raises OSError where they cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir()
    try:
        share = max(SHARE, -(-count // MOST_FILES))
        paths = [folder / f"{first:09}" for first in range(0, max(1, count), share)]
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
            for rank, result in results:
                files[rank // share].write(json.dumps([rank, result]) + "\n")
        yield paths
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_order(path: Path) -> list[Ranked]:
    """The results of a file by rank."""
    with path.open(encoding="utf-8") as file:
        return sorted(((rank, result) for rank, result in map(json.loads, file)), key=lambda one: one[0])
