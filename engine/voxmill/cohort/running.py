"""A cohort into tables, durably: begun again, it does what is missing."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voxmill.cohort.cases import Choosing, CohortCase
from voxmill.cohort.device import decide, decide_here
from voxmill.cohort.estimate import Estimate, Workforce, estimate
from voxmill.cohort.finding import Cohort, Wanted, find_cohort
from voxmill.cohort.folder import (
    failures_there,
    has_another,
    require_all_kept,
    require_ours,
    require_outside,
    set_aside,
)
from voxmill.cohort.job import Extraction
from voxmill.cohort.layout import FAILURES, FEATURES, LEDGER, RUN, Forms
from voxmill.cohort.provenance import Account
from voxmill.cohort.tables import Entries, require_csv
from voxmill.cohort.writing import Chosen, Tally, write_results
from voxmill.computing import parse_threads
from voxmill.drafts import remove_drafts
from voxmill.privacy import KEY_BYTES, Key, Pseudonyms
from voxmill.runs.ledger import opened, read_ledger, read_outcomes
from voxmill.runs.places import HERE, Place, Slurm
from voxmill.runs.records import Outcome
from voxmill.runs.runner import NOBODY, Progress, require_processes, run
from voxmill.runs.signals import signals_heard
from voxmill.runs.warden import NO_LIMITS, Limits
from voxmill.settings import Settings, parse_settings

ALL, WIDE = Wanted(), Forms()


@dataclass(frozen=True)
class CohortRun:
    """What a run has done, and where its results are.

    progress: cases done and failed by it, and those that were done before. tally: rows, failures, and what they took.
    aside: where the results of an earlier run with other settings or cases, or of another version or device, are now.
    fault: why it was done on the CPU where a GPU of this machine is expected to work.
    """

    folder: Path
    progress: Progress
    tally: Tally
    aside: Path | None = None
    fault: str = ""

    @property
    def features(self) -> Path:
        """The table of features."""
        return self.folder / FEATURES

    @property
    def failures(self) -> Path:
        """The table of what could not be measured, and why."""
        return self.folder / FAILURES


@signals_heard()
def run_cohort(
    cohort: str | Path,
    out: str | Path,
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    wanted: Wanted = ALL,
    forms: Forms = WIDE,
    workers: int = 0,
    on: Place = HERE,
    limits: Limits = NO_LIMITS,
    threads: int = 1,
    device: str = "auto",
    keep_ids: bool = False,
    begin: Callable[[int], None] = lambda cases: None,
    tell: Callable[[Progress], None] = NOBODY,
) -> CohortRun:
    """Measure all cases of a cohort (see find_cohort) into the tables of a folder, made where there is none.

    settings: as `extract` has them. wanted: which cases; all of them. forms: which tables beside features.parquet.
    workers, on, limits: by how many processes, where, and what a case may take, as `runs.runner.run` has them; 0: in
    this process. threads: of each, as many regions are measured at a time. device: cpu; gpu, of which there must be
    one; or auto, a GPU where one works, beside other processes. keep_ids: whether a folder of DICOM keeps its
    identifiers, and regions of DICOM masks names that repeat them; otherwise names stand for them, made with the key in
    the file that VOXMILL_KEY_FILE names, or in OUT.key. begin and tell hear how many cases there are, and of each that
    has ended.

    A case or a region that cannot be measured is a row of failures.parquet; the others go on. Run again, it does what
    is missing, and what failed. Results of other settings or another version, of another device where values depend on
    it, or with rows of cases that are not in the cohort, are moved into the folder `earlier`.
    Raises InputError for a cohort without cases or that makes no sense, and where nothing can be measured of one that
    has rows in the folder, which stay; SettingsError for settings that make none, for a GPU where none works, and for a
    choice of cases that would take the rows of others out of tables that are there, OutputError for a folder that
    cannot be written or is not one of a run, Stopped after a signal.
    """
    begun = datetime.now(UTC)
    parsed, folder = parse_settings(settings), Path(out).absolute()
    require_outside(folder, Path(cohort))
    require_ours(folder)
    require_processes(workers, on, limits)
    used, on, fault = decide(device, parsed, on, workers)
    job = Extraction(parsed, parse_threads(threads), used)
    found = _found(Path(cohort), wanted, forms, lambda: _pseudonyms(folder, keep_ids=keep_ids), keep_ids=keep_ids)
    if wanted.is_part:
        require_all_kept(folder, job.fingerprint, {case.name for _, case in found})
    begin(found.count)
    with opened(folder / LEDGER) as ledger:
        remove_drafts(folder)
        noted = _Noted(job, found)
        if isinstance(on, Slurm):
            on.folder.mkdir(exist_ok=True)
        progress = run(
            job, iter(noted), ledger, workers=workers, on=on, limits=limits, whose=lambda case: case.name, tell=tell
        )
        counts = {"cases": len(set(noted.names.values())), **progress.counts}
        asked = {**wanted.told, **asdict(limits), "workers": workers, "threads": threads, "device": device}
        aside = set_aside(folder, job.fingerprint, noted.names.values())
        account = Account(job.settings, job.fingerprint, begun, found.kind, asked, counts, device=used, fault=fault)
        tally = write_results(folder, read_ledger(ledger.folder), noted.chosen, forms, account)
    return CohortRun(folder, progress, tally, aside, fault)


@signals_heard()
def estimate_cohort(
    cohort: str | Path,
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    wanted: Wanted = ALL,
    forms: Forms = WIDE,
    workers: int = 0,
    limits: Limits = NO_LIMITS,
    threads: int = 1,
    device: str = "auto",
    out: str | Path | None = None,
    keep_ids: bool = False,
    before_s: float = 0.0,
) -> Estimate:
    """What `run_cohort` would take for the same on this machine, from some cases that are done for it; nothing is kept.

    out: the folder that results would go to, where there is one in mind: cases that are done there take nothing.
    before_s: what the run will have taken when it gets here, such as the start of its process. Raises as `run_cohort`
    does, also for that folder, and InputError where none of these cases can be measured and none is done there.
    """
    began = time.perf_counter()
    folder = None if out is None else Path(out).absolute()
    if folder is not None:
        require_outside(folder, Path(cohort))
        require_ours(folder)
    parsed = parse_settings(settings)
    used, on, _ = decide_here(device, parsed, HERE, workers)
    job = Extraction(parsed, parse_threads(threads), used)
    outcomes = {} if folder is None else read_outcomes(folder / LEDGER)

    def pseudonyms() -> Pseudonyms:
        if folder is not None and outcomes:
            return _pseudonyms(folder, keep_ids=keep_ids)
        return Pseudonyms(Key(secrets.token_bytes(KEY_BYTES)), keep_ids)

    found = _found(Path(cohort), wanted, forms, pseudonyms, keep_ids=keep_ids)
    done = {key for key, outcome in outcomes.items() if outcome is Outcome.DONE}
    aside = folder is not None and (folder / RUN).exists() and _moves(folder, job, found, wanted)
    before_s += time.perf_counter() - began
    foreseen = estimate(job, found, forms, Workforce(workers, limits, on), done=done, before_s=before_s)
    if folder is None or aside or foreseen.cases:
        return replace(foreseen, aside=aside)
    return replace(foreseen, failures_before=failures_there(folder))


def _moves(folder: Path, job: Extraction, found: Cohort, wanted: Wanted) -> bool:
    """Whether a run would move the results in a folder; raises SettingsError where it would be refused for them."""
    names = {case.name for _, case in found}
    if wanted.is_part:
        require_all_kept(folder, job.fingerprint, names)
    return has_another(folder, job.fingerprint, names)


def _found(
    source: Path, wanted: Wanted, forms: Forms, pseudonyms: Callable[[], Pseudonyms], *, keep_ids: bool = False
) -> Cohort:
    """The cases that are wanted; raises InputError also for columns that a form of the results cannot hold."""
    found = find_cohort(source, wanted, pseudonyms, keep_ids=keep_ids)
    if forms.csv and found.further is not None:
        require_csv(source.name, found.further)
    return found


def _pseudonyms(folder: Path, *, keep_ids: bool) -> Pseudonyms:
    """The names of a run: made with the key beside its folder, which is made at its begin."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Pseudonyms(Key.for_store(folder, new=not (folder / LEDGER).exists()), keep_ids)


@dataclass
class _Noted:
    """The cases of a cohort, noted by key as they are begun."""

    job: Extraction
    cohort: Cohort
    places: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    choosing: bool = False

    def __iter__(self) -> Iterator[CohortCase]:
        for place, case in self.cohort:
            key = self.job.key(case)
            self.places[key], self.names[key] = place, case.name
            self.choosing = self.choosing or case.choosing != Choosing()
            yield case

    @property
    def chosen(self) -> Chosen:
        """All that were noted, by name; of one name in the order of their source."""
        keys = sorted(self.places, key=lambda key: (self.names[key], self.places[key]))
        entries = Entries([self.names[key] for key in keys], [self.places[key] for key in keys], self.cohort.further)
        ranks = {key: rank for rank, key in enumerate(keys)}
        apart = replace(self.cohort.apart, missing=tuple(self.cohort.missing))
        return Chosen(ranks, entries, apart, choosing=self.choosing)
