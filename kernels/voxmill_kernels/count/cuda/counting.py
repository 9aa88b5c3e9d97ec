"""Counting a batch on a device: what runs there, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.cuda.layout import Layout, lay_out
from voxmill_kernels.count.cuda.tiles import blocks_at_once, cut
from voxmill_kernels.count.neighbourhood import DIRECTIONS, REPRESENTATIVES
from voxmill_kernels.count.sums import FEW
from voxmill_kernels.count.sweep import (
    EVERYTHING,
    GLCM,
    GLRLM,
    GLSZM,
    check_border,
    counter_shapes,
    directions_in,
)
from voxmill_kernels.count.zones import SMALL_ZONE
from voxmill_kernels.cuda.device import Buffer, Device
from voxmill_kernels.types import Ints


@dataclass(frozen=True)
class _Task:
    """A batch on a device, and what is to be counted in it.

    bits: of a level. offsets: those of the task and, after them, the 13 directions. along: which of the directions
    count, bit k for direction k.
    """

    device: Device
    layout: Layout
    bits: int
    arena: Buffer
    boxes: Buffer
    numbers: Buffer
    offsets: Buffer
    along: int
    alpha: int
    wanted: int

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int], *, shared: int = 0) -> None:
        """Run the kernel for levels of so many bits."""
        self.device.launch(f"{kernel}{self.bits}", blocks, [self.arena, self.boxes, *arguments], shared=shared)

    def tiles(self, boxes: Ints, shared: int) -> Ints:
        """Tiles of these boxes, for blocks that share so many bytes."""
        return cut(self.layout.places[boxes], boxes, blocks_at_once(self.device, shared))

    def room(self, part: str, dtype: type[np.number[Any]]) -> Buffer:
        """A buffer for a part of all boxes."""
        return self.device.zeros(self.layout.length(part), dtype)


def count(
    device: Device,
    batch: Batch,
    offsets: Ints,
    *,
    across: int | None = None,
    alpha: int = 0,
    wanted: int = EVERYTHING,
) -> Counted:
    """What the CPU's `sweep` counts, with the same arguments, on a device; and the sums of GLCM.

    Raises ValueError where that does, and for boxes that are too large for a device.
    """
    check_border(batch, offsets)
    for levels, shape in zip(batch.levels, batch.shapes, strict=True):
        counter_shapes(levels, len(offsets), max(shape), wanted)
    layout = lay_out(batch, len(offsets), wanted=wanted, shared_bytes=device.shared_bytes)
    task = _Task(
        device=device,
        layout=layout,
        bits=8 * batch.arena.itemsize,
        arena=device.upload(batch.arena),
        boxes=device.upload(layout.boxes.view(np.int64)),
        numbers=device.upload(layout.numbers),
        offsets=device.upload(np.concatenate([offsets, DIRECTIONS]).ravel()),
        along=sum(1 << int(k) for k in directions_in(across)),
        alpha=alpha,
        wanted=wanted,
    )
    buffers = _sweep(task) | _find_zones(task)
    return Counted(device, layout, buffers | _sum_pairs(task, buffers["glcm"]))


def _sweep(task: _Task) -> dict[str, Buffer]:
    """GLCM, GLDM, NGTDM and GLRLM: boxes that need as much of a block's memory together."""
    found = {
        "glcm": task.room("pairs", np.uint32),
        "gldm": task.room("around", np.uint32),
        "ngtdm": task.room("around", np.int64),
        "glrlm": task.room("runs", np.uint32),
    }
    met = task.device.zeros(len(task.layout.boxes), np.uint32)
    rules = [task.layout.offsets, task.along, task.alpha, task.wanted]
    for shared, boxes in task.layout.size_classes():
        tiles = task.tiles(boxes, shared)
        arguments = [task.device.upload(tiles.ravel()), task.offsets, task.numbers, *found.values(), met, *rules]
        task.launch("sweep", len(tiles), arguments, shared=shared)
    if task.wanted & GLRLM:
        _finish_runs(task, met, found["glrlm"])
    return found


def _finish_runs(task: _Task, met: Buffer, glrlm: Buffer) -> None:
    """Runs of one, in the directions in which a line meets two voxels: those known to be `met`, and what is found."""
    device, layout = task.device, task.layout
    tiles = task.tiles(np.arange(len(layout.boxes)), 0)
    arguments = [device.upload(tiles.ravel()), device.upload(DIRECTIONS.ravel()), met, task.along]
    task.launch("follow_lines", len(tiles), arguments, shared=4 * len(DIRECTIONS))
    matrices = len(DIRECTIONS) * len(layout.boxes)
    blocks = -(-blocks_at_once(device, 0) // matrices)
    arguments = [task.boxes, device.upload(layout.voxels), met, glrlm, blocks]
    device.launch("finish_runs", blocks * matrices, arguments)


def _find_zones(task: _Task) -> dict[str, Buffer]:
    """GLSZM: a table of small zones and a list of large ones, by box, and how many it has."""
    device, layout = task.device, task.layout
    found = {
        "small": task.room("small", np.uint32),
        "large": task.room("large", np.int64),
        "large_listed": device.zeros(len(layout.boxes), np.uint32),
    }
    if task.wanted & GLSZM:
        table = task.tiles(np.arange(len(layout.boxes)), 0)
        tiles, directions = device.upload(table.ravel()), device.upload(DIRECTIONS.ravel())
        parents, sizes = (device.zeros(len(task.arena), dtype) for dtype in (np.int32, np.uint32))
        joining = [tiles, directions, device.upload(REPRESENTATIVES), parents, task.along]
        task.launch("begin_zones", len(table), [tiles, parents, task.along])
        task.launch("join_zones", len(table), joining, shared=4 * len(DIRECTIONS))
        task.launch("measure_zones", len(table), [tiles, parents, sizes, task.along])
        task.launch("count_zones", len(table), [tiles, sizes, *found.values(), SMALL_ZONE])
    return found


def _sum_pairs(task: _Task, glcm: Buffer) -> dict[str, Buffer]:
    """Sums of GLCM, one row per offset of each box; how often counts occur, and large counts by offset."""
    device, layout = task.device, task.layout
    matrices = len(layout.boxes) * layout.offsets if task.wanted & GLCM else 0
    found = {
        "sums": task.room("sums", np.int64),
        "few": task.room("few", np.uint32),
        "many": task.room("many", np.int64),
        "many_listed": device.zeros(matrices, np.uint32),
    }
    if matrices:
        arguments = [task.boxes, task.numbers, glcm, *found.values(), layout.offsets, FEW]
        device.launch("sum_pairs", matrices, arguments, shared=4 * FEW)
    return found
