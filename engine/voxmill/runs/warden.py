"""What a Dask worker runs: a warden, which has a case done by another process and tells what became of it.

That process is its thread's own, or, where it has a GPU, one that all threads of the worker share. So no case can take
a worker with it, and whichever worker there is keeps answering its scheduler, whatever a case does.
"""

import errno
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias

from voxmill._version import __version__
from voxmill.computing import NO_GPU
from voxmill.errors import InputError, SettingsError
from voxmill.runs.child import BEGUN, COMMAND, SPENT, environment
from voxmill.runs.lanes import CPU, GPU
from voxmill.runs.memory import peak_bytes
from voxmill.runs.sharing import Sharing

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
Place: TypeAlias = tuple[str, int | None, str | None]
"""What tells processes apart: the run, the thread that asks one, if it is its own, and the GPUs that it sees."""


@dataclass(frozen=True)
class Limits:
    """What a case may take: time, once its libraries are loaded, and memory of its process, with others that share it.

    None: what there is.

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


def do(run: str, cases: Sequence[Sealed], limits: Limits, wanted: str, kind: str = CPU, *, apart: bool = False) -> Done:
    """Have cases of a run done one after the other, as many as TASK_S allows, by the process of this thread.

    kind: CPU for a process that sees no GPU, GPU for one that sees that of this worker, and that all its threads share.
    apart: whether a new process takes the place of that, so that nothing is left in it of what others did. Raises
    InputError where no process can be started, or has another version of Voxmill than the one that is wanted.
    """
    begun, visible = time.monotonic(), gpu_of_worker() if kind == GPU else NO_GPU
    answers: list[Sealed | Lost] = []
    if apart:
        _begin_anew(run, visible)
    for case in cases:
        if run in _ENDED or (answers and time.monotonic() - begun > TASK_S):
            break
        answer = _answer(run, case, limits, wanted, visible)
        if run in _ENDED:  # meanwhile: this worker is closing, which says nothing of the case
            break
        answers.append(answer)
    return Done(tuple(answers), time.monotonic() - begun)


def _answer(run: str, case: Sealed, limits: Limits, wanted: str, visible: str | None) -> Sealed | Lost:
    """The sealed record of a case, or why there is none; a process that was lost before the case began has a second.

    So has one that was ended for another case; one that is to do no more has as many as it takes.
    """
    lost = 0
    while lost < 2:
        child = _child(run, visible)
        answer = child.do(case, limits) if child is not None and child.begin(wanted) else None
        if answer is not None:
            return answer
        lost += child is None or not child.is_spent
    return Lost.DIED


def gpu_worker(visible: str) -> str:
    """The name of a worker of this machine that has a GPU, as CUDA_VISIBLE_DEVICES names that."""
    return f"{GPU} {visible}"


def gpu_of_worker() -> str | None:
    """The GPU of the worker that asks, as CUDA_VISIBLE_DEVICES names it; None for what it was started with."""
    from distributed import get_worker

    kind, _, visible = str(get_worker().name).partition(" ")
    return visible if kind == GPU and visible else None


def _place(run: str, visible: str | None) -> Place:
    """Which process is that of this thread, or of all."""
    return run, threading.get_ident() if visible == NO_GPU else None, visible


def _begin_anew(run: str, visible: str | None) -> None:
    """End the process of this thread, or of all: the next case has a new one."""
    with _STARTING:
        child = _CHILDREN.pop(_place(run, visible), None)
    if child is not None:
        child.end()


def _child(run: str, visible: str | None) -> "Child | None":
    """The process of this thread, or of all; a new one where it has ended, None while the system has room for none."""
    place = _place(run, visible)
    try:
        with _STARTING:
            child = _CHILDREN.get(place)
            if child is None or child.has_ended:
                child = _CHILDREN[place] = Child(visible) if visible == NO_GPU else SharedChild(visible)
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
        self._is_late = False
        # The current folder comes last: no file in it may stand for a module of a library.
        self._send(pickle.dumps(sorted(sys.path, key=lambda one: one == "")))

    @property
    def has_ended(self) -> bool:
        """Whether it does no more cases."""
        return self._process.poll() is not None

    @property
    def is_spent(self) -> bool:
        """Whether it is to do no more, though it has not ended."""
        return False

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
        answer, is_spent = self._done(lambda: self._send(case.content), self._received, limits)
        if is_spent:
            self.end()
        return answer

    def end(self) -> None:
        """End it, whatever it does; return when it has."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _done(
        self, ask: Callable[[], None], told: Callable[[], bytes | None], limits: Limits
    ) -> tuple[Sealed | Lost | None, bool]:
        """As `do` has it, and whether the process is to do no other; `told` waits for what is told next of the case."""
        with self._watched(replace(limits, time_s=START_S)) as causes:
            ask()
            answer = told()
        has_begun, is_spent = answer == SEALED_BEGUN, False
        if has_begun:
            with self._watched(limits) as causes:
                answer = told()
                is_spent = answer == SEALED_SPENT
                answer = told() if is_spent else answer
        if answer is not None:
            return Sealed(answer), is_spent
        self.end()
        if causes:
            return causes[0], is_spent
        return Lost.DIED if has_begun and not self._is_late else None, is_spent

    def _send(self, content: object) -> None:
        """Send something; that nobody is there to take it shows when nothing comes back."""
        assert self._process.stdin is not None
        with suppress(*CLOSED):
            pickle.dump(content, self._process.stdin)
            self._process.stdin.flush()

    def _received(self) -> bytes | None:
        """What comes back; None when nothing can come any more."""
        told = self._loaded()
        return None if told is None else bytes(told)

    def _loaded(self) -> Any:  # noqa: ANN401 - what is sealed, or with a number
        assert self._process.stdout is not None
        with suppress(*CLOSED, EOFError, pickle.UnpicklingError):
            return pickle.load(self._process.stdout)
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
                self._is_late = True
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


class SharedChild(Child):
    """A process that several threads have cases done by, side by side.

    What ends it for one case ends it for all: those that have begun are lost, but where one took too long, which says
    nothing of the others, however often that happens.
    """

    def __init__(self, visible: str | None) -> None:
        self._beginning, self._sending = threading.Lock(), threading.Lock()
        super().__init__(visible)
        self._sharing = Sharing(lambda: peak_bytes(self._process.pid) or self._memory_bytes())
        self._passing = threading.Thread(target=self._pass_on, daemon=True)

    @property
    def is_spent(self) -> bool:
        """Whether it is to do no more: it ends when what is under way has, or one that took too long has ended it."""
        return self._sharing.is_spent or self._is_late

    def begin(self, wanted: str) -> bool:
        """As of any; the thread that comes first waits for the process, and the others for that thread."""
        with self._beginning:
            is_ready = super().begin(wanted)
            if is_ready and self._passing.ident is None:
                self._passing.start()
            return is_ready

    def do(self, case: Sealed, limits: Limits) -> Sealed | Lost | None:
        """As of any, once the case has a place; None also where the process is to do no more, which then has ended."""
        try:
            with self._sharing.place(limits.memory_bytes) as number:
                if number is None:
                    self.end()
                    return None
                ask, told = partial(self._send, (number, case.content)), partial(self._sharing.told, number)
                answer, _ = self._done(ask, told, limits)
                return answer
        finally:
            if self._sharing.is_over:
                self.end()

    def _send(self, content: object) -> None:
        with self._sending:
            super()._send(content)

    def _pass_on(self) -> None:
        """Give what comes back to the case that it is told of; whatever ends that, nobody waits for more."""
        try:
            while (told := self._loaded()) is not None:
                number, what = told
                if what == SEALED_SPENT:
                    self._sharing.spend()
                self._sharing.tell(number, what)
        finally:
            self._sharing.close()


_CHILDREN: dict[Place, Child] = {}
_STARTING = threading.Lock()
"""Who looks for one, and may start it, holds the lock."""
_ENDED: set[str] = set()
