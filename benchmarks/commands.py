"""Command lines on a cohort, from their beginning to their end: seconds of the clock and of processors."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cohorts import CohortFiles
from voxmill.cohort.layout import LEDGER
from voxmill.runs.ledger import read_ledger

VOXMILL = (sys.executable, "-m", "voxmill")


class CommandError(Exception):
    """A command that failed; the sentence says which, and what it said last."""


@dataclass(frozen=True)
class Command:
    """A command on so many cases: seconds of the clock; of processors, those of every process that it waited for too.

    case_cpu_s: of `voxmill run`, the seconds of processors that each case took in the process that did it.
    """

    cases: int
    wall_s: float
    cpu_s: float
    case_cpu_s: tuple[float, ...] = ()

    @property
    def per_minute(self) -> float:
        """Cases per minute."""
        return 60 * self.cases / self.wall_s

    @property
    def other_cpu_s(self) -> float:
        """Seconds of processors that were not spent on cases."""
        return self.cpu_s - sum(self.case_cpu_s)


def timed(arguments: Sequence[str | Path], log: Path, cases: int) -> Command:
    """Run a command, with what it says in a file; raises CommandError where it fails.

    The system counts the processors of a process for its parent when that waits for it, and so on upwards.
    """
    cpu, began = _of_children_s(), time.perf_counter()
    with log.open("w") as file:
        done = subprocess.run(arguments, stdout=file, stderr=file, check=False)
    wall_s = time.perf_counter() - began
    if done.returncode:
        *_, last = ["nothing", *log.read_text().splitlines()]
        raise CommandError(f"{Path(arguments[0]).name} ended with {done.returncode}; it said: {last}")
    return Command(cases, wall_s, _of_children_s() - cpu)


def voxmill_run(cohort: CohortFiles, out: Path, *options: str | Path, workers: int) -> Command:
    """`voxmill run` by so many workers, and what each case took."""
    done = timed(_run(cohort, out, workers, *options), out.with_suffix(".log"), cohort.cases)
    took = tuple(float(one.result["took"]["cpu_s"]) for one in read_ledger(out / LEDGER))
    return Command(done.cases, done.wall_s, done.cpu_s, took)


def foretold_s(cohort: CohortFiles, out: Path, *options: str | Path, workers: int) -> float:
    """How many seconds `voxmill run --dry-run` tells that it will take."""
    log = out.with_suffix(".log")
    timed(_run(cohort, out, workers, *options, "--dry-run", "--log-json"), log, cohort.cases)
    told = [json.loads(line) for line in log.read_text().splitlines()]
    return float(next(one["seconds"] for one in told if one["event"] == "estimate"))


def _run(cohort: CohortFiles, out: Path, workers: int, *options: str | Path) -> list[str | Path]:
    return [*VOXMILL, "run", cohort.table, "--out", out, "--workers", str(workers), *options]


def _of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
