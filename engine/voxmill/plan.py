"""Chains of operators and the windows that are wanted → the windows that every operator, and the source, must give."""

from collections.abc import Iterable, Sequence
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
    windows: dict[Chain, list[Window]] = {}
    for want in wants:
        windows.setdefault(want.chain, []).append(want.window)
    tasks: dict[Chain, list[Task]] = {}
    _make(windows, tasks)
    return tuple((want.window, _holding(tasks[want.chain], want.window)) for want in wants)


def _make(windows: dict[Chain, list[Window]], tasks: dict[Chain, list[Task]]) -> None:
    """The tasks for the windows of every chain: those of the longest chains say what the shorter ones must give."""
    if not windows:
        return
    longest = max(map(len, windows))
    ends = {chain: merged(windows.pop(chain)) for chain in list(windows) if len(chain) == longest}
    for chain, wanted in ends.items():
        if chain:
            link = chain[-1]
            needed = [one for window in wanted for one in link.operator.needs(window, link.given)]
            windows.setdefault(chain[:-1], []).extend(needed)
    _make(windows, tasks)
    for chain, wanted in ends.items():
        tasks[chain] = [_task(chain, window, tasks) for window in wanted]


def _task(chain: Chain, window: Window, tasks: dict[Chain, list[Task]]) -> Task:
    if not chain:
        return Task(window, chain, ())
    link = chain[-1]
    needed = link.operator.needs(window, link.given)
    return Task(window, chain, tuple((one, _holding(tasks[chain[:-1]], one)) for one in needed))


def _holding(tasks: Iterable[Task], window: Window) -> Task:
    return next(task for task in tasks if task.window.contains(window))


def merged(windows: Iterable[Window]) -> list[Window]:
    """The windows, those joined whose joint box has no more voxels than they have together."""
    kept: list[Window] = []
    ends = np.empty((0, 2, 3), dtype=np.int64)
    for window in windows:
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
