"""Do the cases of a job that a ledger lacks, in this process or on Dask."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
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


class Standing(IntEnum):
    """How a case stands; one of several parts as that of them which stands last here."""

    BEFORE = 0
    DONE = 1
    FAILED = 2


@dataclass
class Standings:
    """How cases stand of which something has ended, by name."""

    known: dict[Hashable, Standing] = field(default_factory=dict)
    tally: Counter[Standing] = field(default_factory=Counter)

    def note(self, name: Hashable, standing: Standing) -> None:
        """Something of a case has ended."""
        known = self.known.get(name)
        if known is None or known < standing:
            self.known[name] = standing
            self.tally[standing] += 1
            if known is not None:
                self.tally[known] -= 1

    def progress(self, workers: Workers | None = None) -> Progress:
        """How many cases stand so, and what workers do now."""
        done, failed, before = (self.tally[one] for one in (Standing.DONE, Standing.FAILED, Standing.BEFORE))
        return Progress(done, failed, before, workers)


def run(
    job: Job[Case],
    cases: Iterable[Case],
    ledger: Ledger,
    *,
    workers: int = 0,
    on: Place = HERE,
    limits: Limits = NO_LIMITS,
    again: frozenset[Outcome] = frozenset({Outcome.FAILED}),
    whose: Callable[[Case], Hashable] | None = None,
    tell: Callable[[Progress], None] = NOBODY,
) -> Progress:
    """Do every case that the ledger lacks, by so many workers; 0 on this machine: in this process, without Dask.

    `limits` of a case need a process of its own, so SettingsError is raised for them without Dask. `again`: which
    outcomes are no reason to leave a case out. `whose`: the name by which parts of a case are counted as one, which
    has failed where a part of it has; otherwise each is counted. `cases` is read no faster than they are done; `tell`
    hears of every one, and between them what the workers do. Raises Stopped after a signal of signals.ASKING or when
    the scheduler is lost, OutputError when nothing can be written any more, and what `connected` raises; what is in
    the ledger stays done.
    """
    require_processes(workers, on, limits)
    standings, numbers = Standings(), count()
    at_work: Workers | None = None
    with signals_noted() as stopping:
        ended = {key for key, outcome in ledger.outcomes.items() if outcome not in again}

        def hear(name: Hashable) -> None:
            standings.note(name, Standing.BEFORE)
            tell(standings.progress(at_work))

        wanted = _Wanted(job, cases, ended, stopping, hear, whose or (lambda case: next(numbers)))
        for news in _news(job, wanted, workers, on, limits, stopping):
            if isinstance(news, Record):
                ledger.add(news)
                standings.note(wanted.names.pop(news.key), Standing[news.outcome.name])
            elif news is not None:
                at_work = news
            if news is not None:
                tell(standings.progress(at_work))
            ledger.tick()
        ledger.flush()
        if stopping.is_set():
            ended_now = counted(standings.progress().ended, "case")
            raise Stopped(f"stopped by a signal after {ended_now}; run it again to go on")
    return standings.progress(at_work)


def require_processes(workers: int, on: Place, limits: Limits) -> None:
    """Raise SettingsError where cases have limits and no process of their own."""
    if workers == 0 and isinstance(on, ThisMachine) and limits != NO_LIMITS:
        raise SettingsError("limits of a case need a process that can be ended; ask for at least one worker")


@dataclass
class _Wanted(Generic[Case]):
    """The cases that have to be done, each key once; `hear` hears whose those are that need not be.

    names: whose those are that are under way, by key. After `stopping` is set there are none.
    """

    job: Job[Case]
    cases: Iterable[Case]
    ended: set[str]
    stopping: threading.Event
    hear: Callable[[Hashable], None]
    whose: Callable[[Case], Hashable]
    names: dict[str, Hashable] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Case]:
        for case in self.cases:
            if self.stopping.is_set():
                return
            key = self.job.key(case)
            if key in self.ended:
                self.hear(self.whose(case))
            else:
                self.ended.add(key)
                self.names[key] = self.whose(case)
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
