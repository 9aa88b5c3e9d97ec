"""What lies where on a device: a table of boxes, the tiles that blocks work on, and the shape of every part."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.arena import DEPTH, WIDTH, Batch
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.sums import FEW
from voxmill_kernels.count.sweep import EVERYTHING, GLCM, GLDM, GLRLM, NGTDM
from voxmill_kernels.count.zones import SMALL_ZONE
from voxmill_kernels.types import Array, Ints

PARTS = ("pairs", "around", "runs", "small", "large", "sums", "few", "many")
FIELDS = ("start", "depth", "height", "width", "border", "levels", "longest", "numbers", "gaps", "own", *PARTS, "room")
BOX = np.dtype([(field, np.int64) for field in FIELDS])
"""What a kernel knows of a box; `box.cuh` says what the fields mean."""
MOST_PLACES = (1 << 31) - 1
"""How many places a box may have: a place is a number of 32 bits."""
SCALARS = 5
"""How many single numbers a co-occurrence matrix has; those of all offsets stand before the other sums of a box."""


@dataclass(frozen=True)
class Layout:
    """Where the parts of all boxes of a batch lie in the buffers, and which shape they have.

    boxes: (n,) BOX. numbers, voxels: level numbers of all boxes, and how many voxels have each. offsets: how many there
    are. shapes: (n, dimensions) by part. shared: (n,) bytes of its memory that a block uses while it sweeps.
    """

    boxes: NDArray[np.void]
    numbers: Ints
    voxels: Ints
    offsets: int
    shapes: Mapping[str, Ints]
    shared: Ints

    def length(self, part: str) -> int:
        """How many numbers a part has, in all boxes together."""
        return int(self.shapes[part].prod(axis=1).sum())

    def split(self, part: str, buffer: Array) -> Iterator[Array]:
        """A part, box by box."""
        for start, shape in zip(self.boxes[part].tolist(), self.shapes[part].tolist(), strict=True):
            yield buffer[start : start + math.prod(shape)].reshape(shape)

    @property
    def places(self) -> Ints:
        """How many places each box has, border included."""
        return _size(self.boxes)

    def size_classes(self) -> Iterator[tuple[int, Ints]]:
        """Shared bytes of a block, and the boxes (indices) swept with so many; each uses more than half of them."""
        classes = np.ceil(np.log2(self.shared))
        for one in np.unique(classes):
            boxes = np.flatnonzero(classes == one)
            yield int(self.shared[boxes].max()), boxes


def lay_out(batch: Batch, offsets: int, *, wanted: int, shared_bytes: int) -> Layout:
    """The layout of a batch whose matrices have so many offsets, on a device whose blocks have so much memory.

    Raises ValueError for boxes that are too large for a device.
    """
    boxes = _boxes(batch)
    for shape in batch.shapes:
        check_size(shape, batch.border)
    tops = np.array([numbers[-1] for numbers in batch.numbers])
    sizes = Sizes(boxes["levels"], tops, _voxels(batch), boxes["longest"])
    boxes["gaps"], boxes["room"] = tops != sizes.levels, sizes.room
    shapes = _shapes(sizes, len(boxes), offsets, wanted)
    for part in PARTS:
        length = shapes[part].prod(axis=1)
        boxes[part] = np.cumsum(length) - length
    may_own = wanted & np.where(has_narrow_sums(tops, offsets), EVERYTHING, EVERYTHING & ~NGTDM)
    shared = _give_own(boxes, shapes, may_own, 4 * (offsets + len(DIRECTIONS)), shared_bytes)
    return Layout(boxes, np.concatenate(batch.numbers), np.concatenate(batch.counts), offsets, shapes, shared)


def _boxes(batch: Batch) -> NDArray[np.void]:
    """The table, but for where parts begin, and what depends on levels."""
    boxes = np.zeros(len(batch), dtype=BOX)
    for column, field in enumerate(("start", "depth", "height", "width", "levels")):
        boxes[field] = batch.table[:, column]
    boxes["border"] = batch.border
    boxes["longest"] = batch.table[:, DEPTH : WIDTH + 1].max(axis=1) - 2 * batch.border
    boxes["numbers"] = np.cumsum(boxes["levels"]) - boxes["levels"]
    return boxes


def _size(boxes: NDArray[np.void]) -> Ints:
    """How many places there are, border included."""
    return boxes["depth"] * boxes["height"] * boxes["width"]


def _voxels(batch: Batch) -> Ints:
    """How many voxels each region has."""
    ends = np.cumsum([len(counts) for counts in batch.counts])
    return np.add.reduceat(np.concatenate(batch.counts), np.r_[0, ends[:-1]])


def check_size(shape: tuple[int, ...], border: int) -> None:
    """Raise ValueError for a box of this shape, z, y, x without its border, that is too large for a device."""
    if math.prod(side + 2 * border for side in shape) > MOST_PLACES:
        found = f"a box of {' x '.join(map(str, shape))} voxels (z, y, x) is too large for a GPU"
        raise ValueError(f"{found}: with its border it may have {MOST_PLACES}; count it on the CPU")


@dataclass(frozen=True)
class Sizes:
    """What the room for the counts of a box depends on, or (n,) for each of n boxes.

    levels: how many. top: the highest level number. voxels: of the region. longest: side, without the border.
    """

    levels: Ints | int
    top: Ints | int
    voxels: Ints | int
    longest: Ints | int

    @property
    def room(self) -> Ints | int:
        """For how many large counts of a co-occurrence matrix there is room."""
        room: Ints | int = np.minimum(self.levels**2, 2 * self.voxels // FEW)
        return room


def sides_of(sizes: Sizes, offsets: int, wanted: int) -> dict[str, tuple[Ints | int, ...]]:
    """The sides of all parts of these sizes. As on the CPU, GLCM and GLRLM have no matrices where they are not wanted.

    Here, and nowhere else, is said how much room counts take.
    """
    pairs, runs = offsets if wanted & GLCM else 0, len(DIRECTIONS) if wanted & GLRLM else 0
    return {
        "pairs": (pairs, sizes.levels, sizes.levels),
        "around": (1, sizes.levels, 2 * offsets + 1),
        "runs": (runs, sizes.levels, sizes.longest),
        "small": (1, sizes.levels, SMALL_ZONE),
        "large": (sizes.voxels // SMALL_ZONE,),
        "sums": (pairs, SCALARS + sizes.levels + 3 * sizes.top + 1),
        "few": (pairs, FEW),
        "many": (pairs, sizes.room),
    }


def _shapes(sizes: Sizes, boxes: int, offsets: int, wanted: int) -> dict[str, Ints]:
    """The shapes of all parts of so many boxes."""
    every = sides_of(sizes, offsets, wanted)
    return {part: np.stack([np.broadcast_to(side, boxes) for side in sides], axis=1) for part, sides in every.items()}


def _give_own(boxes: NDArray[np.void], shapes: Mapping[str, Ints], may_own: Ints, used: int, limit: int) -> Ints:
    """Decide which counts a block keeps to itself: those that fit, small ones first, where most threads meet.

    Gives the bytes of its memory that it uses, by box. Sums of NGTDM have four bytes, counts two, in whole words.
    """
    shared = np.full(len(boxes), used)
    for family, part in {NGTDM: "around", GLDM: "around", GLRLM: "runs", GLCM: "pairs"}.items():
        cells = shapes[part].prod(axis=1)
        needed = 4 * cells if family == NGTDM else 4 * ((cells + 1) // 2)
        fits = (shared + needed <= limit) & (may_own & family != 0)
        boxes["own"] |= np.where(fits, family, 0)
        shared += np.where(fits, needed, 0)
    return shared


def has_narrow_sums(tops: Ints, offsets: int) -> NDArray[np.bool_]:
    """Whether no sum of NGTDM over a tile needs more than 32 bits, by the highest level number of boxes.

    A block adds numbers of 32 bits by one instruction; those of 64 take a loop, until no other thread was faster.
    """
    return np.asarray(2 * offsets * tops * tiles.MOST < 1 << 32)
