"""A cohort of a hundred thousand: what the scheduler costs a case, how soon the first one ends, and memory.

    python benchmarks/scale.py                      100,000 cases of 1,200 columns on 2 workers
    python benchmarks/scale.py --record             and keep what came out in records/

The cases do nothing but give their columns, so that all that is measured is Voxmill's and Dask's own. One process hands
cases out, schedules them and writes the ledger; its memory is the peak that the system counted.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from columns_job import Columns
from records import load, surroundings, write
from voxmill.runs.ledger import opened
from voxmill.runs.runner import Progress, run

CASES, COLUMNS, WORKERS = 100_000, 1200, 2


@dataclass(frozen=True)
class Scale:
    """What came out: seconds of the clock, milliseconds of the clock and of this process's CPU, megabytes."""

    cases: int
    first_s: float
    case_ms: float
    main_cpu_ms: float
    main_peak_mb: float
    main_early_mb: float
    worker_peak_mb: float
    ledger_mb: float


def measure(folder: Path, cases: int = CASES, columns: int = COLUMNS, workers: int = WORKERS) -> Scale:
    """Run so many cases into a ledger in a folder."""
    begun, cpu = time.perf_counter(), time.process_time()
    ends: list[float] = []
    early = [0.0]

    def hear(progress: Progress) -> None:
        if progress.ended and not ends:
            ends.append(time.perf_counter() - begun)
        if progress.done == max(1, cases // 20):
            early[0] = _peak_mb(resource.RUSAGE_SELF)

    with opened(folder / "ledger") as ledger:
        run(Columns(columns), range(cases), ledger, workers=workers, tell=hear)
    seconds = time.perf_counter() - begun
    size = sum(part.stat().st_size for part in (folder / "ledger").iterdir())
    return Scale(
        cases,
        first_s=ends[0],
        case_ms=1000 * (seconds - ends[0]) / cases,
        main_cpu_ms=1000 * (time.process_time() - cpu) / cases,
        main_peak_mb=_peak_mb(resource.RUSAGE_SELF),
        main_early_mb=early[0],
        worker_peak_mb=_peak_mb(resource.RUSAGE_CHILDREN),
        ledger_mb=size / 1e6,
    )


def report(scale: Scale) -> list[str]:
    """What is told of it."""
    return [
        f"first case after {scale.first_s:.1f} s, then {scale.case_ms:.2f} ms a case over {scale.cases:,} cases",
        f"the main process: {scale.main_cpu_ms:.2f} ms of CPU a case, at most {scale.main_peak_mb:.0f} MB of memory "
        f"(after a twentieth of the cases: {scale.main_early_mb:.0f} MB)",
        f"a process that does cases: at most {scale.worker_peak_mb:.0f} MB; the ledger: {scale.ledger_mb:.0f} MB",
    ]


def main() -> None:
    """Measure, tell, and keep it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    about = surroundings()
    with tempfile.TemporaryDirectory() as folder:
        scale = measure(Path(folder), options.cases, options.columns, options.workers)
    print(*report(scale), sep="\n")
    if options.record:
        about |= {"columns": options.columns, "workers": options.workers, "load_after": load(), "scale": asdict(scale)}
        print(write(about, "scale"))


def _peak_mb(who: int) -> float:
    """The most memory that this process, or one of those that it has begun, has had; Linux counts in KiB."""
    return resource.getrusage(who).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
