"""The cases that one process does at a time, as its warden sees them: each has a place, and hears what is told it."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from math import inf

from voxmill.runs.lanes import TOGETHER


class Sharing:
    """Places for cases, as many as there is memory for, TOGETHER at most.

    peak_bytes: tells the most memory that the process has had. The first case has the process to itself: what it took
    tells how many have room beside each other, and what those took tells it better.
    """

    def __init__(self, peak_bytes: Callable[[], int]) -> None:
        self.is_spent = False
        self._peak_bytes = peak_bytes
        self._changed = threading.Condition()
        self._numbers = count()
        self._told: dict[int, queue.SimpleQueue[bytes | None]] = {}
        self._is_closed = False
        self._most, self._each_bytes = 0, 0.0

    @contextmanager
    def place(self, memory_bytes: int | None) -> Iterator[int | None]:
        """The number of a case that has a place while inside; it is waited for. None: there are no more.

        memory_bytes: how much the process may have, None for what there is.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room(memory_bytes))
            number = None if self._is_closed else self._taken()
        try:
            yield number
        finally:
            if number is not None:
                self._leave(number)

    def told(self, number: int) -> bytes | None:
        """What is told next of a case, once it is; None when nothing can come any more."""
        return self._told[number].get()

    def tell(self, number: int, what: bytes) -> None:
        """Pass on what the process tells of a case that has a place."""
        with self._changed:
            if number in self._told:
                self._told[number].put(what)

    def spend(self) -> None:
        """Give no place any more."""
        self.is_spent = True

    @property
    def is_over(self) -> bool:
        """Whether it gives no place any more, and none is taken."""
        with self._changed:
            return self.is_spent and not self._told

    def close(self) -> None:
        """Nothing more comes from the process."""
        with self._changed:
            self._is_closed = True
            for waiting in self._told.values():
                waiting.put(None)
            self._changed.notify_all()

    def _has_room(self, memory_bytes: int | None) -> bool:
        others = len(self._told)
        if self.is_spent or not others:
            return not self.is_spent
        if not self._each_bytes or others >= TOGETHER:
            return False
        import psutil

        needed = (others + 1) * self._each_bytes
        return needed <= (memory_bytes or inf) and self._each_bytes <= psutil.virtual_memory().available

    def _taken(self) -> int:
        number = next(self._numbers)
        self._told[number] = queue.SimpleQueue()
        self._most = max(self._most, len(self._told))
        return number

    def _leave(self, number: int) -> None:
        with self._changed:
            del self._told[number]
            self._each_bytes = self._peak_bytes() / self._most
            self._changed.notify_all()
