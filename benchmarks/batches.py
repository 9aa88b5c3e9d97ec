"""The batch commands that people measure a cohort of small cases with, by two processes; and whether values agree.

All of them measure the original image with bins of 25. PyRadiomics, and so its command here, has that by default;
pictologics has families of its own (`pictologics_batch.py`).
"""

import csv
import math
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from cohorts import CohortFiles
from commands import VOXMILL, Command, timed, voxmill_run

HERE = Path(__file__).parent
WORKERS = 2
OURS, DROP_IN, PYRADIOMICS, PICTOLOGICS = "voxmill run", "voxmill pyradiomics", "pyradiomics", "pictologics"
PEERS = (PYRADIOMICS, PICTOLOGICS)
"""By the names of their environments, which are those of their distributions."""
TOLERANCE = 1e-6
"""How far a value may be from PyRadiomics' own, as a share of it."""

Batch = Callable[[CohortFiles, Path], Command]


def batches(pythons: Mapping[str, Path]) -> dict[str, Batch]:
    """By name, ours and those of the peers that have a Python here; each writes into a folder that is there."""
    commands: dict[str, Batch] = {
        OURS: lambda cohort, out: voxmill_run(cohort, out / "run", workers=WORKERS),
        DROP_IN: lambda cohort, out: _pyradiomics((*VOXMILL, PYRADIOMICS), cohort, out),
    }
    if PYRADIOMICS in pythons:
        program = str(pythons[PYRADIOMICS].with_name(PYRADIOMICS))
        commands[PYRADIOMICS] = lambda cohort, out: _pyradiomics((program,), cohort, out)
    if PICTOLOGICS in pythons:
        commands[PICTOLOGICS] = lambda cohort, out: _pictologics(pythons[PICTOLOGICS], cohort, out)
    return commands


def _pyradiomics(program: tuple[str, ...], cohort: CohortFiles, out: Path) -> Command:
    options = ("--out", out / "features.csv", "--format", "csv", "--jobs", str(WORKERS))
    return timed([*program, cohort.table, *options], out / "log", cohort.cases)


def _pictologics(python: Path, cohort: CohortFiles, out: Path) -> Command:
    script = HERE / "pictologics_batch.py"
    return timed([python, script, cohort.table, out, str(WORKERS), str(cohort.lowest)], out / "log", cohort.cases)


def version_of(name: str, python: Path) -> str:
    """The version of a peer's distribution in its environment."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Agreement:
    """How far the values of two tables agree: cases and features in both, whether those of both are the same.

    difference: the largest, as a share of the value.
    """

    cases: int
    features: int
    same_names: bool
    difference: float

    @property
    def holds(self) -> bool:
        """Whether the tables are the same but for TOLERANCE."""
        return self.same_names and self.difference <= TOLERANCE


def agreement(ours: Path, theirs: Path) -> Agreement:
    """Of `features.parquet` of a run and of a table that PyRadiomics' command has written."""
    found = {row["case"]: _features(row) for row in pq.read_table(ours).to_pylist()}
    with theirs.open(newline="") as file:
        wanted = {row["ID"]: _features(row) for row in csv.DictReader(file)}
    shared = [(found[case], wanted[case]) for case in found.keys() & wanted.keys()]
    same = found.keys() == wanted.keys() and all(one.keys() == other.keys() for one, other in shared)
    pairs = [(one[name], other[name]) for one, other in shared for name in one.keys() & other.keys()]
    features = len(set().union(*(one.keys() & other.keys() for one, other in shared)))
    return Agreement(len(shared), features, same, max((_apart(*pair) for pair in pairs), default=math.inf))


def _features(row: Mapping[str, object]) -> dict[str, float]:
    return {name: float(str(value)) for name, value in row.items() if name.startswith("original_")}


def _apart(one: float, other: float) -> float:
    """How far two values are apart, as a share of the greater; a number is infinitely far from none."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    share = abs(one - other) / max(abs(one), abs(other))
    return math.inf if math.isnan(share) else share
