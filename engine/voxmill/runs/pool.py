"""A pool of processes that do cases: one that dies costs its case, not the run."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Generic

from voxmill.runs.records import Record
from voxmill.runs.worker import MEMORY, Case, Job, attempt, failed

GRACE_S = 7.0
"""How long cases under way may take after a signal: schedulers kill some ten seconds after it."""
AHEAD = 2
"""Cases handed out for each process: one that it does, one that waits."""
POLL_S = 0.2
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
"""How many threads libraries may begin: one, as each process is one of many."""


def pooled(job: Job[Case], cases: Iterable[Case], workers: int, stopping: threading.Event) -> Iterator[Record | None]:
    """The records of cases as they come; None now and then while nothing comes.

    Cases whose process died, or that ran out of memory beside others, come last, each in a process of its own. After
    `stopping` is set no case is begun, and those under way have GRACE_S left.
    """
    waiting, tasks = iter(cases), _Tasks(job, workers)
    try:
        deadline = float("inf")
        while time.monotonic() < deadline:
            if stopping.is_set():
                deadline = min(deadline, time.monotonic() + GRACE_S)
            else:
                tasks.begin(waiting)
            if not tasks.under_way:
                break
            yield from tasks.finished()
            yield None
    finally:
        tasks.end()
    for case in tasks.again:
        if not stopping.is_set():
            yield from _alone(job, case, stopping)


class _Tasks(Generic[Case]):
    """Cases that are under way in a pool of processes, and those that have to be tried again, alone."""

    def __init__(self, job: Job[Case], workers: int) -> None:
        self.job, self.workers = job, workers
        self.under_way: dict[Future[Record], Case] = {}
        self.again: list[Case] = []
        self._pool = _new_pool(workers)

    def begin(self, cases: Iterator[Case]) -> None:
        """Hand out as many cases as there is room for."""
        for case in islice(cases, self.workers * AHEAD - len(self.under_way)):
            try:
                self.under_way[self._pool.submit(attempt, self.job, case)] = case
            except BrokenProcessPool:
                self.again.append(case)
                self._renew()

    def finished(self) -> Iterator[Record]:
        """The records of cases that have ended; raises what a job raises to end a run."""
        ended, _ = wait(self.under_way, timeout=POLL_S, return_when=FIRST_COMPLETED)
        broken = False
        for future in ended:
            case = self.under_way.pop(future)
            broken = broken or isinstance(future.exception(), BrokenProcessPool)
            record = None if isinstance(future.exception(), BrokenProcessPool) else future.result()
            if record is None or record.reason == MEMORY:
                self.again.append(case)
            else:
                yield record
        if broken:
            self._renew()

    def _renew(self) -> None:
        """All cases of a pool that broke are tried again: nobody knows whose process died."""
        self.again += self.under_way.values()
        self.under_way.clear()
        self.end()
        self._pool = _new_pool(self.workers)

    def end(self) -> None:
        """Stop the processes, whatever they do."""
        _kill(self._pool)


def _alone(job: Job[Case], case: Case, stopping: threading.Event) -> Iterator[Record | None]:
    """The record of a case that nothing else runs beside; none where it had to stop."""
    pool = _new_pool(1)
    try:
        future = pool.submit(attempt, job, case)
        deadline = float("inf")
        while not wait([future], timeout=POLL_S).done and time.monotonic() < deadline:
            if stopping.is_set():
                deadline = min(deadline, time.monotonic() + GRACE_S)
            yield None
        if future.done():
            yield future.result()
    except BrokenProcessPool:
        sentence = "its process ended without a word, even alone: a library crashed on it, or the system killed it"
        yield failed(job, case, step="begin", reason="ProcessDied", sentence=sentence)
    finally:
        _kill(pool)


def _new_pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """In a new process: one thread, no signals (they go to a whole group), and an end when the parent has ended."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _kill(pool: ProcessPoolExecutor) -> None:
    """End a pool and its processes; the executor itself has no way to (until Python 3.14)."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()
