"""The device's results beside the CPU's: the same to the last bit, but where the table of exactness says otherwise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gpu_parts.bench import Bench, Figures, Row, attempt, compared
from gpu_parts.images import Up, Work, here, works
from gpu_parts.made import BIN_WIDTH, batch_of, case, drawn, named, volume
from gpu_parts.texture import features, from_cpu, from_device
from voxmill_kernels.array import to_host
from voxmill_kernels.count.cells import cells_of
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.packing import pack
from voxmill_kernels.count.sums import sum_glcm
from voxmill_kernels.count.sweep import sweep
from voxmill_kernels.device import Device
from voxmill_kernels.intensities import distribution, gather, gather_again
from voxmill_kernels.levels import bin_edges, discretise
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Array, Floats, Ints
from workloads import Shape

LEVELS = 64
"""Of an image whose voxels may differ in the last digit."""
TYPES = (np.uint8, np.int16, np.int32, np.float32, np.float64)


@dataclass(frozen=True)
class Task:
    """Arguments of a count."""

    distances: tuple[int, ...] = (1,)
    across: int | None = None
    alpha: int = 0


TASKS = (Task(), Task((2,), alpha=1), Task((1, 3), across=0), Task(across=2, alpha=2))


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each comparison."""
    yield from _counts(bench)
    yield from _regions(bench.device)
    yield from _images(bench)
    yield from _logarithms(bench)


def _counts(bench: Bench) -> Iterator[Row]:
    narrow = [volume for name, volume in named().items() if name != "300 levels"]
    for bits, volumes in ((8, narrow), (16, list(named().values()))):
        for task in TASKS:
            yield _counted(bench.device, f"counts and sums, {bits} bits, {_told(task)}", [volumes], task)
        yield _measured(bench, f"all texture features, {bits} bits", volumes)
    seeds = range(bench.sizes.random)
    yield _counted(bench.device, f"counts and sums of {len(seeds)} random batches", list(map(drawn, seeds)), Task())


def _told(task: Task) -> str:
    slices = "" if task.across is None else f", across {'zyx'[task.across]}"
    return f"distance {' and '.join(map(str, task.distances))}, alpha {task.alpha}{slices}"


def _counted(device: Device, what: str, batches: Sequence[Sequence[Ints]], task: Task) -> Row:
    packed = [batch_of(volumes, border=max(task.distances)) for volumes in batches]
    offsets = directions(*task.distances, across=task.across)
    rules: dict[str, Any] = {"across": task.across, "alpha": task.alpha}

    def found() -> object:
        counted = [count(device, one, offsets, **rules) for one in packed]
        return [[one.matrices(), one.dependences(), one.runs(), one.pair_sums()] for one in counted]

    def expected() -> object:
        counted = [sweep(one, offsets, **rules) for one in packed]
        return [
            [
                matrices,
                [cells_of(one.gldm) for one in matrices],
                [cells_of(one.glrlm) for one in matrices],
                [sum_glcm(one.glcm, numbers) for one, numbers in zip(matrices, packed[at].numbers, strict=True)],
            ]
            for at, matrices in enumerate(counted)
        ]

    return compared("check", what, found, expected)


def _measured(bench: Bench, what: str, volumes: Sequence[Ints]) -> Row:
    """MCC by the device, the others from its sums."""
    packed, offsets = batch_of(volumes), directions(1)

    def found() -> object:
        return features(from_device(count(bench.device, packed, offsets), packed, mcc=True), bench.threads)

    return compared("check", what, found, lambda: features(from_cpu(sweep(packed, offsets), packed), 1))


def _regions(device: Device) -> Iterator[Row]:
    """From intensities to an arena, and the shape."""
    made = case(4_000)
    for dtype in TYPES:
        image, kind = made.image.astype(dtype), np.dtype(dtype).name
        what = f"intensities, distribution, levels, arena: {kind}"
        yield compared("check", what, *(partial(_arena, up, image, made.labels) for up in (device.upload, here)))
    box, _ = gather(made.image, made.labels, 1, int(made.labels.sum()))
    yield compared(
        "check", "codes of cubes, ends of lines, moments", lambda: scan(device.upload(box)), lambda: scan(box)
    )


def _arena(up: Up, image: Array, labels: Array) -> object:
    """All that is made of a region before its levels are counted."""
    image, voxels = up(image), int(labels.sum())
    box, values = gather(image, labels, 1, voxels)
    known, edges = distribution(values), bin_edges(values, width=BIN_WIDTH)
    levels = discretise(values, known, edges)
    again = gather_again(image, box, voxels)
    return [box, values, known, edges, levels, again, pack([(levels, box[1:-1, 1:-1, 1:-1])] * 3)]


def _images(bench: Bench) -> Iterator[Row]:
    shape = bench.sizes.compared
    for work in works():
        yield compared("check", work.name, *(partial(_made, work, shape, up) for up in (bench.device.upload, here)))


def _made(work: Work, shape: Shape, up: Up) -> object:
    return work.prepare(shape, up)()


def _logarithms(bench: Bench) -> Iterator[Row]:
    """Functions of single intensities: two that are the same, and two of which the voxels that differ are counted."""
    values, ups = volume(bench.sizes.compared).astype(np.float64), (bench.device.upload, here)
    for name in ("Square", "SquareRoot"):
        yield compared("check", name, *(partial(_pointwise, name, up, values) for up in ups))
    for name in ("Logarithm", "Exponential"):
        found, expected = (partial(_pointwise, name, up, values) for up in ups)
        yield attempt("check", f"{name}: what differs from the CPU's", partial(_differing, found, expected))


def _pointwise(name: str, up: Up, values: Floats) -> Array:
    from voxmill.operators import pointwise

    made: Array = getattr(pointwise, name).of(up(values.copy()), float(np.abs(values).max()))
    return made


def _differing(one: Callable[[], Array], other: Callable[[], Array]) -> Figures:
    """How many voxels and grey levels differ, and the largest difference in units of the last place."""
    found, expected = to_host(one()), other()
    edges = bin_edges(expected, width=float(np.ptp(expected)) / LEVELS)
    levels = [np.searchsorted(edges, values.ravel(), side="right") for values in (found, expected)]
    apart = np.abs(found - expected) / np.spacing(np.abs(expected))
    return {
        "voxels": expected.size,
        "voxels differ": int((found != expected).sum()),
        "levels differ": int((levels[0] != levels[1]).sum()),
        "units of the last place apart at most": float(apart.max()),
    }
