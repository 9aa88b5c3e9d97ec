"""Do the cases of a job that a ledger lacks, in this process or on Dask."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Generic

from voxmill.errors import SettingsError, counted
from voxmill.runs.cluster import Workers, on_cluster
from voxmill.runs.ledger import Ledger
from voxmill.runs.places import HERE, Place, ThisMachine, connected
from voxmill.runs.records import Outcome, Record
from voxmill.runs.signals import Stopped, signals_heard, signals_noted
from voxmill.runs.warden import NO_LIMITS, Limits
from voxmill.runs.worker import Case, Job, attempt, is_transient

NOBODY: Callable[["Progress"], None] = lambda progress: None  # noqa: E731 - a default that has a name


@dataclass(frozen=True)
class Progress:
    """How far a run is: cases done and failed by it, and those that had ended before.

    workers: what they do now; None in this process.
    """

    done: int = 0
    failed: int = 0
    before: int = 0
    workers: Workers | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many cases were done, failed, and had ended before."""
        return {"done": self.done, "failed": self.failed, "before": self.before}

    @property
    def ended(self) -> int:
        """How many cases it has brought to an end."""
        return self.done + self.failed

    def after(self, record: Record, before: int) -> "Progress":
        """With one more case."""
        ok = record.outcome is Outcome.DONE
        return replace(self, done=self.done + ok, failed=self.failed + (not ok), before=before)


def run(
    job: Job[Case],
    cases: Iterable[Case],
    ledger: Ledger,
    *,
    workers: int = 0,
    on: Place = HERE,
    limits: Limits = NO_LIMITS,
    again: frozenset[Outcome] = frozenset({Outcome.FAILED}),
    tell: Callable[[Progress], None] = NOBODY,
) -> Progress:
    """Do every case that the ledger lacks, by so many workers; 0 on this machine: in this process, without Dask.

    `limits` of a case need a process of its own, so SettingsError is raised for them without Dask. `again`: which
    outcomes are no reason to leave a case out. `cases` is read no faster than they are done; `tell` hears of every
    one, and between them what the workers do. Raises Stopped after SIGTERM or SIGINT or when the scheduler is lost,
    OutputError when nothing can be written any more, and what `connected` raises; what is in the ledger stays done.
    """
    require_processes(workers, on, limits)
    progress = Progress()
    with signals_noted() as stopping:
        ended = {key for key, outcome in ledger.outcomes.items() if outcome not in again}
        wanted = _Wanted(job, cases, ended, stopping, lambda before: tell(replace(progress, before=before)))
        for news in _news(job, wanted, workers, on, limits, stopping):
            if isinstance(news, Record):
                ledger.add(news)
                progress = progress.after(news, wanted.before)
            elif news is not None:
                progress = replace(progress, workers=news)
            if news is not None:
                tell(progress)
            ledger.tick()
        ledger.flush()
        if stopping.is_set():
            ended_now = counted(progress.ended, "case")
            raise Stopped(f"stopped by a signal after {ended_now}; run it again to go on")
    return replace(progress, before=wanted.before)


def require_processes(workers: int, on: Place, limits: Limits) -> None:
    """Raise SettingsError where cases have limits and no process of their own."""
    if workers == 0 and isinstance(on, ThisMachine) and limits != NO_LIMITS:
        raise SettingsError("limits of a case need a process that can be ended; ask for at least one worker")


@dataclass
class _Wanted(Generic[Case]):
    """The cases that have to be done, each key once; `before` counts those that need not be, which `hear` hears.

    After `stopping` is set there are none.
    """

    job: Job[Case]
    cases: Iterable[Case]
    ended: set[str]
    stopping: threading.Event
    hear: Callable[[int], None]
    before: int = 0

    def __iter__(self) -> Iterator[Case]:
        for case in self.cases:
            if self.stopping.is_set():
                return
            key = self.job.key(case)
            if key in self.ended:
                self.before += 1
                self.hear(self.before)
            else:
                self.ended.add(key)
                yield case


def _news(
    job: Job[Case], cases: Iterable[Case], workers: int, on: Place, limits: Limits, stopping: threading.Event
) -> Iterator[Record | Workers | None]:
    """The records of cases, in this process or as `on_cluster` gives them."""
    if workers == 0 and isinstance(on, ThisMachine):
        yield from _here(job, cases, stopping)
        return
    with ExitStack() as stack:
        with signals_heard():
            client = stack.enter_context(connected(on, workers))
        yield from on_cluster(job, cases, client, limits, stopping)


def _here(job: Job[Case], cases: Iterable[Case], stopping: threading.Event) -> Iterator[Record]:
    """The records of cases; those that failed for what may pass are tried again, and come last."""
    again = []
    for case in cases:
        if stopping.is_set():
            return
        record = attempt(job, case)
        if is_transient(job, record):
            again.append(case)
        else:
            yield record
    for case in again:
        if not stopping.is_set():
            yield attempt(job, case)
