"""Signals that ask a run to end: heard at once where nothing is under way, noted where cases are."""

import signal
import threading
import time
from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from voxmill.errors import Interruption, VoxmillError

ASKING = tuple(getattr(signal, one) for one in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, one))
"""The signals that ask a run to end: of the system or a scheduler, of Ctrl-C, of a terminal that is closed."""
EXIT_CODE = 75
"""What a command ends with that is to be run again: EX_TEMPFAIL."""
ONE_S = 1.0
"""Signals so soon after the first are the same wish: some programs send one to a process and one to its group."""
GRACE_S = 5.0
"""How long cases under way may take after a signal: schedulers kill some ten seconds after it."""
LAST_S = 8.0
"""After how long whatever is still under way, a case or a table, is left where it is."""
SENTENCE = "stopped by a signal; run it again to go on"


class Stopped(VoxmillError):  # noqa: N818 - it is no error
    """A signal, or the loss of the scheduler, ended a run; running the command again finishes it."""

    exit_code = EXIT_CODE


class _Heard(Interruption):
    """A signal, where it is heard at once; it becomes Stopped."""


@contextmanager
def signals_noted() -> Iterator[threading.Event]:
    """An event that a signal of ASKING sets while inside; in other threads than the main one, nothing sets it.

    LAST_S after a signal, Stopped is raised wherever the process is. A second signal ends it at once, with EXIT_CODE;
    what has to be put in order is. Inside another block of signals it is the same event: what came, has come.
    """
    with _hearing(at_once=False) as event:
        yield event


@contextmanager
def signals_heard() -> Iterator[None]:
    """While inside, signals of ASKING raise Stopped wherever the process is, but for where they are noted.

    For what may be left at any point: looking for cases, waiting for a scheduler, writing drafts of tables. A signal
    that has come before raises it too. In other threads than the main one, nothing does.
    """
    with _hearing(at_once=True) as event:
        if event.is_set():
            raise Stopped(SENTENCE)
        yield


def have_signals_come() -> bool:
    """Whether a signal has come: an error after it may be what a library made of it that was being loaded."""
    return _SIGNALS.event.is_set()


def hear_signals_to_the_end() -> None:
    """From now on signals are noted wherever they are not heard, until the process ends."""
    _SIGNALS.begin()


@contextmanager
def _hearing(*, at_once: bool) -> Iterator[threading.Event]:
    if threading.current_thread() is not threading.main_thread():
        yield threading.Event()
        return
    before, outer = _SIGNALS.begin(), len(_SIGNALS.blocks)
    try:
        try:
            _SIGNALS.blocks.append(at_once)
            yield _SIGNALS.event
        finally:
            del _SIGNALS.blocks[outer:]
    except _Heard:
        del _SIGNALS.blocks[outer:]  # also where it came just before that was done
        raise Stopped(SENTENCE) from None
    finally:
        if before:
            _SIGNALS.end(before)


class _Signals:
    """The signals that have come to this process. blocks: whether they are heard at once, the innermost last."""

    def __init__(self) -> None:
        self.blocks: list[bool] = []
        self._forget()

    def _forget(self) -> None:
        self.event, self._first, self._is_last, self._is_begun = threading.Event(), 0.0, False, False

    def begin(self) -> dict[signal.Signals, Any]:
        """Hear signals from now on; gives what heard them before, nothing where that was this."""
        if self._is_begun:
            return {}
        self._is_begun = True
        return {one: signal.signal(one, self._hear) for one in ASKING if not _is_kept_away(one)}

    def end(self, before: dict[signal.Signals, Any]) -> None:
        """Leave signals to what heard them before."""
        for one, handler in before.items():
            signal.signal(one, handler)
        self._forget()

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        """Note a signal, and raise what has to be raised now."""
        if not self.event.is_set():
            self._first = time.monotonic()
            self.event.set()
            start_new_thread(self._press, (self.event,))  # a Thread takes a lock that the main thread may hold now
        elif not self._is_last:
            if time.monotonic() - self._first > ONE_S:
                raise SystemExit(EXIT_CODE)
            return
        if self.blocks and (self._is_last or self.blocks[-1]):
            raise _Heard

    def _press(self, event: threading.Event) -> None:
        """Signal again when what is under way has had its time."""
        time.sleep(LAST_S)
        if event is self.event and self.blocks:
            self._is_last = True
            _signal_main_thread()


def _is_kept_away(number: signal.Signals) -> bool:
    """Whether it is a hang-up that `nohup` keeps away."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


def _signal_main_thread() -> None:
    """Wake the main thread, also where it waits for the system."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


_SIGNALS = _Signals()
