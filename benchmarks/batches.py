"""Cohorts of files, and the batch commands that measure them, each as a whole process with all that it begins."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import voxmill as vm
from voxmill.runs.ledger import read_ledger
from workloads import Case

COMMAND = (sys.executable, "-m", "voxmill", "run")
BIN_WIDTH = 25


@dataclass(frozen=True)
class Batch:
    """What a command took for a cohort: seconds of the clock, and of all processors in all of its processes."""

    cases: int
    wall_s: float
    cpu_s: float

    @property
    def per_minute(self) -> float:
        """Cases per minute."""
        return 60 * self.cases / self.wall_s


@dataclass(frozen=True)
class Cohort:
    """A table of cases in a folder, as PyRadiomics' command line and ours take it; minimum: of all regions."""

    table: Path
    cases: int
    minimum: float


def written(folder: Path, cases: Iterable[Case]) -> Cohort:
    """A cohort of NRRD files and its table, in a new folder."""
    folder.mkdir()
    rows, minima = [], []
    for number, case in enumerate(cases):
        image = vm.Volume(case.image, spacing=case.spacing)
        paths = [folder / f"{number:03}-{kind}.nrrd" for kind in ("image", "mask")]
        vm.write_image(image, paths[0])
        vm.write_mask(vm.Mask(case.labels, image.grid), paths[1])
        rows.append([f"{number:03}", *map(str, paths)])
        minima.append(float(case.image[case.labels != 0].min()))
    table = folder / "cases.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["case", "Image", "Mask"], *rows])
    return Cohort(table, len(rows), min(minima))


def ours(cohort: Cohort, out: Path, workers: int, *options: str) -> Batch:
    """`voxmill run`."""
    return _timed(cohort, [*COMMAND, str(cohort.table), "--out", str(out), "--workers", str(workers), *options])


def pyradiomics(python: Path, cohort: Cohort, out: Path, workers: int) -> Batch:
    """PyRadiomics' own command line, with its default settings, which are ours."""
    command = python.with_name("pyradiomics")
    return _timed(cohort, [str(command), str(cohort.table), "-o", str(out), "-f", "csv", "--jobs", str(workers)])


def pictologics(python: Path, cohort: Cohort, out: Path, workers: int) -> Batch:
    """The batch mode of pictologics, called as its documentation shows."""
    script = Path(__file__).parent / "peers" / "pictologics_batch.py"
    start = np.floor(cohort.minimum / BIN_WIDTH) * BIN_WIDTH
    return _timed(cohort, [str(python), str(script), str(cohort.table), str(out), str(workers), str(start)])


PEERS: Mapping[str, Callable[[Path, Cohort, Path, int], Batch]] = {
    "pyradiomics": pyradiomics,
    "pictologics": pictologics,
}
"""By name, what is done in the environment of that name: its Python, the cohort, where results go, workers."""


def _timed(cohort: Cohort, command: Sequence[str]) -> Batch:
    """Run a command to its end; RuntimeError with what it said where it fails."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - began, os.times()
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr[-2000:]}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Batch(cohort.cases, wall_s, cpu_s)


def seconds_of_cases(out: Path) -> list[float]:
    """The processor time that each case of a run of ours took."""
    return [record.result["took"]["cpu_s"] for record in read_ledger(out / "ledger")]


def largest_difference(out: Path, theirs: Path) -> float:
    """The largest relative difference of a feature between our table and PyRadiomics'; KeyError where one lacks it."""
    ours = {row["case"]: row for row in pq.read_table(out / "features.parquet").to_pylist()}
    with theirs.open(newline="") as file:
        return max(_differences(ours, csv.DictReader(file)))


def _differences(ours: Mapping[str, Mapping[str, float]], theirs: Iterable[Mapping[str, str]]) -> Iterator[float]:
    for row in theirs:
        for name, text in row.items():
            if name.startswith("original_"):
                value, other = ours[row["case"]][name], float(text)
                yield abs(value - other) / max(abs(other), np.finfo(float).tiny) if value != other else 0.0
