"""What lies where on a device: a table of boxes, the tiles that blocks work on, and the shape of every part."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.count.arena import DEPTH, LEVELS, WIDTH, Batch
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.sums import FEW
from voxmill_kernels.count.sweep import EVERYTHING, GLCM, GLDM, GLRLM, NGTDM
from voxmill_kernels.count.zones import SMALL_ZONE
from voxmill_kernels.types import Array, Ints

PARTS = ("pairs", "around", "runs", "small", "large", "sums", "few", "many")
FIELDS = (
    "start",
    "depth",
    "height",
    "width",
    "border",
    "levels",
    "longest",
    "kept",
    "numbers",
    "gaps",
    "own",
    *PARTS,
    "room",
)
BOX = np.dtype([(field, np.int64) for field in FIELDS])
"""What a kernel knows of a box; `box.cuh` says what the fields mean."""
SHORT_RUN = 8
"""Up to this length a block counts runs by itself: most are shorter, and their counts need little of its memory."""
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
        return int(self.boxes[part][-1]) + math.prod(self.shapes[part][-1].tolist())

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
        for one in sorted(set(classes.tolist())):
            (boxes,) = (classes == one).nonzero()
            yield int(self.shared[boxes].max()), boxes


def lay_out(batch: Batch, offsets: int, *, wanted: int, shared_bytes: int) -> Layout:
    """The layout of a batch whose matrices have so many offsets, on a device whose blocks have so much memory.

    Raises ValueError for boxes that are too large for a device.
    """
    check_sizes(batch.table[:, DEPTH : WIDTH + 1], batch.border)
    boxes = _boxes(batch)
    numbers, counts = np.concatenate(batch.numbers), np.concatenate(batch.counts)
    first = boxes["numbers"]
    tops, voxels = numbers[first + batch.table[:, LEVELS] - 1], np.add.reduceat(counts, first)
    sizes = Sizes(batch.table[:, LEVELS], tops, voxels, boxes["longest"])
    boxes["gaps"], boxes["room"] = tops != sizes.levels, sizes.room
    shapes, lengths = _shapes(sizes, len(boxes), offsets, wanted)
    for part, starts in zip(shapes, lengths.cumsum(axis=1) - lengths, strict=True):
        boxes[part] = starts
    cells = dict(zip(shapes, lengths, strict=True)) | {"runs": len(DIRECTIONS) * sizes.levels * boxes["kept"]}
    may_own = wanted & np.where(has_narrow_sums(tops, offsets), EVERYTHING, EVERYTHING & ~NGTDM)
    boxes["own"], shared = _give_own(cells, may_own, 4 * (offsets + len(DIRECTIONS)), shared_bytes)
    return Layout(boxes, numbers, counts, offsets, shapes, shared)


def _boxes(batch: Batch) -> NDArray[np.void]:
    """The table, but for where parts begin, and what depends on levels."""
    boxes, levels = np.zeros(len(batch), dtype=BOX), batch.table[:, LEVELS]
    for column, field in enumerate(("start", "depth", "height", "width", "levels")):
        boxes[field] = batch.table[:, column]
    boxes["border"] = batch.border
    boxes["longest"] = longest = batch.longest
    boxes["kept"] = np.minimum(longest, SHORT_RUN)
    boxes["numbers"] = levels.cumsum() - levels
    return boxes


def _size(boxes: NDArray[np.void]) -> Ints:
    """How many places there are, border included."""
    return boxes["depth"] * boxes["height"] * boxes["width"]


def check_sizes(sides: Ints, border: int) -> None:
    """Raise ValueError for the first of boxes (n, 3), z, y, x with their border, that is too large for a device."""
    too_large = sides.prod(axis=1) > MOST_PLACES
    if too_large.any():
        shape = sides[too_large.argmax()] - 2 * border
        found = f"a box of {' x '.join(map(str, shape.tolist()))} voxels (z, y, x) is too large for a GPU"
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


def _shapes(sizes: Sizes, boxes: int, offsets: int, wanted: int) -> tuple[dict[str, Ints], Ints]:
    """The shapes of all parts of so many boxes, and in that order how many numbers each has (parts, boxes)."""
    every = sides_of(sizes, offsets, wanted)
    ends = list(accumulate(map(len, every.values())))
    sides = np.empty((ends[-1], boxes), dtype=np.int64)
    for row, side in enumerate(chain.from_iterable(every.values())):
        sides[row] = side
    first = [0, *ends[:-1]]
    shapes = {part: sides[start:end].T for part, start, end in zip(every, first, ends, strict=True)}
    return shapes, np.multiply.reduceat(sides, first, axis=0)


def _give_own(cells: Mapping[str, Ints], may_own: Ints, used: int, limit: int) -> tuple[Ints, Ints]:
    """Which counts a block keeps to itself, by box: those whose cells fit, small ones first, where most threads meet.

    And the bytes of its memory that it uses. Sums of NGTDM have four bytes, counts two, in whole words.
    """
    own, shared = np.zeros_like(may_own), np.full(len(may_own), used)
    for family, part in {NGTDM: "around", GLDM: "around", GLRLM: "runs", GLCM: "pairs"}.items():
        needed = 4 * cells[part] if family == NGTDM else 4 * ((cells[part] + 1) // 2)
        fits = (shared + needed <= limit) & (may_own & family != 0)
        own += family * fits
        shared += needed * fits
    return own, shared


def has_narrow_sums(tops: Ints, offsets: int) -> NDArray[np.bool_]:
    """Whether no sum of NGTDM over a tile needs more than 32 bits, by the highest level number of boxes.

    A block adds numbers of 32 bits by one instruction; those of 64 take a loop, until no other thread was faster.
    """
    return np.asarray(2 * offsets * tops * tiles.MOST < 1 << 32)
