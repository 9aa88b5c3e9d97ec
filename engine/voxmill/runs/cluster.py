"""Cases on a cluster of Dask: a window of them is under way; what may pass is tried again, what is lost by itself."""

import logging
import pickle
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count, islice, product
from typing import TYPE_CHECKING, Any, Generic

from voxmill.runs.lanes import PROCESSORS, Lane, Told, lanes
from voxmill.runs.records import Record
from voxmill.runs.signals import GRACE_S, Stopped, signals_heard
from voxmill.runs.tries import AGAIN, AGAIN_APART, ALONE, APART, SHARED, Stage, Tries
from voxmill.runs.warden import TASK_S, Done, Limits, Lost, Sealed, do, version
from voxmill.runs.worker import Case, Job

if TYPE_CHECKING:
    from distributed import Client, Future

END_S = 1.0
"""How long workers elsewhere may take to hear of the end."""
LOGGER = logging.getLogger(__name__)
AHEAD = 2
"""Tasks for each thread of a worker: one that it does, one that waits."""
TASK_CASES = 32
"""The most cases of a task: a task has its price, so quick cases share one."""
WAIT_S = 0.2
"""How long to wait for what ends; a signal is heard no later than that."""
ANSWER_S = 2.0
"""How long a scheduler may take to answer; a signal is heard no later than that either."""
SILENT_S = 60.0
"""After how long without an answer it is lost."""
NO_ANSWER = "the scheduler of Dask does not answer any more; run it again to go on"
NOBODY_S = 60.0
"""How long no worker may come before that is told."""
COUNT_S = 5.0
"""How often the workers are counted: they come and go."""
BEAT_S = 1.0
"""How often it is told what the workers do, though that has not changed."""


@dataclass(frozen=True)
class Workers:
    """What the workers do: how many there are that do a case at a time, and how many of them have some."""

    count: int = 0
    busy: int = 0


def on_cluster(
    job: Job[Case], cases: Iterable[Case], client: "Client", limits: Limits, stopping: threading.Event
) -> Iterator[Record | Workers | None]:
    """The records of cases as they come; between them now and then what the workers do, or None.

    Cases that failed for what may pass are tried again after the others; those that were lost, or had no room in
    memory, come last, each with nothing beside it. What befell a case that shared a GPU may be another's doing: before
    that it is tried again with a GPU and a process to itself. After `stopping` is set no case is begun, and those
    under way have GRACE_S left. Raises Stopped when the scheduler is lost.
    """
    tasks = _Tasks(job, client, limits, stopping)
    try:
        tasks.begin()
        yield from tasks.all_records(cases)
    finally:
        tasks.end()


class _Tasks(Generic[Case]):
    """Cases that are under way, and those that are tried again."""

    def __init__(self, job: Job[Case], client: "Client", limits: Limits, stopping: threading.Event) -> None:
        from distributed import as_completed

        from voxmill.runs.ending import Ending

        self.job, self.client, self.limits, self.stopping = job, client, limits, stopping
        self._tries = Tries(job)
        self._run = uuid.uuid4().hex
        self._ending = Ending(self._run)
        self._under_way: dict[Future[Any], tuple[str, list[Case]]] = {}
        self._left: list[Case] = []
        self._numbers, self._case_s = count(), float("inf")
        self._ended = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._counted, self._known = float("-inf"), list[Told]()
        self._told, self._workers = float("-inf"), Workers()
        self._deadline = float("inf")
        self._nobody_since = self._answered = time.monotonic()

    def begin(self) -> None:
        """See to it that no worker, now or later, leaves processes of this run behind.

        Raises Stopped when a signal comes meanwhile. That a worker or the scheduler is lost shows later.
        """
        with signals_heard(), suppress(OSError):
            self.client.register_plugin(self._ending)

    def all_records(self, cases: Iterable[Case]) -> Iterator[Record | Workers | None]:
        """The records of these cases, those of cases that are tried again after the others; alone they use no GPU.

        What others may have spoilt is left as it is where the run stops before it has been tried again.
        """
        try:
            yield from self._first_records(iter(cases))
            for stage in (AGAIN, AGAIN_APART):
                yield from self._records(self._tries.waiting(stage), stage)
            for case in self._tries.waiting(ALONE):
                yield from self._records([case], ALONE)
        except Stopped:
            self._tries.leave()
            yield from self._tries.left()
            raise
        self._tries.leave()
        yield from self._tries.left()

    def _first_records(self, cases: Iterator[Case]) -> Iterator[Record | Workers | None]:
        """The records of these cases, and of those among them that are tried apart whenever these are many."""
        for case in cases:
            yield from self._records(chain([case], self._until_many_wait(cases)), SHARED)
            yield from self._records(self._tries.waiting(APART), APART)
            yield from self._tries.left()

    def _until_many_wait(self, cases: Iterator[Case]) -> Iterator[Case]:
        for case in cases:
            yield case
            if self._tries.are_many():
                return

    def _records(self, cases: Iterable[Case], stage: Stage) -> Iterator[Record | Workers | None]:
        """The records of these cases, but for those that have to be tried again."""
        waiting = iter(cases)
        while time.monotonic() < self._deadline:
            if self.stopping.is_set():
                self._deadline = min(self._deadline, time.monotonic() + GRACE_S)
            else:
                self._begin(waiting, stage)
            if not self._under_way:
                return
            yield from self._finished(stage)
            yield self._news(stage)

    def _news(self, stage: Stage) -> Workers | None:
        """What the workers do, where that has changed or was told long ago."""
        now, some = time.monotonic(), self._lanes(stage)
        busy = sum(min(lane.places, self._tasks(lane)) for lane in some)
        found = Workers(sum(lane.places for lane in some), busy)
        if found == self._workers and now - self._told < BEAT_S:
            return None
        self._told, self._workers = now, found
        return found

    def _begin(self, cases: Iterator[Case], stage: Stage) -> None:
        """Hand out as many cases as there is room for; none waits in one lane while another has nothing to do."""
        self._count()
        for ahead, lane in product(range(1, AHEAD + 1), self._lanes(stage)):
            while self._tasks(lane) < ahead * max(1, lane.places) and (some := self._next(cases, stage)):
                self._submit(lane, some, stage)

    def _lanes(self, stage: Stage) -> tuple[Lane, ...]:
        """The workers that cases go to now."""
        able = PROCESSORS if stage.is_alone else getattr(self.job, "resources", PROCESSORS)
        return lanes(self._known, able, apart=stage.is_apart)

    def _tasks(self, lane: Lane) -> int:
        """How many tasks are under way in a lane."""
        return sum(kind == lane.kind for kind, _ in self._under_way.values())

    def _submit(self, lane: Lane, some: list[Case], stage: Stage) -> None:
        sealed = [Sealed(pickle.dumps((self.job, case))) for case in some]
        key = "cases", f"{self._run}-{next(self._numbers)}"
        asked = self._run, sealed, self.limits, version(), lane.kind
        future = self.client.submit(do, *asked, apart=stage.is_apart, key=key, resources=lane.takes)
        self._under_way[future] = lane.kind, some
        self._ended.add(future)

    def _next(self, cases: Iterator[Case], stage: Stage) -> list[Case]:
        """The cases of the next task: those that others have left come first. Apart there is one."""
        wanted = 1 if stage.is_apart else max(1, min(TASK_CASES, int(TASK_S / max(self._case_s, 1e-6))))
        some, self._left = self._left[:wanted], self._left[wanted:]
        return some + list(islice(cases, wanted - len(some)))

    def _count(self) -> None:
        """Which workers there are."""
        if time.monotonic() - self._counted < COUNT_S:
            return
        self._counted, scheduler = time.monotonic(), self.client.scheduler
        if scheduler is None:  # it is lost, as the futures will say
            return
        try:
            told = self.client.sync(scheduler.identity, n_workers=-1, callback_timeout=ANSWER_S)
        except TimeoutError:
            if time.monotonic() - self._answered > SILENT_S:
                raise Stopped(NO_ANSWER) from None
            return
        except OSError:
            return
        self._answered, workers = time.monotonic(), told["workers"].values()
        self._known = list(workers)
        self._tell_of_nobody(len(workers))

    def _tell_of_nobody(self, workers: int) -> None:
        """Say once that no worker has come for long: it may be on its way, or nobody may have started one."""
        if workers:
            self._nobody_since = float("inf")
        elif time.monotonic() - self._nobody_since > NOBODY_S:
            self._nobody_since = float("inf")
            LOGGER.warning("no worker has come yet, and cases wait for one: see to the workers of the cluster")

    def _finished(self, stage: Stage) -> Iterator[Record]:
        """The records of cases that have ended; raises what a job raises to end a run."""
        with self._ended.thread_condition:
            if not self._ended.has_ready():
                self._ended.thread_condition.wait(WAIT_S)
        for future, given in self._ended.next_batch(block=False):
            kind, some = self._under_way.pop(future)
            done = became(future.status, given, len(some))
            self._case_s = done.seconds / max(1, len(done.answers))
            self._left += some[len(done.answers) :]
            for case, answer in zip(some, done.answers, strict=False):
                told = pickle.loads(answer.content) if isinstance(answer, Sealed) else answer
                if isinstance(told, Exception):
                    raise told
                record = self._tries.ended(case, stage, kind, told)
                if record is not None:
                    yield record

    def end(self) -> None:
        """Stop what is under way, wherever it is."""
        under_way = list(self._under_way)
        ender = threading.Thread(target=_end_everywhere, args=(self.client, self._ending.name, under_way), daemon=True)
        ender.start()
        ender.join(END_S)


def became(status: str, given: Any, cases: int) -> Done:  # noqa: ANN401 - what a task gives
    """What became of the cases of a task; of one whose workers were lost again and again, nobody knows of which case.

    Raises what ends the run.
    """
    from distributed import KilledWorker

    if isinstance(given, Done):  # whatever has become of its worker since
        return given
    if status != "error":
        raise Stopped(NO_ANSWER)
    _, error, _ = given
    if not isinstance(error, KilledWorker):
        raise error
    return Done((Lost.DIED,) * cases, seconds=float("inf"))


def _end_everywhere(client: "Client", ending: str, under_way: "list[Future[Any]]") -> None:
    with suppress(Exception):  # a scheduler that is lost
        client.cancel(under_way, force=True)
        client.unregister_worker_plugin(ending)
