"""A process that does cases, one after the other or some side by side: a warden starts it, asks, and ends it.

It may crash, hang or run out of memory: all that is lost are the cases that it does. What goes in and comes out is
pickled for the process that hands out cases; the warden, in between, opens none of it.
"""

import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, TypeAlias

from voxmill._version import __version__
from voxmill.computing import NO_GPU, SHARING, VISIBLE
from voxmill.errors import InputError, OutputError, VoxmillError
from voxmill.runs.lanes import TOGETHER
from voxmill.runs.records import Record
from voxmill.runs.signals import ASKING
from voxmill.runs.worker import attempt, spends

BOOT = f"""
import pickle, sys
sys.path[:] = pickle.loads(pickle.load(sys.stdin.buffer))
from {__name__} import main
main()
"""
COMMAND = (sys.executable, "-P", "-c", BOOT)
"""Where modules are found comes in before any of them is needed: what lies in the current folder is none."""
IDLE_S = 300.0
"""How long a process waits for a case before it ends: a warden whose run was killed does not hear of it."""
BEGUN = "begun"
"""What comes back when the libraries of a case are loaded, and it begins."""
SPENT = "spent"
"""What comes back before the record of a case after which the process is to do no more."""
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
"""How many threads libraries may begin: one, as each process is one of many."""
Request: TypeAlias = bytes | tuple[int, bytes]
"""A pickled pair of job and case, with a number where others may be done beside it."""
Tell: TypeAlias = Callable[[object], None]
"""What sends something back."""
_LOADING = threading.Lock()
"""Who loads libraries holds it: they may be such as import one another."""


def environment(visible: str | None = NO_GPU) -> dict[str, str]:
    """The environment that such a process needs, with the GPUs that it sees; None: those that this one sees."""
    seen = {} if visible is None else {VISIBLE: visible}
    return {**os.environ, **dict.fromkeys(THREADS, "1"), **seen}


def main() -> None:
    """Do the pickled pairs of job and case that come in; out goes BEGUN as each begins, then a record, or an end.

    SPENT goes before the last record, after which another process takes its place. A pair that comes with a number is
    done in a thread of its own, and its number goes out with all that is told of it.

    First of all goes out which version this is: it is ready. What ends a run is an error. Signals go to a whole group:
    those that ask for an end are the parent's.
    """
    for one in ASKING:
        signal.signal(one, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    asked: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, asked), daemon=True).start()
    tell = partial(_tell, answers, threading.Lock())
    tell(__version__)
    beside: list[threading.Thread] = []
    while True:
        beside = [one for one in beside if one.is_alive()]
        try:
            request = asked.get(timeout=IDLE_S)
        except queue.Empty:  # the run may be gone, and its warden not
            if any(one.is_alive() for one in beside):
                continue
            os._exit(0)
        if isinstance(request, bytes):
            tell(_answer(request, tell))
        else:
            number, case = request
            beside.append(threading.Thread(target=_beside, args=(case, partial(tell, number=number)), daemon=True))
            beside[-1].start()


def _beside(request: bytes, tell: Tell) -> None:
    """Do a case beside others; what ends a process that does one alone ends this one too."""
    SHARING.set(TOGETHER)
    try:
        tell(_answer(request, tell))
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _answer(request: bytes, tell: Tell) -> Record | VoxmillError:
    """The record of a case, or what ends the run: no case can be done."""
    try:
        with _LOADING:
            job, case = pickle.loads(request)
            job.load(case)
    except (ImportError, AttributeError) as error:
        return InputError(f"cases cannot be loaded where they are to be done: {error}")
    tell(BEGUN)
    try:
        record = attempt(job, case)
    except OutputError as error:
        return error
    if spends(job, record):
        tell(SPENT)
    return record


def _tell(answers: BinaryIO, lock: threading.Lock, what: object, number: int | None = None) -> None:
    """Send something back, sealed, with the number of the case that it is told of, if that has one."""
    sealed = pickle.dumps(what)
    with lock:
        pickle.dump(sealed if number is None else (number, sealed), answers)
        answers.flush()


def _receive(source: BinaryIO, asked: "queue.SimpleQueue[Request]") -> None:
    """Take what comes in; when nothing can come any more, the parent has ended, and so does this process."""
    while True:
        try:
            asked.put(pickle.load(source))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(1)
