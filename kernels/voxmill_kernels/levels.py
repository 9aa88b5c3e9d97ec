"""Discretisation: the intensities of a region → grey levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.array import device_of
from voxmill_kernels.intensities import Distribution, ends
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Floats, Ints

MAX_LEVELS = 65_535


class LevelsError(ValueError):
    """Intensities that have no grey levels as they are asked for: these are too many, or lost in rounding."""


@dataclass(frozen=True)
class Levels:
    """The grey levels of a region, those that do not occur taken out.

    indices: (voxels,) uint8 or uint16, 1 and up: which of the levels below each voxel has, in the order of the box;
    on the device of the intensities.
    numbers: (levels,) int64, ascending: the number of each level, as the definition counts them from 1.
    counts: (levels,) int64: how many voxels have it.
    """

    indices: Array
    numbers: Ints
    counts: Ints


def bin_edges(values: Array, *, width: float | None = None, count: int | None = None) -> Floats:
    """The edges between grey levels, aligned to multiples of `width`, or `count` bins from minimum to maximum.

    `values` are the intensities of a region in the image's own type: edges are computed in that type, as PyRadiomics
    does (imageoperations.getBinEdges); for integer types without overflow. With `width` the first edge is the largest
    multiple of it that is not above the minimum; with `count` the last bin holds the maximum.

    Raises LevelsError when this gives more than 65,535 grey levels, or when the type is too coarse for such bins.
    """
    low, high = ends(values)
    if values.dtype.kind in "iu":
        low, high = int(low), int(high)
    if count is not None:
        return _edges_of_count(low, high, count)
    if width is None:
        raise ValueError("either width or count is needed")
    edges = _edges_of_width(low, high, width)
    if len(edges) < 2 or edges[0] == edges[1]:
        raise LevelsError(f"a bin width of {width:g} is lost in the rounding of {values.dtype} at {float(low):g}")
    return edges


def _edges_of_count(low: float, high: float, count: int) -> Floats:
    if count > MAX_LEVELS:
        raise LevelsError(f"{count} bins are more than {MAX_LEVELS} grey levels")
    ends = np.array([low, high])
    try:
        edges = np.histogram_bin_edges(ends, count)
    except ValueError:
        raise LevelsError(f"{count} bins are lost in the rounding of {ends.dtype} at {float(low):g}") from None
    edges[-1] += 1
    return edges.astype(np.float64)


def _edges_of_width(low: float, high: float, width: float) -> Floats:
    levels = (float(high) - float(low)) / width + 1
    if levels > MAX_LEVELS:
        raise LevelsError(
            f"a bin width of {width:g} cuts the range {float(low):g} to {float(high):g} into {levels:.0f} grey "
            f"levels, more than {MAX_LEVELS}"
        )
    return np.arange(low - low % width, high + 2 * width, width).astype(np.float64)


def discretise(values: Array, known: Distribution, edges: Floats) -> Levels:
    """The grey levels of the intensities of a region: level n lies from edge n on, up to below edge n + 1.

    `values` is (voxels,), `known` its distribution; `edges` ascend, at (nearly) equal distances, from at most the
    smallest value to above the largest.

    Raises LevelsError when more than 65,535 levels occur.
    """
    device = device_of(values)
    if device is not None:
        from voxmill_kernels.mask.cuda.levels import digitise

        numbers, counts, index = _occurring(_counts(known, edges))
        return Levels(digitise(values, edges, index, device), numbers, counts)
    once_each = known.values if len(known.values) < len(values) else values.astype(np.float64, copy=False)
    raw = np.empty(once_each.shape, dtype=np.uint32)
    of_number = np.zeros(len(edges) + 1, dtype=np.int64)
    _digitise(once_each, known.counts, edges, raw, of_number)
    numbers, counts, index = _occurring(of_number)
    if once_each is not known.values:
        return Levels(index.take(raw), numbers, counts)
    low, indices = int(known.values[0]), np.empty(values.shape, dtype=index.dtype)
    table = np.zeros(int(known.values[-1]) - low + 1, dtype=index.dtype)
    table[known.values.astype(np.int64) - low] = index.take(raw)
    _look_up(values, low, table, indices)
    return Levels(indices, numbers, counts)


def _occurring(counts: Ints) -> tuple[Ints, Ints, Array]:
    """Of how many voxels have each number: the numbers that occur, how often; and by number, which of them it is."""
    numbers = np.flatnonzero(counts)
    if len(numbers) > MAX_LEVELS:
        raise LevelsError(f"{len(numbers)} grey levels are more than {MAX_LEVELS}")
    index = np.zeros(len(counts), dtype=np.uint8 if len(numbers) < 256 else np.uint16)
    index[numbers] = np.arange(1, len(numbers) + 1)
    return numbers, counts[numbers], index


def _counts(known: Distribution, edges: Floats) -> Ints:
    """How many voxels have each number from 0 on, told from how many lie below each edge but the first."""
    up_to = np.concatenate([[0], np.cumsum(known.counts)])
    below = up_to[np.searchsorted(known.values, edges[1:])]
    return np.diff(below, prepend=[0, 0], append=up_to[-1])


@njit
def _digitise(values: Floats, voxels: Ints, edges: Floats, levels: NDArray[np.uint32], counts: Ints) -> None:
    for place in range(values.shape[0]):
        levels[place] = _level(values[place], edges)
        counts[levels[place]] += voxels[place]


@njit
def _look_up(values: Array, low: int, table: Array, indices: Array) -> None:
    for voxel in range(values.shape[0]):
        indices[voxel] = table[np.int64(values[voxel]) - low]


@njit
def _level(value: float, edges: Floats) -> int:
    """Guess a level from the mean distance of edges (the last may be farther), then compare with the edges."""
    last = edges.shape[0] - 1
    level = 0
    if last > 1:
        level = min(max(int((value - edges[0]) * ((last - 1) / (edges[last - 1] - edges[0]))), 0), last)
    while level > 0 and value < edges[level]:
        level -= 1
    while level < last and value >= edges[level + 1]:
        level += 1
    return level + 1
