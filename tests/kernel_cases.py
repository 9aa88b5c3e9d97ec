"""Regions for the tests of kernels: drawn by hypothesis, or made for one purpose; arrays are read-only."""

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

import naive_cases
from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.packing import pack
from voxmill_kernels.count.sweep import Matrices, sweep
from voxmill_kernels.features.feature import Feature
from voxmill_kernels.levels import Levels
from voxmill_kernels.types import Binary, Bools, Floats

Volume: TypeAlias = naive_cases.Levels
"""Grey levels z, y, x; 0 is outside of the region."""
AnyArray = TypeVar("AnyArray", bound=NDArray[Any])

LEVEL_SETS = ([1], [2], [1, 2], [1, 3, 9], [1, 2, 3, 4, 5], [4, 5, 40])


def read_only(array: AnyArray) -> AnyArray:
    """The array, that nothing may write to."""
    array.flags.writeable = False
    return array


@st.composite
def volumes(draw: st.DrawFn, max_side: int = 5) -> Volume:
    """Regions with one voxel at least: full boxes and boxes with holes; slices, lines and blocks."""
    shape = draw(array_shapes(min_dims=3, max_dims=3, max_side=max_side))
    numbers = draw(st.sampled_from(LEVEL_SETS))
    holes = draw(st.sampled_from([[], [0], [0] * 4 * len(numbers)]))
    volume = draw(arrays(np.int64, shape, elements=st.sampled_from([*numbers, *holes]), fill=st.nothing()))
    if not volume.any():
        volume[tuple(draw(st.integers(0, side - 1)) for side in shape)] = numbers[0]
    return read_only(volume)


@st.composite
def masks(draw: st.DrawFn, max_side: int = 6) -> Bools:
    """Regions with two voxels at least, C-contiguous."""
    shape = draw(array_shapes(min_dims=3, max_dims=3, max_side=max_side).filter(lambda sides: np.prod(sides) > 1))
    inside = draw(arrays(np.bool_, shape, elements=st.booleans(), fill=st.nothing()))
    corner = draw(st.sampled_from([0, -1]))
    inside[corner, 0, 0] = inside[0, -1, -1] = inside[-1, -1, 0] = True
    return read_only(inside)


def many_levels() -> Volume:
    """300 levels, one of them missing: more than a uint8 holds."""
    numbers = np.concatenate([np.arange(1, 151), np.arange(152, 302)])
    volume = np.zeros((6, 9, 9), dtype=np.int64)
    volume[:, 1:-1, :-1].flat[: len(numbers)] = np.random.default_rng(3).permutation(numbers)
    volume[:, 0] = 7
    return read_only(volume)


def blocks() -> Volume:
    """A region of few levels in large pieces, so that single counts grow large."""
    volume = np.ones((12, 14, 16), dtype=np.int64)
    volume[6:] = 2
    volume[3:9, 4:10, 5:11] = 4
    volume[0, 0, :3] = 0
    return read_only(volume)


VOLUMES: dict[str, Volume] = {
    **{name: read_only(volume.copy()) for name, volume in naive_cases.VOLUMES.items()},
    "one voxel": read_only(np.full((1, 1, 1), 3)),
    "many levels": many_levels(),
}


def grey_levels(volume: Volume) -> Levels:
    """The levels of a region as the kernels know them."""
    numbers, indices, counts = np.unique(volume[volume > 0], return_inverse=True, return_counts=True)
    return Levels(
        read_only((indices.ravel() + 1).astype(np.uint16)),
        read_only(numbers.astype(np.int64)),
        read_only(counts.astype(np.int64)),
    )


def batch_of(*regions: Volume, border: int = 1) -> Batch:
    """These regions in one arena that nothing may write to."""
    batch = pack([(grey_levels(volume), read_only(volume > 0)) for volume in regions], border=border)
    read_only(batch.arena)
    read_only(batch.table)
    return batch


def padded(inside: Bools) -> Binary:
    """The box of a region within one layer of outside."""
    return read_only(np.pad(inside.astype(np.int8), 1))


def dense(cells: Cells, levels: int) -> NDArray[np.int64]:
    """The matrices (n, levels, largest size) of these cells."""
    matrices = np.zeros((cells.matrices, levels, int(cells.size.max(initial=0))), dtype=np.int64)
    matrices[cells.matrix, cells.level, cells.size - 1] = cells.count
    return matrices


def swept(
    volume: Volume, *distances: int, border: int | None = None, across: int | None = None, alpha: int = 0
) -> Matrices:
    """The matrices of a region; distance 1 unless others are given."""
    offsets = directions(*distances or (1,), across=across)
    batch = batch_of(volume, border=border or max(distances, default=1))
    (matrices,) = sweep(batch, offsets, across=across, alpha=alpha)
    return matrices


def occurring(volume: Volume, by_level: NDArray[Any], axis: int = 0) -> NDArray[Any]:
    """The rows (along `axis`) of the levels that occur, out of those of all levels 1..Ng."""
    return np.take(by_level, np.unique(volume[volume > 0]) - 1, axis=axis)


def by_name(features: Iterable[Feature], values: Floats) -> dict[str, float]:
    """The values of a family under the names of its features."""
    return {feature.name: value for feature, value in zip(features, values.tolist(), strict=True)}
