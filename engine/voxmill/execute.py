"""Plans × source → boxes; and the facts of whole images that plans stand on."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Window
from voxmill.operators.operator import At, Fact, Facts, Form, MoreNeededError, Operator
from voxmill.plan import Chain, Link, Task, Want, plan
from voxmill.stages import stage
from voxmill.volume import Source

TILE_VOXELS = 1 << 22
"""How many voxels of a whole image are read at once."""
MOST_FACTS = 64
"""How many facts are kept of one source."""
_FACTS: WeakKeyDictionary[Source, dict[tuple[Chain, type[Fact]], Fact]] = WeakKeyDictionary()
_LOCK = Lock()


@dataclass(frozen=True)
class Derived:
    """What a chain of operators makes of a source: a source itself, computed window by window, nothing kept."""

    source: Source
    links: Chain

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""
        return self.links[-1].made.grid

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its voxels."""
        return self.links[-1].made.dtype

    @property
    def digest(self) -> str:
        """SHA-256 of the source's digest and of the operators."""
        chain = repr([one.operator for one in self.links])
        return hashlib.sha256(f"{self.source.digest} {chain}".encode()).hexdigest()

    @property
    def facts(self) -> Mapping[type, Any]:
        """None are known before its voxels are made."""
        return {}

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window; ValueError when it is not inside the image."""
        if not window.lies_in(self.grid.shape):
            raise ValueError(f"{window} is not inside an image of shape {self.grid.shape}; clip it first")
        (box,) = execute(plan([Want(self.links, window)]), self.source)
        return box


def share(derived: Sequence[Source], windows: Sequence[Window]) -> list[NDArray[Any]]:
    """A window of each of these images, which are all made of one source; what they have in common is made once."""
    first = _origin(derived[0])
    wants = [Want(chain_of(one), window) for one, window in zip(derived, windows, strict=True)]
    return execute(plan(wants), first)


def _origin(source: Source) -> Source:
    return source.source if isinstance(source, Derived) else source


def chain_of(source: Source) -> Chain:
    """The operators that made an image; none of a source that was read."""
    return source.links if isinstance(source, Derived) else ()


def derive(source: Source, *operators: Operator) -> Source:
    """The image that operators make of a source, one after the other; the facts that they ask for are found first."""
    for operator in operators:
        link = Link.of(operator, Form(source.grid, source.dtype), find_facts(source, operator.facts))
        source = Derived(_origin(source), (*chain_of(source), link))
    return source


def execute(planned: Iterable[tuple[Window, Task]], source: Source) -> list[NDArray[Any]]:
    """The boxes of a plan: what it needs is read from the source, and every task done once."""
    done: dict[Task, NDArray[Any]] = {}
    return [_made(window, task, source, done) for window, task in planned]


def _made(window: Window, task: Task, source: Source, done: dict[Task, NDArray[Any]]) -> NDArray[Any]:
    if task not in done:
        done[task] = _applied(task, source, done) if task.chain else source.read(task.window)
    return done[task][window.within(task.window).slices]


def _applied(task: Task, source: Source, done: dict[Task, NDArray[Any]]) -> NDArray[Any]:
    *before, link = task.chain
    windows = [window for window, _ in task.inputs]
    boxes = [_made(window, one, source, done) for window, one in task.inputs]
    while True:
        try:
            return link.operator.apply(boxes, At(task.window, tuple(windows), link.given), link.facts)
        except MoreNeededError:
            windows = [window.grow(window.shape).clip(link.given.grid.shape) for window in windows]
            boxes = execute(plan([Want(tuple(before), window) for window in windows]), source)


@stage("prepare")
def find_facts(source: Source, wanted: Sequence[type[Fact]]) -> Facts:
    """Facts of a whole image; those that are not known yet in one pass over it. They are kept as long as the source."""
    origin, chain = _origin(source), chain_of(source)
    kept = {one: fact for (made, one), fact in _kept(origin).items() if made == chain}
    facts: dict[type[Fact], Any] = {one: fact for one, fact in (kept | dict(source.facts)).items() if one in wanted}
    missing = [fact for fact in wanted if fact not in facts]
    if missing:
        found = (tuple(fact.of(box) for fact in missing) for box in read_in_tiles(source))
        merged: tuple[Fact, ...] = reduce(_merged, found)
        facts |= zip(missing, merged, strict=True)
        _keep(origin, {(chain, fact): facts[fact] for fact in missing})
    return facts


def _kept(origin: Source) -> dict[tuple[Chain, type[Fact]], Fact]:
    """The facts that are known of an image and of what was made of it."""
    with _LOCK:
        return dict(_FACTS.get(origin, {}))


def _keep(origin: Source, facts: Mapping[tuple[Chain, type[Fact]], Fact]) -> None:
    """Add to what is known of an image, and forget the oldest where that is too much."""
    with _LOCK:
        known = _FACTS.setdefault(origin, {})
        known.update(facts)
        for oldest in list(known)[: max(0, len(known) - MOST_FACTS)]:
            del known[oldest]


def read_in_tiles(source: Source) -> Iterator[NDArray[Any]]:
    """All voxels of an image in index order, some planes at a time."""
    depth, height, width = source.grid.shape
    step = max(1, TILE_VOXELS // (height * width))
    for start in range(0, depth, step):
        yield source.read(Window((start, 0, 0), (min(start + step, depth), height, width)))


def _merged(some: tuple[Fact, ...], more: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(one + other for one, other in zip(some, more, strict=True))
