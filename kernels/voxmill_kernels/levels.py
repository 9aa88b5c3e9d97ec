"""Discretisation: the intensities of a region → grey levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats, Ints

MAX_LEVELS = 65_535


@dataclass(frozen=True)
class Levels:
    """The grey levels of a region, those that do not occur taken out.

    indices: (voxels,) uint16, 1 and up: which of the levels below each voxel has, in the order of the intensities.
    numbers: (levels,) int64, ascending: the number of each level, as the definition counts them from 1.
    counts: (levels,) int64: how many voxels have it.
    """

    indices: NDArray[np.uint16]
    numbers: Ints
    counts: Ints


def bin_edges(values: Array, *, width: float | None = None, count: int | None = None) -> Floats:
    """The edges between grey levels, aligned to multiples of `width`, or `count` bins from minimum to maximum.

    `values` are the intensities of a region in the image's own type: edges are computed in that type, as PyRadiomics
    does (imageoperations.getBinEdges); for integer types without overflow. With `width` the first edge is the largest
    multiple of it that is not above the minimum; with `count` the last bin holds the maximum.

    Raises ValueError when this gives more than 65,535 grey levels, or when the type is too coarse for such bins.
    """
    low, high = values.min(), values.max()
    if values.dtype.kind in "iu":
        low, high = int(low), int(high)
    if count is not None:
        return _edges_of_count(low, high, count)
    if width is None:
        raise ValueError("either width or count is needed")
    edges = _edges_of_width(low, high, width)
    if len(edges) < 2 or edges[0] == edges[1]:
        raise ValueError(f"a bin width of {width:g} is lost in the rounding of {values.dtype} at {float(low):g}")
    return edges


def _edges_of_count(low: float, high: float, count: int) -> Floats:
    if count > MAX_LEVELS:
        raise ValueError(f"{count} bins are more than {MAX_LEVELS} grey levels")
    edges = np.histogram_bin_edges(np.array([low, high]), count)
    edges[-1] += 1
    return edges.astype(np.float64)


def _edges_of_width(low: float, high: float, width: float) -> Floats:
    levels = (float(high) - float(low)) / width + 1
    if levels > MAX_LEVELS:
        raise ValueError(
            f"a bin width of {width:g} cuts the range {float(low):g} to {float(high):g} into {levels:.0f} grey levels, "
            f"more than {MAX_LEVELS}"
        )
    return np.arange(low - low % width, high + 2 * width, width).astype(np.float64)


def discretise(values: Floats, edges: Floats) -> Levels:
    """The grey levels of the intensities of a region: level n lies from edge n on, up to below edge n + 1.

    `values` is 1D; `edges` ascend, at (nearly) equal distances, from at most the smallest value to above the largest.
    """
    raw = np.empty(values.shape, dtype=np.uint16)
    counts = np.zeros(len(edges) + 1, dtype=np.int64)
    _digitise(values, edges, raw, counts)
    numbers = np.flatnonzero(counts)
    index = np.zeros(len(counts), dtype=np.uint16)
    index[numbers] = np.arange(1, len(numbers) + 1)
    return Levels(index[raw], numbers, counts[numbers])


@njit
def _digitise(values: Floats, edges: Floats, levels: NDArray[np.uint16], counts: Ints) -> None:
    """Guess a level from the mean distance of edges, then compare with the edges themselves."""
    last = edges.shape[0] - 1
    scale = last / (edges[last] - edges[0])
    for voxel in range(values.shape[0]):
        value = values[voxel]
        level = min(max(int((value - edges[0]) * scale), 0), last)
        while level > 0 and value < edges[level]:
            level -= 1
        while level < last and value >= edges[level + 1]:
            level += 1
        levels[voxel] = level + 1
        counts[level + 1] += 1
