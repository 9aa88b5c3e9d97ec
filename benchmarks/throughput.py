"""Cohorts through `voxmill run`: two workers beside one, what is not spent on cases, and other tools' batch commands.

    python benchmarks/throughput.py                       some 10 minutes on two cores
    python benchmarks/throughput.py --peers pyradiomics   with one peer
    python benchmarks/throughput.py --record              and keep what came out in records/

Everything is a whole process: it starts, loads its libraries, reads files, and writes its results; kernels have been
compiled before. Long cases have a region of two million voxels in 12 image types, short ones ten thousand in one.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from batches import PEERS, Batch, largest_difference, ours, seconds_of_cases, written
from environments import InstallError, interpreter
from records import load, surroundings, write
from voxmill.cohort.running import estimate_cohort
from workloads import SIGMAS_MM, synthetic

LONG, SHORT, WORKERS = 16, 200, 2
LONG_VOXELS, SHORT_VOXELS = 2_000_000, 10_000


@dataclass(frozen=True)
class Throughput:
    """What came out. one, two, short, peers: what commands took, by workers, or of the short cases by tool.

    case_s: the least processor time of a long case. outside: the share of all processor time, with one worker, that no
    long case took. foretold: seconds that a dry run promised, beside those of two (long cases) and short.
    difference: the largest relative one from a feature of PyRadiomics.
    """

    one: Batch
    two: Batch
    short: Batch
    peers: Mapping[str, Batch]
    case_s: float
    outside: float
    foretold: Mapping[str, float]
    difference: float | None


def measure(
    folder: Path,
    *,
    long: int = LONG,
    short: int = SHORT,
    voxels: tuple[int, int] = (LONG_VOXELS, SHORT_VOXELS),
    peers: Mapping[str, Path],
) -> Throughput:
    """Make both cohorts in a folder, and measure everything; `peers` are tools with their Pythons."""
    settings = folder / "filtered.yaml"
    settings.write_text(yaml.safe_dump({"images": {"original": {}, "wavelet": {}, "log": {"sigma_mm": [*SIGMAS_MM]}}}))
    size = (200, 256, 256) if voxels[0] > 100_000 else (40, 80, 80)
    few = written(folder / "long", (synthetic(voxels[0], seed=seed, shape=size) for seed in range(long)))
    many = written(folder / "short", (synthetic(voxels[1], seed=seed, shape=(48, 64, 64)) for seed in range(short)))
    chosen = ("--settings", str(settings))
    ours(few, folder / "warm", WORKERS, *chosen, "--limit", "1")
    promised = {
        "long": estimate_cohort(few.table, settings=settings, workers=WORKERS).seconds,
        "short": estimate_cohort(many.table, workers=WORKERS).seconds,
    }
    one, two = (ours(few, folder / f"by-{workers}", workers, *chosen) for workers in (1, WORKERS))
    cases = seconds_of_cases(folder / "by-1")
    found = {name: PEERS[name](python, many, folder / f"{name}.csv", WORKERS) for name, python in peers.items()}
    quick = ours(many, folder / "short-out", WORKERS)
    difference = None
    if "pyradiomics" in peers:
        difference = largest_difference(folder / "short-out", folder / "pyradiomics.csv")
    return Throughput(one, two, quick, found, min(cases), 1 - sum(cases) / one.cpu_s, promised, difference)


def report(found: Throughput) -> list[str]:
    """What is told of it."""
    long, short = found.two.wall_s / found.foretold["long"] - 1, found.short.wall_s / found.foretold["short"] - 1
    faster = found.two.per_minute / found.one.per_minute
    lines = [
        f"{found.one.cases} cases of at least {found.case_s:.1f} s of CPU: {found.one.per_minute:.1f} a minute with "
        f"one worker, {found.two.per_minute:.1f} with {WORKERS}: {faster:.2f} times",
        f"with one worker, {found.outside:.1%} of all CPU time is not spent on cases",
        f"a dry run promised {found.foretold['long']:.0f} s for the long cases, which took {found.two.wall_s:.0f} s "
        f"({long:+.0%}), and {found.foretold['short']:.0f} s for the short ones, which took {found.short.wall_s:.0f} s "
        f"({short:+.0%})",
        f"{found.short.cases} short cases with {WORKERS} workers: {_told(found.short)}",
    ]
    for name, batch in found.peers.items():
        times = batch.wall_s / found.short.wall_s
        lines.append(f"{name} with {WORKERS} of its own: {_told(batch)}: {times:.1f} times as long")
    if found.difference is not None:
        lines.append(f"the largest relative difference of a feature from PyRadiomics: {found.difference:.1e}")
    return lines


def _told(batch: Batch) -> str:
    return f"{batch.per_minute:.0f} a minute ({batch.wall_s:.0f} s, {batch.cpu_s:.0f} s of CPU)"


def main() -> None:
    """Measure, tell, and keep it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", type=int, default=LONG, help=f"cases with a large region ({LONG})")
    parser.add_argument("--short", type=int, default=SHORT, help=f"cases with a small one ({SHORT})")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS, metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--record", action="store_true", help="keep the result")
    options = parser.parse_args()
    about = surroundings()
    print(f"load {about['load']}, {about['machine']}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), long=options.long, short=options.short, peers=_interpreters(options.peers))
    print(*report(found), sep="\n")
    if options.record:
        kept = asdict(found)
        print(write(about | {"workers": WORKERS, "load_after": load(), "throughput": kept}, "throughput"))


def _interpreters(peers: Sequence[str]) -> dict[str, Path]:
    """The Pythons of peers; one whose environment cannot be made is left out, which is said."""
    pythons = {}
    for name in peers:
        try:
            pythons[name] = interpreter(name)
        except InstallError as failure:
            print(f"{name} is left out, its environment could not be made: {failure}")
    return pythons


if __name__ == "__main__":
    main()
