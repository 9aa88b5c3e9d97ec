"""What several threads ask for at a time, made together: while one of them works, what the others ask for gathers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Condition
from typing import Generic, TypeVar

Rule = TypeVar("Rule")
Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Work(Generic[Rule, Given, Made]):
    """What is done, one batch at a time.

    make: what is made of each of several by one rule; nothing of it may depend on what else is given. size: of one.
    room: what those together may have that are made by a rule.
    """

    make: Callable[[Rule, Sequence[Given]], Sequence[Made]]
    size: Callable[[Given], int]
    room: Callable[[Rule], int]


@dataclass(eq=False)
class _Request(Generic[Rule, Given, Made]):
    """What a thread asks for. made: None before it is. alone: whether it failed with others and is made without."""

    rule: Rule
    given: Sequence[Given]
    made: Sequence[Made] | None = None
    alone: bool = False


class Combiner(Generic[Rule, Given, Made]):
    """Has one thread at a time work: on what it asks for, and on all that waits, as far as rules agree and room lasts.

    Where that fails, every thread tries its own again, alone, so that none suffers from another's.
    """

    def __init__(self, work: Work[Rule, Given, Made]) -> None:
        self._work = work
        self._changed = Condition()
        self._is_busy = False
        self._asked: list[_Request[Rule, Given, Made]] = []

    @property
    def asking(self) -> int:
        """How many threads ask for something."""
        return len(self._asked)

    def made(self, rule: Rule, given: Sequence[Given]) -> Sequence[Made]:
        """What is made of each of these; raises what its making raises."""
        request = _Request[Rule, Given, Made](rule, given)
        with self._asking(request):
            while request.made is None:
                with self._turn(request) as batch:
                    self._make(batch)
        return request.made

    @contextmanager
    def _asking(self, request: _Request[Rule, Given, Made]) -> Iterator[None]:
        with self._changed:
            self._asked.append(request)
        try:
            yield
        finally:
            with self._changed:
                self._asked.remove(request)

    @contextmanager
    def _turn(self, request: _Request[Rule, Given, Made]) -> Iterator[list[_Request[Rule, Given, Made]]]:
        """Wait until nobody works, and give what is to be made now; nothing where others have made this meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: request.made is not None or not self._is_busy)
            batch = [] if request.made is not None else self._joined(request)
            self._is_busy |= bool(batch)
        try:
            yield batch
        finally:
            if batch:
                with self._changed:
                    self._is_busy = False
                    self._changed.notify_all()

    def _joined(self, first: _Request[Rule, Given, Made]) -> list[_Request[Rule, Given, Made]]:
        """A request and what can be made with it, in the order in which it was asked for."""
        batch, others = [first], [one for one in self._asked if one is not first and one.made is None]
        if first.alone or not others:
            return batch
        left = self._work.room(first.rule) - self._size(first)
        for one in others:
            if not one.alone and one.rule == first.rule and (size := self._size(one)) <= left:
                batch.append(one)
                left -= size
        return batch

    def _size(self, request: _Request[Rule, Given, Made]) -> int:
        return sum(map(self._work.size, request.given))

    def _make(self, batch: Sequence[_Request[Rule, Given, Made]]) -> None:
        """Make all of a batch, or have each of several made alone."""
        if not batch:
            return
        try:
            made = iter(self._work.make(batch[0].rule, [one for request in batch for one in request.given]))
        except Exception:
            if len(batch) == 1:
                raise
            for request in batch:
                request.alone = True
            return
        for request in batch:
            request.made = list(islice(made, len(request.given)))
