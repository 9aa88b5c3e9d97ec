"""All that counting a batch takes of a device's memory, known before any of it is taken."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from voxmill_kernels.count.arena import LEVELS, Batch
from voxmill_kernels.count.cuda.layout import Layout, Sizes, lay_out, sides_of
from voxmill_kernels.count.cuda.tiles import blocks_at_once, cut
from voxmill_kernels.count.neighbourhood import DIRECTIONS, REPRESENTATIVES
from voxmill_kernels.count.sweep import GLSZM, check_border, check_counters
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Ints

Parts: TypeAlias = Mapping[str, tuple[int, type[np.number[Any]]]]
"""How many numbers of which type, by name."""
WORD = 8
"""Bytes: parts of a buffer begin at whole numbers of 64 bits."""
COUNTERS: Mapping[str, tuple[str, type[np.number[Any]]]] = {
    "glcm": ("pairs", np.uint32),
    "gldm": ("around", np.uint32),
    "ngtdm": ("around", np.int64),
    "glrlm": ("runs", np.uint32),
    "small": ("small", np.uint32),
    "large": ("large", np.int64),
    "sums": ("sums", np.int64),
    "few": ("few", np.uint32),
    "many": ("many", np.int64),
}
"""Where counts and sums go, the part of a box that it holds, and the type of its numbers."""

PART_BYTES = tuple((np.dtype(dtype).itemsize, part) for part, dtype in COUNTERS.values())
PLACE_BYTES = 12
"""Of a place: levels, and the tail of the arena, 2 each; a parent and a size of zones."""
VOXEL_BYTES = 10
"""Of a voxel, while an arena is made: its place and its level, put in one array with those of other regions."""
BOX_BYTES = 1024
"""What is known of a box, its tiles, and the rounding of its parts to whole words."""


@dataclass(frozen=True)
class Plan:
    """What goes to a device, and how much room there is taken.

    tables: whole numbers that kernels are told, by name. shared: by the name of a table of tiles, how many bytes the
    blocks share that sweep them. counters: all that is 0 before. places: how many the arena has.
    """

    layout: Layout
    tables: Mapping[str, Ints]
    shared: Mapping[str, int]
    counters: Parts
    places: int
    wanted: int

    @cached_property
    def zone_parts(self) -> Parts:
        """What zones need while they are found: a parent and a size for every place."""
        length = self.places if self.wanted & GLSZM else 0
        return {"parents": (length, np.int32), "sizes": (length, np.uint32)}


def bytes_of(sizes: Sizes, places: int, offsets: int, *, wanted: int) -> int:
    """At most so many bytes of a device it takes to count a box of so many places, its border among them.

    A batch takes so much for each box that it has, and 32 kB once. It counts while an arena is made, too, of levels and
    of places that lie there; what comes back takes some more, one kind after the other.
    """
    sides = sides_of(sizes, offsets, wanted)
    counters = sum(bytes_ * math.prod(sides[part]) for bytes_, part in PART_BYTES)
    return int(counters + PLACE_BYTES * places + VOXEL_BYTES * sizes.voxels + 16 * sizes.levels + BOX_BYTES)


def plan_of(device: Device, batch: Batch, offsets: Ints, *, wanted: int) -> Plan:
    """The plan for a batch, whose arena may be anywhere; raises ValueError for what can not be counted."""
    check_border(batch, offsets)
    check_counters(batch.table[:, LEVELS], len(offsets), batch.longest, wanted)
    layout = lay_out(batch, len(offsets), wanted=wanted, shared_bytes=device.shared_bytes)
    shared, tiles = _tiles(device, layout)
    tables = {
        "boxes": layout.boxes.view(np.int64),
        "numbers": layout.numbers,
        "voxels": layout.voxels,
        "offsets": np.concatenate([offsets, DIRECTIONS]).ravel(),
        "directions": DIRECTIONS.ravel(),
        "representatives": REPRESENTATIVES.view(np.int64),
        **tiles,
    }
    return Plan(layout, tables, shared, _counters(layout), len(batch.arena), wanted)


def _tiles(device: Device, layout: Layout) -> tuple[dict[str, int], dict[str, Ints]]:
    """Tiles of the boxes that are swept with as many bytes shared, and those bytes; and tiles of all boxes."""
    sizes = layout.places
    boxes = {f"tiles {shared}": (shared, its) for shared, its in layout.size_classes()}
    every = {"tiles": (0, np.arange(len(sizes)))}
    tiles = {
        name: cut(sizes[its], its, blocks_at_once(device, shared)).ravel()
        for name, (shared, its) in (boxes | every).items()
    }
    return {name: shared for name, (shared, _) in boxes.items()}, tiles


def _counters(layout: Layout) -> Parts:
    """What is counted and listed; met: by box, directions in which a line holds two voxels."""
    boxes = len(layout.boxes)
    pairs = boxes * int(layout.shapes["pairs"][0, 0])
    listed = {"large_listed": (boxes, np.uint32), "many_listed": (pairs, np.uint32), "met": (boxes, np.uint32)}
    return {name: (layout.length(part), dtype) for name, (part, dtype) in COUNTERS.items()} | listed


def words(parts: Parts) -> int:
    """How many numbers of 64 bits a buffer has that holds all of these."""
    return sum(_words(length, dtype) for length, dtype in parts.values())


def carve(buffer: Buffer, parts: Parts) -> dict[str, Buffer]:
    """The parts of a buffer of numbers of 64 bits, by name; they lie one after the other."""
    typed = {dtype: buffer.view(dtype) for _, dtype in parts.values()}
    found, start = {}, 0
    for name, (length, dtype) in parts.items():
        first = start * WORD // np.dtype(dtype).itemsize
        found[name] = typed[dtype][first : first + length]
        start += _words(length, dtype)
    return found


def _words(length: int, dtype: type[np.number[Any]]) -> int:
    return -(-length * np.dtype(dtype).itemsize // WORD)
