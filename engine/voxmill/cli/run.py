"""`voxmill run`: a cohort → a folder of tables."""

# No `from __future__ import annotations` here: typer reads the annotations.
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxmill.errors import SettingsError

if TYPE_CHECKING:
    from voxmill.cohort import CohortRun, Estimate
    from voxmill.runs.places import Place

EXAMPLES = """\b
For example:
  voxmill run cohort.zarr --out results
  voxmill run cases.csv --settings Params.yaml --out results
  voxmill run cases.csv --out results --only "SITE-3*" --limit 20 --dry-run
  voxmill run cases.csv --out results --workers 8 --memory 4GB --case-time 600
  voxmill run cohort.zarr --out results --slurm --workers 20 --slurm-time 04:00:00
"""


def run(
    cohort: Annotated[
        Path,
        typer.Argument(
            metavar="COHORT",
            help="A store of voxmill convert; a table (CSV, Parquet) with the columns image, mask and case; or a "
            "folder tree of DICOM.",
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="The folder for the results; made where there is none.")
    ],
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file: settings of Voxmill (voxmill settings lists them), or a parameter file of PyRadiomics. "
            "Without one: PyRadiomics' defaults.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only cases whose names match: 'SITE-3*'.", show_default=False),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Only the first N cases.", show_default=False)] = None,
    skip_missing: Annotated[
        bool,
        typer.Option(
            "--skip-missing",
            help="Leave out images of the table whose files are not there. Without it they are an error.",
        ),
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
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only tell how many cases there are and, from trying some, how long all will take."
        ),
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Also write features.csv.")] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Also write features_long.parquet: a row for every value.")
    ] = False,
    log_json: Annotated[
        bool,
        typer.Option("--log-json", help="Tell how far it is in lines of JSON, for programs, on standard error."),
    ] = False,
    label: Annotated[list[str] | None, typer.Option("--label", "--region", "-l", hidden=True)] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-j",
            metavar="N",
            min=0,
            help="How many cases at a time, each in a process of its own; with --slurm, how many jobs. 0: one at a "
            "time in this process. Without it: as many as there are processors.",
            show_default=False,
        ),
    ] = None,
    threads_per_worker: Annotated[
        int,
        typer.Option(
            "--threads-per-worker",
            metavar="N",
            help="How many regions of a case at a time; more than 1 helps where cases are few and have many regions.",
        ),
    ] = 1,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="What the process of a case may have of memory (4GB, 512MiB): a case that needs more fails. Not with "
            "-j 0. Without it: what there is; a job of SLURM gets 4GiB.",
            show_default=False,
        ),
    ] = None,
    case_time: Annotated[
        float | None,
        typer.Option(
            "--case-time",
            metavar="SECONDS",
            help="How long a case may take: one that takes longer fails. Not with -j 0. Without it: no limit.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="DEVICE",
            help="Where to compute: auto (every GPU of this machine, or of the cluster's workers, beside other "
            "processes), cpu, or gpu (GPUs alone; with --slurm each job asks for one).",
        ),
    ] = "auto",
    dashboard: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Show what workers do in a browser: Dask's dashboard, to this machine alone. It needs Bokeh: pip "
            "install bokeh.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Have cases done by the workers of a Dask cluster that is running: tls://HOST:PORT.",
            show_default=False,
        ),
    ] = None,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Have cases done by jobs of SLURM, which this command submits and follows.")
    ] = False,
    slurm_time: Annotated[
        str,
        typer.Option(
            "--slurm-time",
            metavar="TIME",
            help="How long a job of SLURM may take; what it does not finish goes on in the next.",
        ),
    ] = "01:00:00",
    slurm_partition: Annotated[
        str | None,
        typer.Option("--slurm-partition", metavar="NAME", help="The partition that jobs are for.", show_default=False),
    ] = None,
    slurm_account: Annotated[
        str | None,
        typer.Option("--slurm-account", metavar="NAME", help="The account that pays for them.", show_default=False),
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
            "--slurm-option",
            metavar="TEXT",
            help="Any other option of sbatch ('--qos=low'); may be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure all cases of a cohort: features.parquet, failures.parquet and what describes them, in DIR.

    A case that cannot be measured is a row of failures.parquet that says why, and the others go on. Run it again after
    an interruption: it does what is missing, and tries again what failed. With other settings or another version, on
    another device where values depend on it (logarithm, exponential), or where the tables there have rows of other
    cases, what was there is moved to DIR/earlier.
    """
    from voxmill.cli.places import (
        SlurmOptions,
        parse_memory,
        place_of,
        process_age_s,
        require_one_place,
        usable_cores,
    )
    from voxmill.cli.progress import Words, progress_shown
    from voxmill.runs.warden import Limits

    if label:
        raise SettingsError(
            "the regions of a run are chosen in its settings, so that all of it has the same: write "
            f"'labels: {json.dumps(label, ensure_ascii=False)}' in the file of --settings"
        )
    asked = SlurmOptions(slurm, slurm_time, slurm_partition, slurm_account, slurm_interface, tuple(slurm_option or ()))
    require_one_place(scheduler, asked, workers=workers, dashboard=dashboard, dry_run=dry_run)
    limits = Limits(case_time, parse_memory(memory))
    count = usable_cores() if workers is None else workers
    place = place_of(
        scheduler, asked, out / "slurm", memory=limits.memory_bytes, threads=threads_per_worker, dashboard=dashboard
    )
    words = Words("trying some cases", "tried") if dry_run else Words("measuring", "done")
    with progress_shown(words, as_json=log_json) as shown:
        if cohort.is_dir():
            shown.find()
        from voxmill.cohort import CohortRun, Estimate, Forms, Wanted, estimate_cohort, run_cohort

        how: dict[str, Any] = {
            "settings": settings,
            "wanted": Wanted(only, limit, skip_missing),
            "forms": Forms(long, csv),
            "workers": count,
            "limits": limits,
            "threads": threads_per_worker,
            "device": device,
        }
        if dry_run:
            ended: Estimate | CohortRun = estimate_cohort(
                cohort, **how, out=out, keep_ids=keep_ids, before_s=process_age_s()
            )
        else:
            begin = partial(shown.begin, starting=_started(place, count, as_json=log_json))
            ended = run_cohort(cohort, out, **how, on=place, keep_ids=keep_ids, begin=begin, tell=shown.hear)
    if isinstance(ended, Estimate):
        _tell_estimate(ended, count, out, as_json=log_json)
    else:
        _end(ended, place, as_json=log_json)


def _started(place: "Place", workers: int, *, as_json: bool) -> str:
    """Tell a program that a run begins; gives, for people, what has to be done before the first case is."""
    from voxmill.cli.progress import log_json
    from voxmill.cli.show import COMPILING
    from voxmill.cli.streams import tell
    from voxmill.cohort.versions import versions
    from voxmill.errors import counted
    from voxmill.runs.places import Address, Slurm
    from voxmill_kernels.jit import kernel_cache

    cache = kernel_cache()
    if as_json:
        log_json("start", versions=dict(versions()), workers=workers, compiling=cache.is_cold)
    elif cache.note:
        tell(cache.note)
    if isinstance(place, Slurm):
        return f"asking SLURM for {counted(workers, 'job')}"
    if isinstance(place, Address):
        return "asking the workers of the cluster"
    starting = f"starting {counted(workers, 'worker')}" if workers else ""
    return ", ".join(filter(None, (starting, f"compiling kernels, once: {COMPILING}" if cache.is_cold else "")))


def _tell_estimate(found: "Estimate", workers: int, out: Path, *, as_json: bool) -> None:
    """Tell what a run would take, and leave with the exit code that it would have."""
    from voxmill.cli.progress import log_json
    from voxmill.cli.streams import tell

    if as_json:
        log_json("estimate", **asdict(found), workers=workers)
    else:
        for line in _foretold(found, workers, out):
            tell(line)
    if found.failed or found.failures_before:
        raise typer.Exit(1)


def _foretold(found: "Estimate", workers: int, out: Path) -> Iterator[str]:
    """What a run would take, and come to; no name of a case."""
    from voxmill.cli.progress import duration
    from voxmill.cohort.estimate import none_measured, reasons_told
    from voxmill.cohort.layout import EARLIER, FAILURES
    from voxmill.cohort.methods import cases_or_regions
    from voxmill.errors import counted

    before = f", {found.before:,} done before" if found.before else ""
    yield f"{counted(found.cases, 'case')}{before}, {found.bytes / 1e6:,.1f} MB of files"
    if found.aside:
        yield f"results of other settings or cases, of another version or device, would be moved to {out / EARLIER}"
    if found.failures_before:
        yield f"{cases_or_regions(found.failures_before)} could not be measured; why: {out / FAILURES}"
    if found.sampled:
        where = f"with {counted(workers, 'worker')}" if workers else "in one process"
        yield (
            f"about {duration(found.seconds)} {where}, ± {found.error:.0%}: {counted(found.sampled, 'case')} took that "
            "long, and none was kept"
        )
        if found.failed:
            some = f"{counted(found.failed, 'case')} of those that were tried"
            yield f"{some} could not be measured, or not in all: {reasons_told(found.reasons)}"
    elif found.failed:
        yield none_measured(found.failed, found.reasons)


def _end(done: "CohortRun", place: "Place", *, as_json: bool) -> None:
    """Tell what came of it, and leave with the exit code for that."""
    from voxmill.cli.streams import tell
    from voxmill.runs.places import ThisMachine
    from voxmill_kernels.jit import kernel_cache

    if isinstance(place, ThisMachine) and done.progress.done:
        kernel_cache().mark_warm()
    if as_json:
        _tell_json(done)
    else:
        for line in _lines(done):
            tell(line)
    if done.tally.failures or done.tally.apart.is_lacking or not done.tally.rows:
        raise typer.Exit(1 if done.tally.rows else 3)


def _tell_json(done: "CohortRun") -> None:
    from voxmill.cli.progress import log_json

    tally = done.tally
    log_json(
        "end",
        **done.progress.counts,
        rows=tally.rows,
        failures=len(tally.failures),
        **tally.apart.counts,
        without_mask=tally.bare,
        seconds={name: round(seconds, 3) for name, seconds in tally.seconds.items()},
        bytes=tally.bytes,
        peak_bytes=tally.peak_bytes,
        measured_on=dict(tally.devices),
        on_cpu=tally.on_cpu.total(),
        gpu_fault=done.fault,
    )


def _lines(done: "CohortRun") -> Iterator[str]:
    """What came of it, and where time went; no name of a case."""
    from voxmill.cohort.methods import cases_or_regions, lacking
    from voxmill.computing import CPU_NAME, ON_CPU
    from voxmill.errors import counted

    tally, apart, progress = done.tally, done.tally.apart, done.progress
    before = f", {progress.before:,} before" if progress.before else ""
    yield f"{counted(progress.done, 'case')} done{before}, {counted(tally.rows, 'row')}: {done.features}"
    if done.aside is not None:
        yield f"results of other settings or cases, of another version or device, are in {done.aside}"
    if tally.bare:
        yield f"{counted(tally.bare, 'image')} without a mask: nothing to measure there"
    if apart.missing:
        yield f"{counted(len(apart.missing), 'image')} left out, as files are not there: {done.failures}"
    if tally.failures:
        yield f"{cases_or_regions(len(tally.failures))} could not be measured; why: {done.failures}"
    yield from (f"{told}; why: {done.failures}" for told in lacking(apart))
    if apart.unfinished is not None:
        yield str(apart.unfinished)
    if set(tally.devices) - {CPU_NAME}:
        by_device = (f"{counted(cases, 'case')} on {name}" for name, cases in sorted(tally.devices.items()))
        yield f"measured: {', '.join(by_device)}"
    if done.fault:
        yield f"{ON_CPU}{done.fault}"
    if tally.on_cpu:
        (why, _), *others = tally.on_cpu.most_common()
        more = f"; and for {counted(len(others), 'other reason')}" if others else ""
        rows = f"{counted(tally.on_cpu.total(), 'row')} had to be computed on the CPU"
        yield f"{rows} ({why}{more}): see column notes of {done.features}"
    if progress.ended:
        spent_s = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in tally.seconds.items())
        whose = "all cases, also those before: " if progress.before else ""
        memory = f"at most {tally.peak_bytes / 1e6:,.0f} MB in a process"
        yield f"{whose}{spent_s}; {tally.bytes / 1e6:,.1f} MB of files; {memory}"
