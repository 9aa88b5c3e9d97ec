"""Other tools with their CUDA backends, in this process, on the same regions as Voxmill: all features, no filters."""

import importlib
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from gpu_parts.bench import Bench, Figures, Row, attempt
from gpu_parts.cases import ORIGINAL, extracted, side_by_side
from gpu_parts.made import case

MOST = 100_000
"""Voxels of a region above which single regions are bound by arithmetic, and nobody has to wait for batches."""
ADAPTERS = {"fastrad": "fastrad", "flash-radiomics": "flash_radiomics"}
"""By distribution, the module in `peers/` that knows it."""
OURS, RATE = "voxmill", "regions/s"
TOGETHER = 64
"""How many regions of an image are measured at once."""


def what(tool: str, voxels: int) -> str:
    """The name of a row."""
    return f"{tool}, {voxels:,} voxels"


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each tool and size of regions."""
    sizes = [voxels for voxels in bench.sizes.batches if voxels <= MOST]
    for voxels in sizes:
        yield attempt("others", what(OURS, voxels), partial(_ours, bench, voxels))
        for tool, adapter in ADAPTERS.items():
            row = attempt("others", what(tool, voxels), partial(_theirs, bench, adapter, voxels))
            yield replace(row, note=row.note or f"version {importlib.metadata.version(tool)}")


def _ours(bench: Bench, voxels: int) -> Figures:
    regions = min(TOGETHER, 4 * bench.sizes.cases)
    made = side_by_side(voxels, regions)
    seconds = bench.elapsed_s(lambda: extracted(made, ORIGINAL, "gpu", bench.threads))
    return {RATE: regions / seconds, "ms a region": 1e3 * seconds / regions}


def _theirs(bench: Bench, adapter: str, voxels: int) -> Figures:
    prepare: Callable[..., Callable[[], object]] = importlib.import_module(f"peers.{adapter}").cuda
    seconds = bench.elapsed_s(prepare(case(voxels)))
    return {RATE: 1 / seconds, "ms a region": 1e3 * seconds}
