"""Whole regions from an image in memory to rows of features, on the device and on the CPU."""

from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np

from gpu_parts.bench import Bench, Figures, Row, attempt, compared
from gpu_parts.made import case
from workloads import SIGMAS_MM, Case

ORIGINAL: dict[str, Any] = {}
FILTERED: dict[str, Any] = {"images": {"original": {}, "wavelet": {}, "log": {"sigma_mm": list(SIGMAS_MM)}}}
SETTINGS = {"original": ORIGINAL, "original, 8 wavelet and 3 LoG": FILTERED}
EACH = "ms a region"


def what(device: str, images: str, regions: int, voxels: int) -> str:
    """The name of a row."""
    return f"{device}, {images}: {regions} × {voxels:,} voxels"


def measure(bench: Bench) -> Iterator[Row]:
    """Regions of one image at once, and one alone, on the device; on the CPU; and whether rows are equal.

    One alone, also a smaller one, says from which size on a device is faster than the CPU.
    """
    voxels, many = bench.sizes.case_voxels, bench.sizes.cases
    for fewer, device in product([one for one in bench.sizes.batches if one < voxels], ("gpu", "cpu")):
        each = partial(_each, bench, side_by_side(fewer, 1), ORIGINAL, device)
        yield attempt("cases", what(device, "original", 1, fewer), each)
    for images, settings in SETTINGS.items():
        for device, regions in (("gpu", many), ("gpu", 1), ("cpu", 1)):
            each = partial(_each, bench, side_by_side(voxels, regions), settings, device)
            yield attempt("cases", what(device, images, regions, voxels), each)
        rows = partial(_rows, side_by_side(voxels, 2), settings)
        yield compared("cases", f"rows of {images}", partial(rows, "gpu"), partial(rows, "cpu"))


@cache
def side_by_side(voxels: int, regions: int) -> Case:
    """An image with so many regions along x, whose labels are 1 and on."""
    parts = [case(voxels, seed) for seed in range(regions)]
    labels = [part.labels * np.uint8(label) for label, part in enumerate(parts, start=1)]
    image = np.concatenate([part.image for part in parts], axis=2)
    return Case(image, np.concatenate(labels, axis=2), parts[0].spacing)


def extracted(made: Case, settings: dict[str, Any], device: str, threads: int = 1) -> Any:  # noqa: ANN401 - a Table
    """The rows of a case; RuntimeError where one has failed, or was not made on the device that was named."""
    import voxmill as vm

    image = vm.Volume(made.image, spacing=made.spacing)
    table = vm.extract(image, vm.Mask(made.labels, image.grid), settings=settings, device=device, threads=threads)
    for row in table.rows:
        elsewhere = [note for note in row.notes if device == "gpu" and "on the CPU" in note]
        if row.error or elsewhere:
            raise RuntimeError(row.error or elsewhere[0])
    return table


def _each(bench: Bench, made: Case, settings: dict[str, Any], device: str) -> Figures:
    threads = bench.threads if device == "gpu" else 1
    seconds = bench.elapsed_s(lambda: extracted(made, settings, device, threads))
    regions = int(made.labels.max())
    return {EACH: 1e3 * seconds / regions, "regions/s": regions / seconds}


def _rows(made: Case, settings: dict[str, Any], device: str) -> object:
    rows = extracted(made, settings, device).rows
    return [[name, value] for row in rows for name, value in row.features.items()]
