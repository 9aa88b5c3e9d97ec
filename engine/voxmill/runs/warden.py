"""What a Dask worker runs: a warden, which has a case done by a process of its own and tells what became of it.

So no case can take a worker with it, and whichever worker there is keeps answering its scheduler, whatever a case does.
"""

import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from voxmill._version import __version__
from voxmill.runs.child import COMMAND, environment

POLL_S = 0.2
TASK_S = 0.1
"""How long a task of several cases takes: when it has, the rest of them is left."""


@dataclass(frozen=True)
class Limits:
    """What a case may take: time, the loading of libraries included, and memory of its process. None: what there is."""

    time_s: float | None = None
    memory_bytes: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Sealed:
    """Something pickled, which nobody on the way opens; in logs it is nothing."""

    content: bytes = field(repr=False)


class Lost(StrEnum):
    """Why no record came of a case."""

    DIED = "ProcessDied"
    TIME = "TimeLimit"
    MEMORY = "MemoryError"


@dataclass(frozen=True)
class Done:
    """What became of cases, one by one, and how long they took; those at the end that were not begun have no answer."""

    answers: tuple[Sealed | Lost, ...]
    seconds: float


def do(run: str, cases: Sequence[Sealed], limits: Limits) -> Done:
    """Have cases of a run done one after the other, as many as TASK_S allows, by the process of this thread."""
    begun = time.monotonic()
    answers: list[Sealed | Lost] = []
    for case in cases:
        if run in _ENDED or (answers and time.monotonic() - begun > TASK_S):
            break
        place = run, threading.get_ident()
        child = _CHILDREN.get(place)
        if child is None or child.has_ended:
            child = _CHILDREN[place] = Child()
        answers.append(child.do(case, limits))
    return Done(tuple(answers), time.monotonic() - begun)


def version() -> str:
    """The version of Voxmill here."""
    return __version__


def end(run: str) -> None:
    """End all processes of a run here, whatever they do, and begin no more."""
    _ENDED.add(run)
    for place in [place for place in list(_CHILDREN) if place[0] == run]:
        _CHILDREN.pop(place).end()


class Child:
    """A process that does cases, as its warden sees it."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, env=environment())
        self._send(pickle.dumps(sys.path))

    @property
    def has_ended(self) -> bool:
        """Whether it does no more cases."""
        return self._process.poll() is not None

    def do(self, case: Sealed, limits: Limits) -> Sealed | Lost:
        """The sealed record of a case, or why there is none; then the process has ended."""
        assert self._process.stdout is not None
        with self._watched(limits) as causes:
            self._send(case.content)
            with suppress(EOFError, OSError, pickle.UnpicklingError):
                return Sealed(pickle.load(self._process.stdout))
        self.end()
        return causes[0] if causes else Lost.DIED

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _send(self, content: bytes) -> None:
        """Send something; that nobody is there to take it shows when nothing comes back."""
        assert self._process.stdin is not None
        with suppress(OSError):
            pickle.dump(content, self._process.stdin)
            self._process.stdin.flush()

    @contextmanager
    def _watched(self, limits: Limits) -> Iterator[list[Lost]]:
        """While inside, the process is killed as soon as it takes more than it may; gives the cause then."""
        causes: list[Lost] = []
        if limits == NO_LIMITS:
            yield causes
            return
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(limits, done, causes), daemon=True)
        watch.start()
        try:
            yield causes
        finally:
            done.set()
            watch.join()

    def _watch(self, limits: Limits, done: threading.Event, causes: list[Lost]) -> None:
        begun = time.monotonic()
        while not done.wait(POLL_S):
            if limits.time_s is not None and time.monotonic() - begun > limits.time_s:
                causes.append(Lost.TIME)
            elif limits.memory_bytes is not None and self._memory_bytes() > limits.memory_bytes:
                causes.append(Lost.MEMORY)
            if causes:
                self._process.kill()
                return

    def _memory_bytes(self) -> int:
        import psutil

        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0


_CHILDREN: dict[tuple[str, int], Child] = {}
"""By run, and by the thread that asks them."""
_ENDED: set[str] = set()
