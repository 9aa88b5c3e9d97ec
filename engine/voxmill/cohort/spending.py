"""What processors spend on cases: what a process spends while several are under way is shared evenly among these."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_SHARES: dict[object, float] = {}
"""Seconds, by what is under way."""
_SHARED = [0.0]
"""Of all seconds that the process has spent, how many are shared out, or were spent on nothing."""


@contextmanager
def processor_time() -> Iterator[Callable[[], float]]:
    """Tells how many seconds processors have spent since, in all threads: an even share of what others spend too.

    So those of all cases add up to what was spent, whichever thread worked for whom.
    """
    me = object()
    with _LOCK:
        _share_out()
        _SHARES[me] = 0.0

    def seconds() -> float:
        with _LOCK:
            _share_out()
            return _SHARES[me]

    try:
        yield seconds
    finally:
        with _LOCK:
            _share_out()
            del _SHARES[me]


def _share_out() -> None:
    now = time.process_time()
    for one in _SHARES:
        _SHARES[one] += (now - _SHARED[0]) / len(_SHARES)
    _SHARED[0] = now
