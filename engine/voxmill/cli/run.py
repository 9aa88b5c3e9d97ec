"""`voxmill run`: a cohort → a folder of tables."""

# No `from __future__ import annotations` here: typer reads the annotations.
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxmill.errors import SettingsError

if TYPE_CHECKING:
    from voxmill.cohort import CohortRun, Estimate

EXAMPLES = """\b
For example:
  voxmill run cohort.zarr --out results
  voxmill run cases.csv --settings Params.yaml --out results --workers 8
  voxmill run cases.csv --out results --workers 8 --dry-run
  voxmill run cases.csv --out results --only "SITE-3*" --limit 20
"""
MINUTE = 60


def run(
    cohort: Annotated[
        Path,
        typer.Argument(
            metavar="COHORT",
            help="A store of voxmill convert; a table (CSV, Parquet) with the columns image, mask and case; or a "
            "folder tree of DICOM.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="The folder for the results; made where there is none.")
    ],
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file: settings of Voxmill, or a parameter file of PyRadiomics. Without one: PyRadiomics' "
            "defaults.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-j",
            metavar="N",
            min=0,
            help="How many processes, of SLURM how many jobs; 0: in this one. Without it: one per processor.",
            show_default=False,
        ),
    ] = None,
    threads_per_worker: Annotated[
        int, typer.Option("--threads-per-worker", metavar="N", help="How many regions of a case at a time.")
    ] = 1,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="What a process may have of memory: 4GB, 512MiB; not with -j 0.", show_default=False
        ),
    ] = None,
    case_time: Annotated[
        float | None,
        typer.Option(
            "--case-time", metavar="SECONDS", help="How long a case may take; not with -j 0.", show_default=False
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A cluster of Dask that runs: tls://HOST:PORT.", show_default=False),
    ] = None,
    slurm_time: Annotated[
        str, typer.Option("--slurm-time", metavar="TIME", help="How long a job of SLURM may take.")
    ] = "01:00:00",
    slurm_partition: Annotated[
        str | None, typer.Option("--slurm-partition", metavar="NAME", help="Its partition.", show_default=False)
    ] = None,
    slurm_account: Annotated[
        str | None, typer.Option("--slurm-account", metavar="NAME", help="Its account.", show_default=False)
    ] = None,
    slurm_interface: Annotated[
        str | None,
        typer.Option(
            "--slurm-interface",
            metavar="NAME",
            help="The network interface by which jobs reach this machine.",
            show_default=False,
        ),
    ] = None,
    slurm_option: Annotated[
        list[str] | None,
        typer.Option(
            "--slurm-option", metavar="TEXT", help="More, as sbatch reads it; may be repeated.", show_default=False
        ),
    ] = None,
    dashboard: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Show Dask's dashboard, to this machine alone.", show_default=False),
    ] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="Where to compute: auto, cpu or gpu.")] = "auto",
    limit: Annotated[int | None, typer.Option(metavar="N", help="Only the first N cases.", show_default=False)] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only cases whose names match: 'SITE-3*'.", show_default=False),
    ] = None,
    *,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Do cases in jobs of SLURM, which this command submits.")
    ] = False,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out rows of the table whose files are not there.")
    ] = False,
    keep_ids: Annotated[
        bool,
        typer.Option(
            "--keep-ids",
            help="Of a folder of DICOM, keep identifiers, and of DICOM masks names of regions that repeat them. "
            "Without it names stand for them, made with the key in the file that VOXMILL_KEY_FILE names, or in "
            "DIR.key.",
        ),
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Also write features_long.parquet: a row for every value.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Also write features.csv.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only tell how many cases there are and, from some, how long they will take."),
    ] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Tell how far it is in lines of JSON, on standard error.")
    ] = False,
) -> None:
    """Measure all cases of a cohort: features.parquet and failures.parquet in DIR.

    Run it again after an interruption: it does what is missing, and tries again what failed. With other settings or
    another version, what was there is moved to DIR/earlier, and a new run begins.
    """
    from voxmill.cli.places import SlurmOptions, parse_memory, place_of, usable_cores
    from voxmill.cli.progress import progress_shown
    from voxmill.cohort import Forms, Wanted, estimate_cohort, run_cohort
    from voxmill.runs.warden import Limits

    asked = SlurmOptions(slurm, slurm_time, slurm_partition, slurm_account, slurm_interface, tuple(slurm_option or ()))
    limits = Limits(case_time, parse_memory(memory))
    count = usable_cores() if workers is None else workers
    how: dict[str, Any] = {
        "settings": settings,
        "wanted": Wanted(only, limit, skip_missing),
        "forms": Forms(long, csv),
        "workers": count,
        "limits": limits,
        "threads": threads_per_worker,
        "device": device,
    }
    place = place_of(
        scheduler, asked, out / "slurm", memory=limits.memory_bytes, threads=threads_per_worker, dashboard=dashboard
    )
    if dry_run:
        if scheduler is not None or slurm:
            raise SettingsError("--dry-run tries cases on this machine; leave --scheduler and --slurm out")
        _tell_estimate(estimate_cohort(cohort, **how), count, as_json=log_json)
        return
    with progress_shown("measuring", "measured", as_json=log_json) as (begin, hear):
        done = run_cohort(cohort, out, **how, on=place, keep_ids=keep_ids, begin=begin, tell=hear)
    (_tell_as_json if log_json else _tell)(done)
    if done.tally.failures or done.tally.lost or not done.tally.rows:
        raise typer.Exit(1 if done.tally.rows else 3)


def _tell_estimate(found: "Estimate", workers: int, *, as_json: bool) -> None:
    from voxmill.cli.progress import log_json
    from voxmill.cli.streams import tell
    from voxmill.table import counted

    if as_json:
        log_json("estimate", **asdict(found), workers=workers)
        return
    where = f"with {counted(workers, 'worker')}" if workers else "in one process"
    tell(f"{counted(found.cases, 'case')}, {found.bytes / 1e6:,.1f} MB of files")
    tell(
        f"about {_duration(found.seconds)} {where}, ± {found.error:.0%}: {counted(found.sampled, 'case')} took that "
        "long, and none was kept"
    )


def _duration(seconds: float) -> str:
    """A time for people."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < 2 * MINUTE else f"{minutes // MINUTE} h {minutes % MINUTE} min"


def _tell_as_json(done: "CohortRun") -> None:
    """What came of it, and where time went, for programs; no name of a case."""
    from voxmill.cli.progress import log_json

    tally, progress = done.tally, done.progress
    log_json(
        "end",
        done=progress.done,
        before=progress.before,
        failed=progress.failed,
        rows=tally.rows,
        failures=len(tally.failures),
        not_converted=len(tally.lost),
        missing=len(tally.missing),
        without_mask=tally.bare,
        seconds={name: round(seconds, 3) for name, seconds in tally.seconds.items()},
        bytes=tally.bytes,
        peak_bytes=tally.peak_bytes,
    )


def _tell(done: "CohortRun") -> None:
    """The same for people."""
    from voxmill.cli.streams import tell
    from voxmill.cohort.methods import cases_images_or_masks, cases_or_regions
    from voxmill.table import counted

    tally, progress = done.tally, done.progress
    before = f", {progress.before} were done" if progress.before else ""
    tell(f"{counted(progress.done, 'case')} measured{before}, {counted(tally.rows, 'row')}: {done.features}")
    if done.aside is not None:
        tell(f"results of other settings, or of another version, are in {done.aside}")
    if tally.bare:
        tell(f"{counted(tally.bare, 'image')} without a mask: nothing to measure there")
    if tally.missing:
        tell(f"{counted(len(tally.missing), 'row')} of the table left out, as files are not there: {done.failures}")
    if tally.failures:
        tell(f"{cases_or_regions(len(tally.failures))} could not be measured; why: {done.failures}")
    if tally.lost:
        told = cases_images_or_masks(len(tally.lost))
        tell(f"{told} could not be converted, and so not measured; why: {done.failures}")
    spent_s = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in tally.seconds.items())
    tell(f"{spent_s}; {tally.bytes / 1e6:,.1f} MB of files; at most {tally.peak_bytes / 1e6:,.0f} MB in a process")
