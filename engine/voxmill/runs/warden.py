"""What a Dask worker runs: a warden, which has a case done by a process of its own and tells what became of it.

So no case can take a worker with it, and whichever worker there is keeps answering its scheduler, whatever a case does.
"""

import errno
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from voxmill._version import __version__
from voxmill.computing import NO_GPU
from voxmill.errors import InputError, SettingsError
from voxmill.runs.child import BEGUN, COMMAND, SPENT, environment
from voxmill.runs.lanes import CPU, GPU

POLL_S = 0.2
NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What the system says when it can start no process now."""
ROOM_S = 1.0
"""How long it is left in peace then."""
START_S = 600.0
"""How long a process may take to start."""
CLOSED = (OSError, ValueError)
"""What a pipe raises that the other side has closed, or `end` has, in another thread."""
SEALED_BEGUN, SEALED_SPENT = pickle.dumps(BEGUN), pickle.dumps(SPENT)
KILLED = -9
"""What a process ends with that somebody killed: the system, for its memory."""
TASK_S = 0.1
"""How long a task of several cases takes: when it has, the rest of them is left."""


@dataclass(frozen=True)
class Limits:
    """What a case may take: time, once its libraries are loaded, and memory of its process. None: what there is.

    Raises SettingsError for a time that is no time.
    """

    time_s: float | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.time_s is not None and not self.time_s > 0:
            raise SettingsError(f"a case needs more time than {self.time_s:g} s; give a limit above 0")


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


def do(run: str, cases: Sequence[Sealed], limits: Limits, wanted: str, kind: str = CPU) -> Done:
    """Have cases of a run done one after the other, as many as TASK_S allows, by the process of this thread.

    kind: CPU for a process that sees no GPU, GPU for one that sees that of this worker. Raises InputError where no
    process can be started, or has another version of Voxmill than the one that is wanted.
    """
    begun, visible = time.monotonic(), gpu_of_worker() if kind == GPU else NO_GPU
    answers: list[Sealed | Lost] = []
    for case in cases:
        if run in _ENDED or (answers and time.monotonic() - begun > TASK_S):
            break
        answer = _answer(run, case, limits, wanted, visible)
        if run in _ENDED:  # meanwhile: this worker is closing, which says nothing of the case
            break
        answers.append(answer)
    return Done(tuple(answers), time.monotonic() - begun)


def _answer(run: str, case: Sealed, limits: Limits, wanted: str, visible: str | None) -> Sealed | Lost:
    """The sealed record of a case, or why there is none; a process that was lost before the case began has a second."""
    for _ in range(2):
        child = _child(run, visible)
        answer = child.do(case, limits) if child is not None and child.begin(wanted) else None
        if answer is not None:
            return answer
    return Lost.DIED


def gpu_worker(visible: str) -> str:
    """The name of a worker of this machine that has a GPU, as CUDA_VISIBLE_DEVICES names that."""
    return f"{GPU} {visible}"


def gpu_of_worker() -> str | None:
    """The GPU of the worker that asks, as CUDA_VISIBLE_DEVICES names it; None for what it was started with."""
    from distributed import get_worker

    kind, _, visible = str(get_worker().name).partition(" ")
    return visible if kind == GPU and visible else None


def _child(run: str, visible: str | None) -> "Child | None":
    """The process of this thread, a new one where it has ended; None while the system has no room for one."""
    place = run, threading.get_ident(), visible
    child = _CHILDREN.get(place)
    if child is None or child.has_ended:
        try:
            child = _CHILDREN[place] = Child(visible)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise InputError(f"no process that does cases can be started: {error.strerror or error}") from None
            time.sleep(ROOM_S)
            return None
        if run in _ENDED:  # since it was looked at
            child.end()
    return child


def version() -> str:
    """The version of Voxmill here."""
    return __version__


def begin(run: str) -> None:
    """Let a run have processes here, also after it had been ended."""
    _ENDED.discard(run)


def end(run: str) -> None:
    """End all processes of a run here, whatever they do, and begin no more."""
    _ENDED.add(run)
    for place in [place for place in list(_CHILDREN) if place[0] == run]:
        _CHILDREN.pop(place).end()


class Child:
    """A process that does cases, as its warden sees it; `visible`: the GPUs that it sees, None for those seen here."""

    def __init__(self, visible: str | None = NO_GPU) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, env=environment(visible))
        self._version: str | None = None
        # The current folder comes last: no file in it may stand for a module of a library.
        self._send(pickle.dumps(sorted(sys.path, key=lambda one: one == "")))

    @property
    def has_ended(self) -> bool:
        """Whether it does no more cases."""
        return self._process.poll() is not None

    def begin(self, wanted: str) -> bool:
        """Wait until it can do cases; False when somebody has killed it.

        Raises InputError when it could not start, or has another version than the one that is wanted.
        """
        if self._version is None:
            with self._watched(Limits(START_S)) as causes:
                told = self._received()
            if told is None:
                self.end()
                if self._process.returncode == KILLED and not causes:
                    return False
                raise InputError(
                    f"no process that does cases can be started (ended with {self._process.returncode} before it was "
                    "ready); what it wrote on standard error says why"
                )
            self._version = pickle.loads(told)
        if self._version != wanted:
            raise InputError(f"a worker has Voxmill {self._version}, and this run has {wanted}; use one version")
        return True

    def do(self, case: Sealed, limits: Limits) -> Sealed | Lost | None:
        """The sealed record of a case, or why there is none; then the process has ended. None: before the case began.

        It may have been killed while it waited, which says nothing of the case.
        """
        with self._watched(replace(limits, time_s=START_S)) as causes:
            self._send(case.content)
            answer = self._received()
        has_begun = answer == SEALED_BEGUN
        if has_begun:
            with self._watched(limits) as causes:
                answer, is_spent = self._last()
            if is_spent:
                self.end()
        if answer is not None:
            return Sealed(answer)
        self.end()
        if causes:
            return causes[0]
        return Lost.DIED if has_begun else None

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _last(self) -> tuple[bytes | None, bool]:
        """The answer to a case that has begun, and whether the process is to do no other."""
        answer = self._received()
        return (self._received(), True) if answer == SEALED_SPENT else (answer, False)

    def _send(self, content: bytes) -> None:
        """Send something; that nobody is there to take it shows when nothing comes back."""
        assert self._process.stdin is not None
        with suppress(*CLOSED):
            pickle.dump(content, self._process.stdin)
            self._process.stdin.flush()

    def _received(self) -> bytes | None:
        """What comes back; None when nothing can come any more."""
        assert self._process.stdout is not None
        with suppress(*CLOSED, EOFError, pickle.UnpicklingError):
            return bytes(pickle.load(self._process.stdout))
        return None

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


_CHILDREN: dict[tuple[str, int, str | None], Child] = {}
"""By run, by the thread that asks them, and by the GPU that they see."""
_ENDED: set[str] = set()
