"""How long a cohort will take: a few of its cases are done, by as many workers, and what they took is scaled."""

import math
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

from voxmill.cohort.cases import CohortCase
from voxmill.cohort.finding import Cohort
from voxmill.cohort.job import Extraction, has_result
from voxmill.cohort.layout import LEDGER, Forms
from voxmill.cohort.tables import Entries
from voxmill.cohort.writing import Chosen, write_tables
from voxmill.errors import InputError, agreeing, several
from voxmill.runs.lanes import CPU, TOGETHER
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import HERE, ThisMachine
from voxmill.runs.runner import Progress, run
from voxmill.runs.warden import NO_LIMITS, Limits

SIZED = 1_000
"""Cases whose files are looked at: all, or so many evenly spaced ones."""
SAMPLED = 16
"""Cases that are done beyond the first of every worker, which loads what the others find loaded."""


@dataclass(frozen=True)
class Estimate:
    """What a cohort will take: cases and bytes of files; seconds, of which each worker measures for so many.

    sampled: how many cases this was scaled from. error: how far the mean of these is uncertain, as a share of it.
    before: how many others are done already, and take nothing. failed: how many of those that were tried could not be
    measured, or not all of them; reasons: why, each once. aside: whether results of other settings or cases, of another
    version or device, would be moved. failures_before: where all is done, the failures in the tables that are there.
    """

    cases: int
    bytes: int
    seconds: float
    sampled: int
    error: float
    before: int = 0
    failed: int = 0
    reasons: tuple[str, ...] = ()
    aside: bool = False
    failures_before: int = 0


@dataclass(frozen=True)
class Workforce:
    """Who does cases, as `runs.runner.run` has them."""

    workers: int
    limits: Limits = NO_LIMITS
    on: ThisMachine = HERE

    def at_a_time(self, job: Extraction) -> int:
        """How many cases of a job are done at a time."""
        others = self.workers if CPU in job.resources else 0
        return max(1, others + TOGETHER * len(self.on.gpus))


def estimate(
    job: Extraction,
    cohort: Cohort,
    forms: Forms,
    workforce: Workforce,
    *,
    done: Collection[str] = (),
    before_s: float = 0.0,
) -> Estimate:
    """Do some cases of a cohort in a folder that is removed again, and scale what they took to all of them.

    The sample is a case of each of SAMPLED groups of equal size, from the smallest files to the largest, and before
    these one for every case that is done at a time. done: the keys of cases that are done already. before_s: what a run
    takes before it begins with cases. Raises InputError where none of them can be measured and none is done.
    """
    there = _sized(job, cohort, done)
    if not there.cases:
        return Estimate(0, 0, before_s, 0, 0.0, there.before)
    sized = sorted(there.sized, key=lambda case: case.bytes)
    measured, at_a_time = _spread(sized, SAMPLED), workforce.at_a_time(job)
    warming = _spread([case for case in sized if case not in measured], at_a_time)
    sample = _sampled(job, [*warming, *measured], forms, workforce)
    found = Estimate(
        there.cases,
        round(fmean(case.bytes for case in sized) * there.rows),
        before_s + sample.starting,
        sampled=0,
        error=0.0,
        before=there.before,
        failed=sample.failed,
        reasons=sample.reasons,
    )
    kept = [case for case in measured if job.key(case) in sample.took]
    taken = [sample.took[job.key(case)] for case in kept]
    if not taken:
        if not there.before:
            raise InputError(none_measured(sample.failed, sample.reasons))
        return found
    mean = fmean(taken)
    loading = max([0.0, *(sample.took.get(job.key(case), mean) - mean for case in warming)])
    each = mean / at_a_time + sample.writing / len(sample.took)
    return replace(
        found,
        seconds=found.seconds + loading + each * there.rows,
        sampled=len({case.name for case in kept}),
        error=stdev(taken) / mean / math.sqrt(len(taken)) if len(taken) > 1 else 1.0,
    )


def reasons_told(reasons: Sequence[str]) -> str:
    """Several sentences, which have semicolons of their own, in one line."""
    return several(reasons, separator=" / ")


def none_measured(tried: int, reasons: Sequence[str]) -> str:
    """That none of the cases that were tried can be measured, and why."""
    none = agreeing(tried, "the one case that was", f"none of the {tried} cases that were")
    return f"{none} tried {agreeing(tried, 'cannot', 'can')} be measured: {reasons_told(reasons)}"


@dataclass(frozen=True)
class _There:
    """How many cases are done, how many are not, or not all of their rows, and how many rows; of these, some."""

    before: int
    cases: int
    rows: int
    sized: Sequence[CohortCase]


def _sized(job: Extraction, cohort: Cohort, done: Collection[str]) -> _There:
    """What there is, with rows that are evenly spaced; without those that are left out."""
    before, names, rows, sized, step = set[str](), set[str](), 0, list[CohortCase](), 1
    for _, case in cohort:
        if done and job.key(case) in done:
            before.add(case.name)
            continue
        names.add(case.name)
        if rows % step == 0:
            sized.append(case)
        rows += 1
        if len(sized) > 2 * SIZED:
            sized, step = sized[::2], 2 * step
    return _There(len(before - names), len(names), rows, _spread(sized, SIZED))


@dataclass(frozen=True)
class _Sample:
    """Cases that were done. took: seconds of each, by key; starting, writing: those of the run as such.

    failed: how many of them could not be measured, or not in all; reasons: why, each once.
    """

    took: Mapping[str, float]
    starting: float
    writing: float
    failed: int
    reasons: tuple[str, ...]


def _spread(cases: Sequence[CohortCase], count: int) -> list[CohortCase]:
    """The middle one of so many groups of equal size; all of them where there are fewer."""
    count = min(count, len(cases))
    return [cases[(2 * at + 1) * len(cases) // (2 * count)] for at in range(count)]


def _sampled(job: Extraction, cases: Sequence[CohortCase], forms: Forms, who: Workforce) -> _Sample:
    """Do these cases as a run does them, and write its tables."""
    ends: list[float] = []

    def hear(progress: Progress) -> None:
        if progress.ended:
            ends.append(time.perf_counter())

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with opened(Path(folder) / LEDGER) as ledger:
            run(job, iter(cases), ledger, workers=who.workers, limits=who.limits, on=who.on, tell=hear)
            records = list(read_ledger(ledger.folder))
        wrote = time.perf_counter()
        ranks = {job.key(case): rank for rank, case in enumerate(cases)}
        entries = Entries([case.name for case in cases], [0] * len(cases))
        tally, _ = write_tables(Path(folder), records, Chosen(ranks, entries), forms)
        writing = time.perf_counter() - wrote
    took = {one.key: one.result["took"]["wall_s"] for one in records if has_result(one)}
    starting = max(0.0, min(ends) - began - min(took.values(), default=0.0))
    failed = {one["case"] for one in tally.failures}
    return _Sample(took, starting, writing, len(failed), tuple(sorted({one["sentence"] for one in tally.failures})))
