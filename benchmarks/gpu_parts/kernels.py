"""Each kernel by itself: its time, the bytes of its arrays, and how many times as long as the floor that is."""

from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice

import numpy as np

from gpu_parts.bench import Bench, Figures, Row, attempt
from gpu_parts.floors import Needs, floors
from gpu_parts.images import Work, works
from gpu_parts.made import DIFFERENT, batch
from gpu_parts.regions import on_device
from gpu_parts.watching import kernels_of
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import sweep
from voxmill_kernels.shape.scan import scan


def measure(bench: Bench) -> Iterator[Row]:
    """Counting many small regions and one large one; then images and shape."""
    voxels = sorted(bench.sizes.batches)
    middle = voxels[min(1, len(voxels) - 1)]
    yield from _counting(bench, middle, max(bench.sizes.batches[middle]))
    yield from _counting(bench, voxels[-1], 1)
    for work in works():
        yield attempt("kernels", work.name, partial(_image, bench, work))
    yield attempt("kernels", "shape.scan", partial(_scan, bench))


def _counting(bench: Bench, voxels: int, regions: int) -> Iterator[Row]:
    packed, offsets = batch(voxels, regions), directions(1)
    there = on_device(bench, packed)
    found = kernels_of(bench, lambda device: count(device, there, offsets))
    for kernel, (took, moved) in sorted(found.items(), key=lambda one: -one[1][0].seconds):
        atomics = _atomics(packed) if kernel.startswith("sweep") else 0.0
        what = f"{kernel}, {regions} × {voxels:,} voxels"
        yield Row("kernels", what, floors(bench).figures(took, Needs(moved, atomics=atomics)))


def _atomics(packed: Batch) -> float:
    """What a sweep adds to matrices, counted by the CPU; GLDM and NGTDM take one for each voxel."""
    few = Batch(packed.arena, packed.table[:DIFFERENT], packed.numbers, packed.counts, packed.border)
    swept = sweep(few, directions(1))
    added = [int(one.glcm.sum()) + 2 * int(one.gldm.sum()) + int(one.glrlm[..., 1:].sum()) for one in swept]
    return float(sum(islice(cycle(added), len(packed))))


def _image(bench: Bench, work: Work) -> Figures:
    shape = bench.sizes.image
    return floors(bench).figures(bench.on_device(work.prepare(shape, bench.device.upload)), work.needs(shape))


def _scan(bench: Bench) -> Figures:
    box = np.ones(bench.sizes.image, dtype=np.int8)
    box[0] = box[-1] = box[:, 0] = box[:, -1] = box[:, :, 0] = box[:, :, -1] = 0
    there = bench.device.upload(box)
    return floors(bench).figures(bench.on_device(lambda: scan(there)), Needs(box.nbytes))
