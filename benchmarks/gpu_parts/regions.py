"""Regions per second, by how large they are and how many are counted at once; with features, and beside the CPU."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from gpu_parts.bench import Bench, Figures, Row, attempt
from gpu_parts.made import DIFFERENT, batch
from gpu_parts.texture import Texture, features, from_cpu, from_device
from gpu_parts.watching import launching_s
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import sweep
from voxmill_kernels.device import Device

COUNTED, SUMMED, MEASURED, WITH_MCC = (
    "counts and sums on the device",
    "counts and sums that come back",
    "all texture features but MCC",
    "all texture features",
)
CPU, CPU_MEASURED = "the CPU, one thread: counts and sums", "the CPU, one thread: all texture features"
LAUNCHED = "launches of counts and sums"
RATE = "regions/s"
SHARE = "of the device's time"


def what(kind: str, voxels: int, regions: int) -> str:
    """The name of a row."""
    return f"{kind}, {regions} × {voxels:,} voxels"


def measure(bench: Bench) -> Iterator[Row]:
    """A row for every size of regions and of batches, and for the CPU by size of regions."""
    for voxels, many in bench.sizes.batches.items():
        for regions in many:
            packed = batch(voxels, regions)
            yield attempt("regions", what(COUNTED, voxels, regions), partial(_counted, bench, packed))
            yield attempt("regions", what(LAUNCHED, voxels, regions), partial(_launched, bench, packed))
            yield attempt("regions", what(SUMMED, voxels, regions), partial(_measured, bench, packed, SUMMED))
            for kind in (MEASURED, WITH_MCC):
                row = attempt("regions", what(kind, voxels, regions), partial(_measured, bench, packed, kind))
                yield replace(row, note=row.note or f"{bench.threads} threads for features")
            bench.device.release()
        alike = batch(voxels, DIFFERENT)
        yield attempt("regions", what(CPU, voxels, DIFFERENT), partial(_on_cpu, bench, alike, measured=False))
        yield attempt("regions", what(CPU_MEASURED, voxels, DIFFERENT), partial(_on_cpu, bench, alike, measured=True))


def fastest(found: Mapping[tuple[str, str], Figures], kind: str, voxels: int) -> float:
    """The highest rate of all batches of a size of regions; KeyError where there is none."""
    rates = [
        figures[RATE]
        for (part, name), figures in found.items()
        if part == "regions" and name.startswith(f"{kind}, ") and name.endswith(f" × {voxels:,} voxels") and figures
    ]
    if not rates:
        raise KeyError(kind)
    return max(rates)


def on_device(bench: Bench, packed: Batch) -> Batch:
    """The batch with its grey levels on the device, which is where they are made of an image there."""
    return replace(packed, arena=bench.device.upload(packed.arena))


def _counted(bench: Bench, packed: Batch) -> Figures:
    """From grey levels to counts and sums, all on the device."""
    there = on_device(bench, packed)
    took = bench.on_device(lambda: count(bench.device, there, directions(1)))
    return _rate(packed, took.seconds) | took.told


def _launched(bench: Bench, packed: Batch) -> Figures:
    """What launches take here, which is what a graph of them would save, beside what all of it takes on the device."""
    there = on_device(bench, packed)

    def work(device: Device) -> Counted:
        return count(device, there, directions(1))

    here_s, took = launching_s(bench, work), bench.on_device(lambda: work(bench.device))
    return {"ms here": 1e3 * here_s, "ms there": 1e3 * took.seconds, SHARE: here_s / took.seconds} | took.told


def _measured(bench: Bench, packed: Batch, kind: str) -> Figures:
    """From grey levels on the device to sums and cells here, and on to the features that are wanted."""
    there = on_device(bench, packed)

    def work() -> None:
        regions = from_device(count(bench.device, there, directions(1)), packed, mcc=kind == WITH_MCC)
        if kind != SUMMED:
            features(regions, bench.threads)

    return _rate(packed, bench.elapsed_s(work))


def _on_cpu(bench: Bench, packed: Batch, *, measured: bool) -> Figures:
    def work() -> list[Texture]:
        regions = from_cpu(sweep(packed, directions(1)), packed)
        if measured:
            features(regions, 1)
        return regions

    return _rate(packed, bench.elapsed_s(work))


def _rate(packed: Batch, seconds: float) -> Figures:
    return {RATE: len(packed) / seconds, "ms": 1e3 * seconds}
