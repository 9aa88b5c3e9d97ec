"""Connected components: runs along x, joined where they touch (Rosenfeld and Pfaltz 1966, on runs)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints
from voxmill_kernels.union_find import unite

Index = tuple[int, int, int]

ROWS_BEHIND: dict[int, tuple[tuple[int, int, int], ...]] = {
    6: ((0, -1, 0), (-1, 0, 0)),
    18: ((0, -1, 1), (-1, -1, 0), (-1, 0, 1), (-1, 1, 0)),
    26: ((0, -1, 1), (-1, -1, 1), (-1, 0, 1), (-1, 1, 1)),
}
"""By connectivity: the rows before a row that touch it (steps along z and y), and how far along x they still do."""


class Component(NamedTuple):
    """Where a component lies, how many voxels it has, and the first of them in index order."""

    start: Index
    stop: Index
    voxels: int
    first: Index


class Runs(NamedTuple):
    """The stretches of a region along x, in index order, and the first run of the component of each.

    Places count voxels in rows that are longer by one, so that no run reaches into the next row: a run is `start` to
    before `stop`. `of_row` leads to the first run of every row, and to the end.
    """

    start: Ints
    stop: Ints
    of_row: Ints
    root: Ints


def components(inside: Array, *, connectivity: int = 26) -> list[Component]:
    """The components of what is not 0 in a box (z, y, x), largest first, equal ones by their first voxel.

    Voxels are neighbours that share a face (connectivity 6), an edge (18) or a corner (26).
    """
    runs = _joined_runs(inside, connectivity)
    _, height, width = inside.shape
    together = np.argsort(runs.root, kind="stable")
    roots, heads = np.unique(runs.root[together], return_index=True)
    begin, end = _corners(runs, height, width + 1)
    start = np.minimum.reduceat(begin[together], heads, axis=0)
    stop = np.maximum.reduceat(end[together], heads, axis=0)
    voxels = np.add.reduceat((runs.stop - runs.start)[together], heads)
    order = np.argsort(-voxels, kind="stable")
    parts = (start[order], stop[order], voxels[order], begin[roots][order])
    return [
        Component((a, b, c), (d, e, f), size, (z, y, x))
        for (a, b, c), (d, e, f), size, (z, y, x) in zip(*(part.tolist() for part in parts), strict=True)
    ]


def _corners(runs: Runs, height: int, stride: int) -> tuple[Ints, Ints]:
    """The first index of every run, and the first one beyond it: (n, 3), z, y, x."""
    row, x = np.divmod(runs.start, stride)
    begin = np.stack([row // height, row % height, x], axis=1)
    end = begin + 1
    end[:, 2] = x + runs.stop - runs.start
    return begin, end


def component_at(inside: Array, voxel: Index, *, connectivity: int = 26) -> NDArray[np.uint8]:
    """The component that holds a voxel, as a box of 0 and 1; ValueError where the voxel is 0."""
    if not inside[voxel]:
        raise ValueError(f"the voxel {voxel} lies outside of the region")
    runs = _joined_runs(inside, connectivity)
    depth, height, width = inside.shape
    place = (voxel[0] * height + voxel[1]) * (width + 1) + voxel[2]
    run = np.searchsorted(runs.start, place, side="right") - 1
    own = runs.root == runs.root[run]
    ends = np.zeros(depth * height * (width + 1), dtype=np.int8)
    ends[runs.start[own]] = 1
    ends[runs.stop[own]] = -1
    drawn = np.cumsum(ends, dtype=np.int8).view(np.uint8)
    return drawn.reshape(depth, height, width + 1)[:, :, :width]


def _joined_runs(inside: Array, connectivity: int) -> Runs:
    depth, height, width = inside.shape
    rows, stride = depth * height, width + 1
    framed = np.zeros(1 + rows * stride, dtype=np.bool_)
    framed[1:].reshape(depth, height, stride)[:, :, :width] = inside
    ends = np.flatnonzero(framed[1:] != framed[:-1])
    start, stop = ends[::2].copy(), ends[1::2].copy()
    of_row = np.searchsorted(start, np.arange(rows + 1) * stride)
    root = np.arange(start.size)
    _join(start, stop, of_row, root, height, stride, np.array(ROWS_BEHIND[connectivity]))
    return Runs(start, stop, of_row, root)


@njit
def _join(start: Ints, stop: Ints, of_row: Ints, root: Ints, height: int, stride: int, rows_behind: Ints) -> None:
    """Join the runs that touch those of the rows behind; then name for every run the first one of its component.

    A run names one before it, or itself.
    """
    for row in range(of_row.size - 1):
        for step in rows_behind:
            z, y = row // height + step[0], row % height + step[1]
            if z < 0 or y < 0 or y >= height:
                continue
            other = z * height + y
            shift, reach = (row - other) * stride, step[2]
            run, behind = of_row[row], of_row[other]
            while run < of_row[row + 1] and behind < of_row[other + 1]:
                begin, end = start[behind] + shift, stop[behind] + shift
                if begin < stop[run] + reach and start[run] < end + reach:
                    unite(root, run, behind)
                if stop[run] < end:
                    run += 1
                else:
                    behind += 1
    for run in range(root.size):
        root[run] = root[root[run]]
