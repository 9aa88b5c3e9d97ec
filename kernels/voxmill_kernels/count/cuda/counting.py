"""Counting a batch on a device: what runs there, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.cuda.plan import Plan, carve, plan_of, words
from voxmill_kernels.count.cuda.tiles import blocks_at_once
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.sums import FEW
from voxmill_kernels.count.sweep import EVERYTHING, GLCM, GLRLM, GLSZM, directions_in
from voxmill_kernels.count.zones import SMALL_ZONE
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Ints


@dataclass(frozen=True)
class _Task:
    """A batch on a device, and what is to be counted in it.

    bits: of a level. tables, found: buffers of the plan, and what is counted. along: which of the directions count,
    bit k for direction k.
    """

    device: Device
    plan: Plan
    bits: int
    arena: Buffer
    tables: Mapping[str, Buffer]
    found: Mapping[str, Buffer]
    along: int
    alpha: int

    def launch(self, kernel: str, tiles: str, arguments: Sequence[Buffer | int], *, shared: int = 0) -> None:
        """Run the kernel for levels of so many bits, a block for each of these tiles."""
        given = [self.arena, self.tables["boxes"], self.tables[tiles], *arguments]
        self.device.launch(f"{kernel}{self.bits}", len(self.tables[tiles]) // 3, given, shared=shared)

    def named(self, *names: str) -> list[Buffer]:
        """Tables and counts by their names."""
        return [self.found[name] if name in self.found else self.tables[name] for name in names]


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

    The arena of the batch may lie there already. Raises ValueError where `sweep` does, and for boxes that are too large
    for a device.
    """
    plan = plan_of(device, batch, offsets, wanted=wanted)
    tables: dict[str, tuple[int, type[np.int64]]] = {name: (one.size, np.int64) for name, one in plan.tables.items()}
    task = _Task(
        device=device,
        plan=plan,
        bits=8 * batch.arena.itemsize,
        arena=device.upload(batch.arena) if device_of(batch.arena) is None else batch.arena,
        tables=carve(device.upload(np.concatenate(list(plan.tables.values()))), tables),
        found=carve(device.zeros(words(plan.counters), np.int64), plan.counters),
        along=sum(1 << int(k) for k in directions_in(across)),
        alpha=alpha,
    )
    _sweep(task)
    if wanted & GLRLM:
        _finish_runs(task)
    if wanted & GLSZM:
        _find_zones(task)
    if wanted & GLCM:
        _sum_pairs(task)
    return Counted(device, plan.layout, task.found)


def _sweep(task: _Task) -> None:
    """GLCM, GLDM, NGTDM and GLRLM: boxes that need as much of a block's memory together."""
    arguments = task.named("offsets", "numbers", "glcm", "gldm", "ngtdm", "glrlm", "met")
    rules = [task.plan.layout.offsets, task.along, task.alpha, task.plan.wanted]
    for tiles, shared in task.plan.shared.items():
        task.launch("sweep", tiles, [*arguments, *rules], shared=shared)


def _finish_runs(task: _Task) -> None:
    """Runs of one, in the directions in which a line meets two voxels: those known to be `met`, and what is found."""
    arguments = [*task.named("directions", "met"), task.along]
    task.launch("follow_lines", "tiles", arguments, shared=4 * len(DIRECTIONS))
    matrices = len(DIRECTIONS) * len(task.plan.layout.boxes)
    blocks = -(-blocks_at_once(task.device, 0) // matrices)
    task.device.launch("finish_runs", blocks * matrices, [*task.named("boxes", "voxels", "met", "glrlm"), blocks])


def _find_zones(task: _Task) -> None:
    """GLSZM: a table of small zones and a list of large ones, by box, and how many it has."""
    parents = task.device.empty(*task.plan.zone_parts["parents"])
    sizes = task.device.zeros(*task.plan.zone_parts["sizes"])
    joining = [*task.named("directions", "representatives"), parents, task.along]
    task.launch("begin_zones", "tiles", [parents, task.along])
    task.launch("join_zones", "tiles", joining, shared=4 * len(DIRECTIONS))
    task.launch("measure_zones", "tiles", [parents, sizes, task.along])
    task.launch("count_zones", "tiles", [sizes, *task.named("small", "large", "large_listed"), SMALL_ZONE])


def _sum_pairs(task: _Task) -> None:
    """Sums of GLCM of each box, how often counts occur, and large counts by offset."""
    offsets = task.plan.layout.offsets
    arguments = task.named("boxes", "numbers", "glcm", "sums", "few", "many", "many_listed")
    matrices = len(task.plan.layout.boxes) * offsets
    task.device.launch("sum_pairs", matrices, [*arguments, offsets, FEW], shared=4 * FEW)
