"""Signals that ask a run to end: noted, so that it can write what it has."""

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from voxmill.errors import VoxmillError

T = TypeVar("T")
EXIT_CODE = 75
"""What a command ends with that is to be run again: EX_TEMPFAIL."""
ONE_S = 1.0
"""Signals so soon after the first are the same wish: some programs send one to a process and one to its group."""


class Stopped(VoxmillError):  # noqa: N818 - it is no error
    """A signal, or the loss of the scheduler, ended a run; running the command again finishes it."""

    exit_code = EXIT_CODE


@contextmanager
def signals_noted() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set while inside; in other threads than the main one, nothing sets it.

    Inside another such block it is the event of that one. A second signal ends the process at once, with EXIT_CODE;
    what has to be put in order is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield threading.Event()
        return
    if _NOTED:
        yield _NOTED[0].event
        return
    noted = _Noted()
    before = {one: signal.signal(one, noted.hear) for one in (signal.SIGTERM, signal.SIGINT)}
    _NOTED.append(noted)
    try:
        yield noted.event
    finally:
        _NOTED.clear()
        for one, handler in before.items():
            signal.signal(one, handler)


def heeding(stopping: threading.Event, things: Iterable[T]) -> Iterator[T]:
    """Things one by one; raises Stopped when a signal has come."""
    for thing in things:
        if stopping.is_set():
            raise Stopped("stopped by a signal; run it again to go on")
        yield thing


class _Noted:
    """The signals that have come."""

    def __init__(self) -> None:
        self.event, self._first = threading.Event(), 0.0

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """Note a signal."""
        if not self.event.is_set():
            self._first = time.monotonic()
            self.event.set()
        elif time.monotonic() - self._first > ONE_S:
            raise SystemExit(EXIT_CODE)


_NOTED: list[_Noted] = []
"""That of the outermost block, in the main thread."""
