"""Chains of operators and the windows that are wanted → the windows that every operator, and the source, must give."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Window
from voxmill.operators.operator import Facts, Form, Operator


@dataclass(frozen=True)
class Link:
    """An operator of a chain, with the form and the facts of what it is given, and the form of what it makes."""

    operator: Operator
    given: Form
    facts: Facts = field(compare=False)
    made: Form = field(compare=False)

    @classmethod
    def of(cls, operator: Operator, given: Form, facts: Facts) -> "Link":
        """The link of an operator; raises what the operator raises when these facts are of no use to it."""
        return cls(operator, given, facts, operator.form(given, facts))


Chain = tuple[Link, ...]


@dataclass(frozen=True)
class Want:
    """A window that is wanted of what a chain makes; of the source itself where the chain is empty."""

    chain: Chain
    window: Window


@dataclass(frozen=True, eq=False)
class Task:
    """A window to make by the last link of a chain from windows of other tasks; to read, where the chain is empty."""

    window: Window
    chain: Chain
    inputs: tuple[tuple[Window, "Task"], ...]


def plan(wants: Sequence[Want]) -> tuple[tuple[Window, Task], ...]:
    """For everything that is wanted, the task that makes it, and which window of that.

    The needs of the operators are composed backwards. Chains that begin alike share what they have in common: windows
    that overlap so far that making both at once is no more work are made by one task.
    """
    windows: dict[_Stem, list[Window]] = {}
    stems = list(_stems(want.chain for want in wants))
    for stem, want in zip(stems, wants, strict=True):
        windows.setdefault(stem, []).append(want.window)
    tasks: dict[_Stem, list[Task]] = {}
    _make(windows, tasks)
    return tuple((want.window, _holding(tasks[stem], want.window)) for stem, want in zip(stems, wants, strict=True))


@dataclass(frozen=True, eq=False)
class _Stem:
    """What chains begin with, one object for all that begin alike: it is told from others without a look inside."""

    chain: Chain
    before: "_Stem | None"


def _stems(chains: Iterable[Chain]) -> Iterator[_Stem]:
    """The stems of whole chains."""
    root = _Stem((), None)
    known: dict[tuple[_Stem, Link], _Stem] = {}
    for chain in chains:
        stem = root
        for link in chain:
            stem = known.setdefault((stem, link), _Stem((*stem.chain, link), stem))
        yield stem


def _make(windows: dict[_Stem, list[Window]], tasks: dict[_Stem, list[Task]]) -> None:
    """The tasks for the windows of every chain: those of the longest chains say what the shorter ones must give."""
    if not windows:
        return
    longest = max(len(stem.chain) for stem in windows)
    ends = {stem: merged(windows.pop(stem)) for stem in list(windows) if len(stem.chain) == longest}
    for stem, wanted in ends.items():
        if stem.before is not None:
            needed = [one for window in wanted for one in _needs(stem, window)]
            windows.setdefault(stem.before, []).extend(needed)
    _make(windows, tasks)
    for stem, wanted in ends.items():
        tasks[stem] = [_task(stem, window, tasks) for window in wanted]


def _needs(stem: _Stem, window: Window) -> tuple[Window, ...]:
    link = stem.chain[-1]
    return link.operator.needs(window, link.given)


def _task(stem: _Stem, window: Window, tasks: dict[_Stem, list[Task]]) -> Task:
    if stem.before is None:
        return Task(window, (), ())
    before = tasks[stem.before]
    return Task(window, stem.chain, tuple((one, _holding(before, one)) for one in _needs(stem, window)))


def _holding(tasks: Iterable[Task], window: Window) -> Task:
    return next(task for task in tasks if task.window.contains(window))


def merged(windows: Iterable[Window]) -> list[Window]:
    """The windows, those joined whose joint box has no more voxels than they have together."""
    different = list(dict.fromkeys(windows))
    if len(different) == 1:
        return different
    kept: list[Window] = []
    ends = np.empty((0, 2, 3), dtype=np.int64)
    for window in different:
        near = _near(window, ends)
        while near is not None:
            window, ends = kept.pop(near).join(window), np.delete(ends, near, axis=0)
            near = _near(window, ends)
        kept.append(window)
        ends = np.concatenate([ends, [[window.start, window.stop]]])
    return kept


def _near(window: Window, ends: NDArray[np.int64]) -> int | None:
    """The first of some windows, given as (start, stop), that costs no more when it is joined with this one."""
    starts, stops = np.minimum(ends[:, 0], window.start), np.maximum(ends[:, 1], window.stop)
    joint, alone = (stops - starts).prod(axis=1), (ends[:, 1] - ends[:, 0]).prod(axis=1)
    near = np.flatnonzero(joint <= alone + window.size)
    return int(near[0]) if near.size else None
