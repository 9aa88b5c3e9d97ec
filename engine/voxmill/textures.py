"""What is counted of the grey levels of regions: here, one region after the other, or on a device, many at once."""

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from voxmill.combining import Combiner, Work
from voxmill.computing import MOST_BYTES, PART
from voxmill.stages import stage
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.packing import pack
from voxmill_kernels.count.sums import GlcmSums, sum_glcm
from voxmill_kernels.count.sweep import NO_MATRICES, Matrices, counter_shapes, sweep
from voxmill_kernels.device import Device, Mark
from voxmill_kernels.levels import Levels

if TYPE_CHECKING:
    from voxmill_kernels.count.cuda.counted import Counted

Kind = TypeVar("Kind")
_sum_glcm, _cells_of = stage("sums")(sum_glcm), stage("sums")(cells_of)


@dataclass(frozen=True)
class Rules:
    """How is counted: distances of neighbours in voxels; across, alpha and families `wanted` as `sweep` has them."""

    distances: tuple[int, ...]
    across: int | None
    alpha: int
    wanted: int


@dataclass(frozen=True)
class Task:
    """What is counted: grey levels of a region, in its box within one layer of outside, at offsets (n, 3), z, y, x."""

    levels: Levels
    box: NDArray[np.int8]
    offsets: NDArray[np.int64]
    rules: Rules

    @property
    def inside(self) -> NDArray[np.int8]:
        """The box without the layer around it."""
        return self.box[1:-1, 1:-1, 1:-1]

    @property
    def border(self) -> int:
        """How many zeros must surround the box."""
        return max(self.rules.distances, default=1)

    def check(self) -> None:
        """Raise ValueError where there are too many grey levels to count what is wanted."""
        if self.rules.wanted:
            levels = len(self.levels.numbers)
            counter_shapes(levels, len(self.offsets), max(self.inside.shape), self.rules.wanted)

    def bytes_there(self) -> int:
        """At most so many bytes of a device it takes to count this there, but for what a batch takes once (32 kB)."""
        from voxmill_kernels.count.cuda.layout import Sizes
        from voxmill_kernels.count.cuda.plan import bytes_of

        levels, sides = self.levels, self.inside.shape
        sizes = Sizes(len(levels.numbers), int(levels.numbers[-1]), int(levels.counts.sum()), max(sides))
        places = math.prod(side + 2 * self.border for side in sides)
        return bytes_of(sizes, places, len(self.offsets), wanted=self.rules.wanted)


class Textures(Protocol):
    """Counts of a region, of the families that are wanted, and sums of them."""

    def pair_sums(self) -> GlcmSums:
        """Sums of GLCM made symmetric."""

    def pairs(self) -> NDArray[np.uint32]:
        """GLCM (offsets, levels, levels), not symmetric."""

    def correlation(self) -> NDArray[np.uint32] | float:
        """MCC of GLCM made symmetric where it is known, or else the matrices that it is found of."""

    def dependences(self) -> Cells:
        """The cells of GLDM."""

    def runs(self) -> Cells:
        """The cells of GLRLM, a matrix for each of 13 directions."""

    def run_matrices(self) -> NDArray[np.uint32]:
        """GLRLM (13, levels, lengths)."""

    def zones(self) -> Cells:
        """The cells of GLSZM."""

    def ngtdm(self) -> NDArray[np.int64]:
        """NGTDM, as in Matrices."""


@dataclass(frozen=True)
class CountedHere:
    """Matrices of a region, counted on the CPU."""

    matrices: Matrices
    numbers: NDArray[np.int64]

    def pair_sums(self) -> GlcmSums:
        """Sums of GLCM made symmetric."""
        return _sum_glcm(self.matrices.glcm, self.numbers)

    def pairs(self) -> NDArray[np.uint32]:
        """GLCM (offsets, levels, levels), not symmetric."""
        return self.matrices.glcm

    def correlation(self) -> NDArray[np.uint32]:
        """The matrices that MCC is found of."""
        return self.matrices.glcm

    def dependences(self) -> Cells:
        """The cells of GLDM."""
        return _cells_of(self.matrices.gldm)

    def runs(self) -> Cells:
        """The cells of GLRLM, a matrix for each of 13 directions."""
        return _cells_of(self.matrices.glrlm)

    def run_matrices(self) -> NDArray[np.uint32]:
        """GLRLM (13, levels, lengths)."""
        return self.matrices.glrlm

    def zones(self) -> Cells:
        """The cells of GLSZM."""
        return self.matrices.glszm

    def ngtdm(self) -> NDArray[np.int64]:
        """NGTDM, as in Matrices."""
        return self.matrices.ngtdm


NOTHING: Textures = CountedHere(NO_MATRICES, np.zeros(0, dtype=np.int64))
"""The counts of a region of which none are wanted, or none are made yet."""


@stage("count")
def count_here(task: Task) -> Textures:
    """Counted on the CPU."""
    rules = task.rules
    batch = pack([(task.levels, task.inside)], border=task.border)
    (matrices,) = sweep(batch, task.offsets, across=rules.across, alpha=rules.alpha, wanted=rules.wanted)
    return CountedHere(matrices, task.levels.numbers)


_HELD: dict[int, int] = {}
"""How many bytes of a device batches hold, by their identity, until no thread needs their regions any more."""


class _Once(Generic[Kind]):
    """What a batch finds when a thread first asks for it; others that ask that batch meanwhile wait for it.

    Afterwards the batch has it as an attribute of its own. A `cached_property` has one lock for all batches in
    Python 3.11.
    """

    def __init__(self, find: "Callable[[_Batch], Kind]") -> None:
        self._find, self._name = find, find.__name__

    @overload
    def __get__(self, batch: None, owner: type) -> Self: ...

    @overload
    def __get__(self, batch: "_Batch", owner: type) -> Kind: ...

    def __get__(self, batch: "_Batch | None", owner: type) -> Self | Kind:
        if batch is None:
            return self
        with batch.lock:
            known: dict[str, Kind] = vars(batch)
            if self._name not in known:
                known[self._name] = self._find(batch)
            return known[self._name]


@dataclass(frozen=True, eq=False)
class _Batch:
    """What was counted together on a device: each kind comes back of all regions when it is first asked for.

    Regions may be those of several threads: who has a kind come back has waited for the mark `ready`, holds the lock,
    and has it here in the end. So nothing is at work on the counts any more when they are forgotten.
    """

    counted: "Counted"
    ready: Mark
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        _HELD[id(self)] = sum(buffer.nbytes for buffer in self.counted.buffers.values())
        weakref.finalize(self, _HELD.pop, id(self)).atexit = False

    @_Once
    def pair_sums(self) -> list[GlcmSums]:
        return self.counted.pair_sums()

    @_Once
    def pairs(self) -> list[NDArray[np.uint32]]:
        return self.counted.pairs()

    @_Once
    def correlations(self) -> NDArray[np.float64]:
        from voxmill_kernels.features.cuda.mcc import mean_correlations

        return mean_correlations(self.counted)

    @_Once
    def dependences(self) -> list[Cells]:
        return self.counted.dependences()

    @_Once
    def runs(self) -> list[Cells]:
        return self.counted.runs()

    @_Once
    def run_matrices(self) -> list[NDArray[np.uint32]]:
        return self.counted.run_matrices()

    @_Once
    def zones(self) -> list[Cells]:
        return self.counted.zones()

    @_Once
    def ngtdm(self) -> list[NDArray[np.int64]]:
        return self.counted.ngtdm()


@dataclass(frozen=True)
class CountedThere:
    """One region of those that were counted together on a device."""

    batch: _Batch
    place: int

    def pair_sums(self) -> GlcmSums:
        """Sums of GLCM made symmetric."""
        return self.batch.pair_sums[self.place]

    def pairs(self) -> NDArray[np.uint32]:
        """GLCM (offsets, levels, levels), not symmetric."""
        return self.batch.pairs[self.place]

    def correlation(self) -> float:
        """MCC of GLCM made symmetric."""
        return float(self.batch.correlations[self.place])

    def dependences(self) -> Cells:
        """The cells of GLDM."""
        return self.batch.dependences[self.place]

    def runs(self) -> Cells:
        """The cells of GLRLM, a matrix for each of 13 directions."""
        return self.batch.runs[self.place]

    def run_matrices(self) -> NDArray[np.uint32]:
        """GLRLM (13, levels, lengths)."""
        return self.batch.run_matrices[self.place]

    def zones(self) -> Cells:
        """The cells of GLSZM."""
        return self.batch.zones[self.place]

    def ngtdm(self) -> NDArray[np.int64]:
        """NGTDM, as in Matrices."""
        return self.batch.ngtdm[self.place]


@dataclass(frozen=True)
class _Asked:
    """What a thread has counted, and a mark behind what it has on the device for that."""

    task: Task
    ready: Mark

    def bytes_there(self) -> int:
        """As of the task."""
        return self.task.bytes_there()


@dataclass(frozen=True)
class _Counting:
    """By which rules is counted, and on which device."""

    device: Device
    rules: Rules

    @property
    def room(self) -> int:
        """How many bytes of the device a batch of several threads may take, beside what is held for such already."""
        held = sum(list(_HELD.values()))  # a list at once: a batch may be forgotten by another thread meanwhile
        return min(MOST_BYTES, (self.device.free_bytes + held) // PART - held)

    def made(self, asked: Sequence[_Asked]) -> list[CountedThere]:
        """Tasks of these rules, counted together; what they have on the device is read when their batch is ready."""
        for ready in dict.fromkeys(one.ready for one in asked):
            self.device.wait(ready)
        try:
            counted = self._counted([one.task for one in asked])
        except BaseException:  # what other threads gave is theirs again: nothing here may still be at work on it
            self.device.finish()
            raise
        together = _Batch(counted, self.device.mark())
        return [CountedThere(together, place) for place in range(len(asked))]

    def _counted(self, tasks: Sequence[Task]) -> "Counted":
        from voxmill_kernels.count.cuda.counting import count

        first, rules = tasks[0], self.rules
        batch = pack([(task.levels, task.inside) for task in tasks], border=first.border)
        return count(self.device, batch, first.offsets, across=rules.across, alpha=rules.alpha, wanted=rules.wanted)


COMBINER: Combiner[_Counting, _Asked, CountedThere] = Combiner(
    Work(make=_Counting.made, size=_Asked.bytes_there, room=lambda counting: counting.room)
)
"""Has a device count what several threads ask for at a time as one batch: few regions cannot keep it busy."""


@stage("count")
def count_there(tasks: Sequence[Task], device: Device) -> list[Textures]:
    """Counted on a device, together as far as they follow the same rules, and with what other threads ask for."""
    alike: dict[Rules, list[int]] = {}
    for place, task in enumerate(tasks):
        alike.setdefault(task.rules, []).append(place)
    found: dict[int, Textures] = {}
    ready = _ready(tasks, device)
    for rules, places in alike.items():
        made = COMBINER.made(_Counting(device, rules), [_Asked(tasks[place], ready) for place in places])
        device.wait(made[0].batch.ready)
        found |= zip(places, made, strict=True)
    return [found[place] for place in range(len(tasks))]


def _ready(tasks: Sequence[Task], device: Device) -> Mark:
    """A mark behind all that a thread has on a device of what it has counted there.

    Places are among it, as they are kept: found by the thread that counts they would be in use by two.
    """
    from voxmill_kernels.mask.cuda.places import places_of

    for task in tasks:
        places_of(task.inside, device)
    return device.mark()
