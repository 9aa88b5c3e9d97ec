"""The record of what was measured, kept after every row: what is measured before a run is cut short is not lost.

Parts may be measured by one command each. They come into one record where all that figures depend on is the same.
"""

import hashlib
from dataclasses import asdict
from pathlib import Path

from gpu_parts.bench import Row
from gpu_parts.targets import verdicts
from records import Record, newest, write

SAME = ("sources", "machine", "device", "python", "numpy", "numba", "cupy", "driver", "cuda", "threads", "quick")
"""What parts of one record have in common."""
NAME = "gpu"
ROOT, FOLDERS, KINDS = Path(__file__).parents[2], ("engine", "kernels", "benchmarks/gpu_parts"), ("*.py", "*.cu*")


class Keeper:
    """The rows of this run, after those that a record has of other parts. kept: whether they are written, to `path`."""

    def __init__(self, record: Record, parts: list[str], *, kept: bool) -> None:
        self._record = _begun(record) if kept else record
        self._kept, self.path = kept, Path()
        self.rows = [row for row in (Row(**one) for one in self._record.get("rows", [])) if row.part not in parts]

    def add(self, row: Row) -> None:
        """One more row."""
        self.rows.append(row)
        if self._kept:
            told = {"rows": [asdict(one) for one in self.rows], "targets": verdicts(self.rows)}
            self.path = write(self._record | told, NAME)


def sources() -> str:
    """A hash of all that is measured and measures: two runs of one commit may differ, and a copy has no commit."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in FOLDERS for kind in KINDS for path in (ROOT / folder).rglob(kind)):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _begun(record: Record) -> Record:
    """The newest record where it is of the same, else this one."""
    try:
        before = newest(NAME)
    except LookupError:
        return record
    return before if all(before.get(one) == record[one] for one in SAME) else record
