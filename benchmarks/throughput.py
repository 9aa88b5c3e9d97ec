"""Cohorts per minute: two workers beside one, what CPU cases do not get, and the batch commands of others.

    python benchmarks/throughput.py                            about ten minutes on two cores
    python benchmarks/throughput.py --cases 4 --small-cases 20 --peers pyradiomics
    python benchmarks/throughput.py --record                   and keep what came out in records/

Every figure is of a command from its beginning to its end: the interpreter, its libraries and the tables are in it. CPU
is that of all its processes. Kernels are compiled: each command has done two little cases before. What those take once
more is starting and loading, once in a run however long it is, and is told apart.

- Large cases, all image types, at least 4 s of CPU each: `voxmill run` by one worker and by two.
- Small cases of brain1's size, original image, bin width 25, two processes: `voxmill run`, `voxmill pyradiomics`,
  PyRadiomics' own command and pictologics' batch mode. Values are compared with PyRadiomics'.
- Both are foretold by `voxmill run --dry-run`.

The machine has to be idle otherwise: its load is told before and after.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from batches import OURS, PEERS, PYRADIOMICS, TOLERANCE, WORKERS, Agreement, agreement, batches, version_of
from cohorts import FILTERED, CohortFiles, large, small, write_cohort
from commands import Command, CommandError, foretold_s, voxmill_run
from environments import interpreters
from records import load, surroundings, write
from workloads import SMALL, synthetic

CASES, VOXELS, SMALL_CASES = 16, 3_200_000, 200
LITTLE_VOXELS = 500
LEAST_S = 4.0
"""CPU of a large case, below which the figures say little of large cases."""
MOST_ELSEWHERE, MOST_WRONG = 0.05, 0.25


@dataclass(frozen=True)
class Scaling:
    """Large cases by one worker and by two, two little ones by two, and how long the second was foretold to take."""

    one: Command
    two: Command
    starting: Command
    foretold_s: float

    @property
    def case_s(self) -> tuple[float, float]:
        """The least and the most CPU that a large case took."""
        took = (*self.one.case_cpu_s, *self.two.case_cpu_s)
        return min(took), max(took)

    @property
    def elsewhere(self) -> float:
        """The share of CPU by two workers that was not spent on cases."""
        return self.two.other_cpu_s / self.two.cpu_s

    @property
    def elsewhere_later(self) -> float:
        """That without what little cases need as well, which is starting and loading: what grows with a run."""
        return (self.two.other_cpu_s - self.starting.other_cpu_s) / self.two.cpu_s


@dataclass(frozen=True)
class Compared:
    """Small cases by each command, how long the first was foretold to take, and whether values are PyRadiomics'."""

    commands: Mapping[str, Command]
    foretold_s: float
    agreement: Agreement | None


def little_cohort(folder: Path) -> CohortFiles:
    """A case for each worker that takes no time but that of loading."""
    cases = (synthetic(LITTLE_VOXELS, seed=seed, shape=SMALL) for seed in range(WORKERS))
    return write_cohort(folder / "little", cases)


def measure_scaling(folder: Path, little: CohortFiles, cases: int = CASES, voxels: int = VOXELS) -> Scaling:
    """Large cases, in a folder."""
    filtered = folder / "filtered.yaml"
    filtered.write_text(FILTERED)
    settings = ("--settings", filtered)
    cohort = write_cohort(folder / "large", large(cases, voxels))
    voxmill_run(little, folder / "warm", *settings, workers=WORKERS)
    return Scaling(
        starting=voxmill_run(little, folder / "starting", *settings, workers=WORKERS),
        foretold_s=foretold_s(cohort, folder / "foretold", *settings, workers=WORKERS),
        one=voxmill_run(cohort, folder / "one", *settings, workers=1),
        two=voxmill_run(cohort, folder / "two", *settings, workers=WORKERS),
    )


def measure_batches(
    folder: Path, little: CohortFiles, cases: int = SMALL_CASES, pythons: Mapping[str, Path] | None = None
) -> Compared:
    """Small cases, in a folder, by our commands and by those of the peers that have a Python."""
    cohort = write_cohort(folder / "small", small(cases))
    commands = {}
    for name, batch in batches(pythons or {}).items():
        for files in (little, cohort):
            out = folder / f"{name} {files.table.parent.name}"
            out.mkdir()
            commands[name] = batch(files, out)
    theirs = folder / f"{PYRADIOMICS} small" / "features.csv"
    return Compared(
        commands,
        foretold_s(cohort, folder / "foretold-small", workers=WORKERS),
        agreement(folder / f"{OURS} small" / "run" / "features.parquet", theirs) if theirs.exists() else None,
    )


def report_scaling(scaling: Scaling) -> list[str]:
    """What is told of large cases."""
    one, two, starting = scaling.one, scaling.two, scaling.starting
    least, most = scaling.case_s
    return [
        f"{two.cases} cases of {least:.1f} to {most:.1f} s of CPU: {one.per_minute:.1f} per minute by one worker, "
        f"{two.per_minute:.1f} by two: {two.per_minute / one.per_minute:.2f} times",
        f"CPU that was not spent on cases: {scaling.elsewhere:.1%} of {two.cpu_s:.0f} s "
        f"(promised: less than {MOST_ELSEWHERE:.0%})",
        f"of that, starting processes and loading libraries are {starting.other_cpu_s:.1f} s, once in a run: "
        f"without them {scaling.elsewhere_later:.1%}; kernels are loaded within the first cases, in at most "
        f"{sum(starting.case_cpu_s):.1f} s",
        _foretold(scaling.foretold_s, two),
    ]


def report_batches(compared: Compared) -> list[str]:
    """What is told of small cases."""
    ours = compared.commands[OURS]
    lines = [
        f"{one.cases} small cases, {name}: {one.per_minute:,.0f} per minute, {one.cpu_s:.1f} s of CPU; {OURS} is "
        f"{ours.per_minute / one.per_minute:.2f} times as fast"
        for name, one in compared.commands.items()
    ]
    found = compared.agreement
    if found is not None:
        same = "the same names" if found.same_names else "NOT the same names"
        lines.append(
            f"{found.features} features of {found.cases} cases, {same} as PyRadiomics', at most {found.difference:.1e} "
            f"apart (promised: {TOLERANCE:.0e})"
        )
    return [*lines, _foretold(compared.foretold_s, ours)]


def _foretold(seconds: float, took: Command) -> str:
    return (
        f"{seconds:.1f} s were foretold for {took.cases} cases, which took {took.wall_s:.1f} s: "
        f"{seconds / took.wall_s - 1:+.0%} (promised: within {MOST_WRONG:.0%})"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, tell, and keep it where that is asked for."""
    options = _parser().parse_args(arguments)
    pythons = interpreters(options.peers, options.environment)
    about = surroundings()
    print(f"{about['machine']}, load {about['load']}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        little = little_cohort(folder)
        try:
            scaling = measure_scaling(folder, little, options.cases, options.voxels)
            print(*report_scaling(scaling), sep="\n", flush=True)
            if scaling.case_s[0] < LEAST_S:
                sys.exit(f"a case took less than {LEAST_S:g} s of CPU; give more than {options.voxels:,} --voxels")
            compared = measure_batches(folder, little, options.small_cases, pythons)
        except CommandError as failure:
            sys.exit(str(failure))
    print(*report_batches(compared), f"load {load()}", sep="\n")
    if options.record:
        versions = {name: version_of(name, python) for name, python in pythons.items()}
        about |= {"voxels": options.voxels, "workers": WORKERS, "versions": versions, "load_after": load()}
        print(write(about | {"scaling": asdict(scaling), "batches": asdict(compared)}, "throughput").name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES, help=f"large cases ({CASES})")
    parser.add_argument("--voxels", type=int, default=VOXELS, help=f"of the region of each ({VOXELS:,})")
    parser.add_argument("--small-cases", type=int, default=SMALL_CASES, help=f"small cases ({SMALL_CASES})")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS, metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=PYTHON", help="take this Python")
    parser.add_argument("--folder", type=Path, help="where files are written (the temporary folder)")
    parser.add_argument("--record", action="store_true", help="keep the result")
    return parser


if __name__ == "__main__":
    main()
