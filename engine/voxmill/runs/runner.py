"""Do the cases of a job that a ledger lacks, in this process or in a pool of others."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic

from voxmill.errors import VoxmillError
from voxmill.runs.ledger import Ledger
from voxmill.runs.pool import pooled
from voxmill.runs.records import Outcome, Record
from voxmill.runs.signals import signals_noted
from voxmill.runs.worker import Case, Job, attempt

NOBODY: Callable[["Progress"], None] = lambda progress: None  # noqa: E731 - a default that has a name


class Stopped(VoxmillError):  # noqa: N818 - it is no error
    """A signal ended a run; running the command again finishes it."""

    exit_code = 75


@dataclass(frozen=True)
class Progress:
    """How far a run is: cases done and failed by it, and those that had ended before."""

    done: int = 0
    failed: int = 0
    before: int = 0

    def after(self, record: Record, before: int) -> "Progress":
        """With one more case."""
        ok = record.outcome is Outcome.DONE
        return Progress(self.done + ok, self.failed + (not ok), before)


def run(
    job: Job[Case],
    cases: Iterable[Case],
    ledger: Ledger,
    *,
    workers: int = 0,
    again: frozenset[Outcome] = frozenset({Outcome.FAILED}),
    tell: Callable[[Progress], None] = NOBODY,
) -> Progress:
    """Do every case that the ledger lacks, in so many processes; 0: in this one.

    `again`: which outcomes are no reason to leave a case out. `cases` is read no faster than they are done; `tell`
    hears of every one. Raises Stopped after SIGTERM or SIGINT, and OutputError when nothing can be written
    any more; what is in the ledger stays done.
    """
    progress, wanted = Progress(), _Wanted(job, cases, ledger, again)
    with signals_noted() as stopping:
        for record in pooled(job, wanted, workers, stopping) if workers else _here(job, wanted, stopping):
            if record is not None:
                ledger.add(record)
                progress = progress.after(record, wanted.before)
                tell(progress)
            ledger.tick()
        ledger.flush()
        if stopping.is_set():
            raise Stopped(f"stopped by a signal after {progress.done + progress.failed} cases; run it again to go on")
    return replace(progress, before=wanted.before)


class _Wanted(Generic[Case]):
    """The cases that have to be done, each key once; `before` counts those that need not be."""

    def __init__(self, job: Job[Case], cases: Iterable[Case], ledger: Ledger, again: frozenset[Outcome]) -> None:
        self.job, self.cases = job, cases
        self.before = 0
        self._ended = {key for key, outcome in ledger.outcomes.items() if outcome not in again}

    def __iter__(self) -> Iterator[Case]:
        for case in self.cases:
            key = self.job.key(case)
            if key in self._ended:
                self.before += 1
            else:
                self._ended.add(key)
                yield case


def _here(job: Job[Case], cases: Iterable[Case], stopping: threading.Event) -> Iterator[Record]:
    for case in cases:
        if stopping.is_set():
            return
        yield attempt(job, case)
