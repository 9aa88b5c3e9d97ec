"""Plans × source → boxes; and the facts of whole images that plans stand on."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from voxmill_kernels.array import device_of, to_host
from voxmill_kernels.device import Device

TILE_VOXELS = 1 << 22
"""How many voxels of a whole image are read at once."""
MOST_KNOWN = 64
"""Of how many images that are made of one source facts are kept."""
Plan = Sequence[tuple[Window, Task]]
"""Windows of what tasks make."""
Turn = Callable[[], NDArray[Any]]
"""What gives the next of several boxes."""


@dataclass(frozen=True, eq=False)
class Known:
    """The facts that are known of an image; who looks for more holds the lock."""

    facts: dict[type[Fact], Fact] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_KNOWN: WeakKeyDictionary[Source, dict[Chain, Known]] = WeakKeyDictionary()
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
        (box,) = execute(plan([Want(self.links, inside(window, self.grid))]), self.source)
        return box


@dataclass(frozen=True, eq=False)
class Kept:
    """An image of which windows are kept, here or on a device: it reads these from there, others of its source."""

    source: Source
    boxes: tuple[tuple[Window, NDArray[Any]], ...]

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""
        return self.source.grid

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its voxels."""
        return self.source.dtype

    @property
    def digest(self) -> str:
        """That of the image."""
        return self.source.digest

    @property
    def facts(self) -> Mapping[type, Any]:
        """What was known of the image before."""
        return self.source.facts

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window; ValueError when it is not inside the image."""
        wanted = inside(window, self.grid)
        found = (box[wanted.within(kept).slices] for kept, box in self.boxes if kept.contains(wanted))
        box = next(found, None)
        return self.source.read(wanted) if box is None else box

    def holds(self, window: Window) -> bool:
        """Whether a window is among what is kept."""
        return any(kept.contains(window) for kept, _ in self.boxes)

    def below(self, image: Source) -> Source:
        """An image, of what is kept where it is made of the source; any other as it is."""
        if _origin(image) is not self.source:
            return image
        return Derived(self, image.links) if isinstance(image, Derived) else self


def inside(window: Window, grid: Grid) -> Window:
    """A window of a grid; ValueError when it is not inside."""
    if not window.lies_in(grid.shape):
        raise ValueError(f"{window} is not inside an image of shape {grid.shape}; clip it first")
    return window


def share(derived: Sequence[Source], windows: Sequence[Window], device: Device | None = None) -> Iterator[NDArray[Any]]:
    """A window of each of these images, which are all made of one source; what they have in common is made once.

    Each is made when it is asked for, and nothing is kept longer than it is needed. They lie on the device, if any.
    """
    planned, source = plan_of(list(zip(derived, windows, strict=True)))
    return execute(planned, source, device)


def plan_of(wanted: Sequence[tuple[Source, Window]]) -> tuple[Plan, Source]:
    """The plan for windows of images that are all made of one source, and that."""
    return plan([Want(chain_of(image), window) for image, window in wanted]), _origin(wanted[0][0])


def keep(wanted: Sequence[tuple[Source, Window]], device: Device, most_bytes: int) -> Kept | None:
    """What must be read for windows of images that are all made of one source, on a device; None where it is too much.

    So all of it is read once and goes there once, whatever is made of it when.
    """
    planned, source = plan_of(wanted)
    windows = [task.window for task in Work.of(planned, source).left if not task.chain]
    if sum(window.size for window in windows) * source.dtype.itemsize > most_bytes:
        return None
    return Kept(source, tuple((window, device.upload(source.read(window))) for window in windows))


def in_turn(name: str, wanted: Sequence[tuple[Source, Window]]) -> Turn:
    """What gives windows of images that are all made of one, one after the other; the time counts for a stage.

    What they have in common is read and computed once, or each alone from where memory is too small for that.
    """
    images, windows = [image for image, _ in wanted], [window for _, window in wanted]
    together = stage(name)(share)(images, windows) if wanted else None
    left = iter(wanted)

    @stage(name)
    def turn() -> NDArray[Any]:
        nonlocal together
        image, window = next(left)
        if together is not None:
            try:
                return next(together)
            except MemoryError:
                together = None
        return image.read(window)

    return turn


def _origin(source: Source) -> Source:
    return source.source if isinstance(source, Derived) else source


def chain_of(source: Source) -> Chain:
    """The operators that made an image; none of a source that was read."""
    return source.links if isinstance(source, Derived) else ()


def derive(source: Source, *operators: Operator) -> Source:
    """The image that operators make of a source, one after the other; the facts that they ask for are found first."""
    for operator in operators:
        facts = find_facts(source, operator.facts) if operator.facts else {}
        link = Link.of(operator, Form(source.grid, source.dtype), facts)
        source = Derived(_origin(source), (*chain_of(source), link))
    return source


def execute(planned: Plan, source: Source, device: Device | None = None) -> Iterator[NDArray[Any]]:
    """The boxes of a plan, one by one: what it needs is read from the source, and every task done once.

    On a device what is read goes there as it is, and the boxes stay there.
    """
    work = Work.of(planned, source, device)
    for window, task in planned:
        yield work.box(window, task)


@dataclass(frozen=True, eq=False)
class Work:
    """The boxes of a plan under way. done: what is made and still needed. left: how often every task is still used."""

    source: Source
    left: Counter[Task]
    device: Device | None = None
    done: dict[Task, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, planned: Plan, source: Source, device: Device | None = None) -> "Work":
        """The work on a plan that nothing is done of."""
        left = Counter(task for _, task in planned)
        tasks = list(left)
        for task in tasks:  # which grows
            needed = [one for _, one in task.inputs]
            tasks += dict.fromkeys(one for one in needed if one not in left)
            left.update(needed)
        return cls(source, left, device)

    def box(self, window: Window, task: Task) -> NDArray[Any]:
        """A window of what a task makes, which is forgotten when nothing else is needed of it."""
        if task not in self.done:
            self.done[task] = self._applied(task) if task.chain else self._there(self.source.read(task.window))
        self.left[task] -= 1
        made = self.done[task] if self.left[task] else self.done.pop(task)
        return made[window.within(task.window).slices]

    def _applied(self, task: Task) -> NDArray[Any]:
        *before, link = task.chain
        windows = [window for window, _ in task.inputs]
        boxes = [self.box(window, one) for window, one in task.inputs]
        while True:
            try:
                return self._made(link, boxes, At(task.window, tuple(windows), link.given))
            except MoreNeededError:
                windows = [window.grow(window.shape).clip(link.given.grid.shape) for window in windows]
                wants = [Want(tuple(before), window) for window in windows]
                boxes = list(execute(plan(wants), self.source, self.device))

    def _made(self, link: Link, boxes: Sequence[NDArray[Any]], at: At) -> NDArray[Any]:
        """What an operator makes; one that cannot work on a device works here, and what it makes goes there again."""
        given = boxes if self.device is None or link.operator.on_device else [to_host(box) for box in boxes]
        return self._there(link.operator.apply(given, at, link.facts))

    def _there(self, box: NDArray[Any]) -> NDArray[Any]:
        """A box where the work is done; several numbers for a voxel stay here: no device has such."""
        if self.device is None or device_of(box) is not None or box.dtype.names:
            return box
        there: NDArray[Any] = self.device.upload(box)
        return there


@stage("facts")
def find_facts(source: Source, wanted: Sequence[type[Fact]]) -> Facts:
    """Facts of a whole image; those that are not known yet in one pass over it. They are kept as long as the source."""
    known = _known(source)
    with known.lock:
        facts = known.facts | dict(source.facts)
        missing = [fact for fact in wanted if fact not in facts]
        if missing:
            found = (tuple(fact.of(box) for fact in missing) for box in read_in_tiles(source))
            merged: tuple[Fact, ...] = reduce(_merged, found)
            facts |= zip(missing, merged, strict=True)
            known.facts.update({one: facts[one] for one in missing})
        return {one: facts[one] for one in wanted}


def _known(source: Source) -> Known:
    """What is known of an image. Of too many, one of a part of the source is forgotten, or the one used longest ago."""
    origin, chain = _origin(source), chain_of(source)
    with _LOCK:
        images = _KNOWN.setdefault(origin, {})
        known = images[chain] = images.pop(chain, Known())
        if len(images) > MOST_KNOWN:
            parts = (one for one in images if one and one[-1].made.grid != origin.grid)
            del images[next(parts, next(iter(images)))]
    return known


def read_in_tiles(source: Source) -> Iterator[NDArray[Any]]:
    """All voxels of an image in index order, some planes at a time."""
    depth, height, width = source.grid.shape
    step = max(1, TILE_VOXELS // (height * width))
    for start in range(0, depth, step):
        yield to_host(source.read(Window((start, 0, 0), (min(start + step, depth), height, width))))


def _merged(some: tuple[Fact, ...], more: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(one + other for one, other in zip(some, more, strict=True))
