"""How much memory of a device images take while they are made, and images made there in parts that fit."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.computing import Workplace
from voxmill.execute import Kept, Plan, Turn, Work, execute, plan_of
from voxmill.grid import Window
from voxmill.plan import Task
from voxmill.stages import stage
from voxmill.volume import Source
from voxmill_kernels.device import Device

TASK_BYTES = 1 << 14
"""Of a task: tables that its kernels are told, and the rounding of what is taken to whole blocks."""
Wanted = Sequence[tuple[Source, Window]]
"""Windows of images that are all made of one."""


def in_turn_there(name: str, wanted: Wanted, workplace: Workplace, device: Device) -> Turn:
    """What gives windows of images on a device, as `in_turn` gives them here.

    As many are made together as there is room for, and one that is too large alone is made in slabs. RoomError is
    raised for one of which that is not enough either.
    """
    boxes = _made(wanted, workplace, device)
    turn: Callable[[], NDArray[Any]] = boxes.__next__
    return stage(name)(turn)


def _made(wanted: Wanted, workplace: Workplace, device: Device) -> Iterator[NDArray[Any]]:
    """The windows, one by one, half of them at a time where all are too many."""
    if not wanted:
        return
    planned, source = plan_of(wanted)
    needed = bytes_there(planned, source)
    if needed <= workplace.room_for_images:
        yield from execute(planned, source, device)
    elif len(wanted) == 1:
        image, window = wanted[0]
        yield _in_slabs(_Way(image, window, (window,), needed), workplace, device)
    else:
        middle = len(wanted) // 2
        for some in (wanted[:middle], wanted[middle:]):
            yield from _made(some, workplace, device)


def _in_slabs(at_once: "_Way", workplace: Workplace, device: Device) -> NDArray[Any]:
    """A window in as few slabs along z as there is room for, or memory; raises RoomError where no slab fits."""
    way = _fitting(at_once, workplace.room_for_images, device.free_bytes)
    workplace.require_room(way.needed)
    return way.made(device)


def _fitting(at_once: "_Way", room: int, memory: int) -> "_Way":
    """The first that there is room for, or else memory, of 2, 4, ... slabs and one for each plane; or the smallest."""
    ways, count, depth = [at_once], 1, at_once.window.shape[0]
    while count < depth:
        count = min(2 * count, depth)
        ways.append(_Way.of(at_once.image, at_once.window, count))
        if ways[-1].needed <= room:
            return ways[-1]
    for way in ways:
        if way.needed <= memory:
            return way
    return min(ways, key=lambda way: way.needed)


@dataclass(frozen=True)
class _Way:
    """A window of an image in slabs along z, and at most how many bytes of a device it takes to make them there."""

    image: Source
    window: Window
    slabs: tuple[Window, ...]
    needed: int

    @classmethod
    def of(cls, image: Source, window: Window, count: int) -> "_Way":
        """In so many slabs, 2 or more, of which the last ones may be missing."""
        (first, y, x), (last, *ends) = window.start, window.stop
        step = -(-(last - first) // count)
        starts = range(first, last, step)
        slabs = tuple(Window((z, y, x), (min(z + step, last), ends[0], ends[1])) for z in starts)
        whole = window.size * image.dtype.itemsize
        return cls(image, window, slabs, whole + max(bytes_there(*plan_of([(image, slab)])) for slab in slabs))

    def made(self, device: Device) -> NDArray[Any]:
        """The window, put together there."""
        if len(self.slabs) == 1:
            return self._box(self.window, device)
        whole: NDArray[Any] = device.empty(self.window.shape, self.image.dtype)
        for slab in self.slabs:  # none is held while the next is made
            whole[slab.within(self.window).slices] = self._box(slab, device)
        return whole

    def _box(self, window: Window, device: Device) -> NDArray[Any]:
        return next(execute(*plan_of([(self.image, window)]), device))


def bytes_there(planned: Plan, source: Source) -> int:
    """At most so many bytes of a device it takes to make the boxes of a plan there, each forgotten before the next.

    One that is cut out of more may be put in order then. Not counted is what a halo that is not enough makes necessary.
    """
    work = _Foreseen(source, Work.of(planned, source).left)
    for window, task in planned:
        left, its = work.made(task), window.size * _itemsize(task, source)
        work.take(its if its != work.done[task] else 0)
        work.held -= left
    return work.most


@dataclass
class _Foreseen:
    """What the boxes of a plan take while it is executed, task by task as Work does them. held: by boxes at a time."""

    source: Source
    left: Counter[Task]
    done: dict[Task, int] = field(default_factory=dict)
    held: int = 0
    most: int = 0

    def take(self, count: int) -> None:
        """So many bytes, for a while, beside what is held."""
        self.most = max(self.most, self.held + count)

    def made(self, task: Task) -> int:
        """How many bytes can be forgotten when who asks needs what a task makes no more."""
        if task not in self.done:
            before = sum(self.made(one) for _, one in task.inputs)
            working, own = self._bytes(task)
            self.take(working + TASK_BYTES)
            self.done[task] = own
            self.held += own - before
        self.left[task] -= 1
        return 0 if self.left[task] else self.done[task]

    def _bytes(self, task: Task) -> tuple[int, int]:
        """How many bytes it takes to do a task, and how many what it makes does."""
        own = task.window.size * _itemsize(task, self.source)
        if not task.chain:
            held = isinstance(self.source, Kept) and self.source.holds(task.window)
            return (0, 0) if held else (own, own)
        operator, given = task.chain[-1].operator, task.chain[-1].given
        if not operator.on_device:  # what it is given is put in order on its way here
            return max(own, *(window.size * _numbers(given.dtype) for window, _ in task.inputs)), own
        working = operator.bytes_there(task.window, given)
        if not working:
            own = sum(self.done[one] for _, one in task.inputs)
        return working, own


def _itemsize(task: Task, source: Source) -> int:
    """Bytes of a voxel of what a task makes."""
    return _numbers(task.chain[-1].made.dtype if task.chain else source.dtype)


def _numbers(dtype: np.dtype[Any]) -> int:
    """Bytes of a voxel there: several numbers for one are not held by a device."""
    return 0 if dtype.names else dtype.itemsize
