"""Where the voxels of one grid lie in another, bit for bit as ITK's ResampleImageFilter finds them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Index, Window

Floats = NDArray[np.float64]

TINY = 1e-100


@dataclass(frozen=True)
class Sampling:
    """The positions of the voxels of a target grid in a source grid, line by line along x."""

    source: Grid
    target: Grid

    def lines(self, window: Window) -> tuple[Floats, Floats]:
        """Where the lines of a window of the target start, and how far they reach: two of (lines, 3), z, y, x.

        In voxels of the source, of whole lines whatever the window: from the first voxel of a line to the voxel that
        would follow its last.
        """
        return self._lines(*(np.arange(*ends) for ends in zip(window.start[:2], window.stop[:2], strict=True)))

    def window(self, window: Window, halo: int) -> Window:
        """The voxels of the source, with `halo` neighbours on either side, that a window of the target needs.

        Clipped to the source; empty where all lies outside of it.
        """
        if window.size == 0:
            return Window((0, 0, 0), (0, 0, 0))
        z, y, x = (np.array([first, stop - 1]) for first, stop in zip(window.start, window.stop, strict=True))
        starts, steps = self._lines(z, y)
        corners = np.concatenate([starts + (at / self.target.shape[2]) * steps for at in x])
        low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
        margin, shape = halo + 1, np.array(self.source.shape)
        start = np.clip(low - margin, 0, shape)
        return Window(_index(start), _index(np.clip(high + margin + 1, start, shape)))

    def _lines(self, slices: NDArray[np.int_], rows: NDArray[np.int_]) -> tuple[Floats, Floats]:
        """Those of every row of every slice."""
        z = np.repeat(slices, rows.size).astype(np.float64)
        y = np.tile(rows, slices.size).astype(np.float64)
        starts = self._positions(z, y, 0.0)
        return starts, self._positions(z, y, float(self.target.shape[2])) - starts

    def _positions(self, z: Floats, y: Floats, x: float) -> Floats:
        """Where voxels of the target lie in the source, in its voxels (n, 3): ITK's sums in ITK's order.

        They are those of TransformIndexToPhysicalPoint and TransformPhysicalPointToContinuousIndex.
        """
        places = [row[3] + row[2] * x + row[1] * y + row[0] * z for row in self.target.matrix[:3]]
        a, b, c = (place - start for place, start in zip(places, self.source.origin, strict=True))
        return np.stack([row[0] * a + row[1] * b + row[2] * c for row in _inverse(self.source)[::-1]], axis=1)


@lru_cache(maxsize=64)
def _inverse(grid: Grid) -> Floats:
    """From x, y, z in mm to indices x, y, z of a grid, as ITK inverts its matrix.

    Its algorithm fails on numbers near the smallest that there are: they are 0 here.
    """
    import SimpleITK as sitk

    rank = grid.dimensions
    image = sitk.Image([1] * rank, sitk.sitkUInt8)
    axes = grid.matrix[:rank, 2::-1][:, :rank]
    image.SetDirection(np.where(np.abs(axes) < TINY, 0.0, axes).ravel().tolist())
    inverse = np.eye(3)
    for axis, unit in enumerate(np.eye(rank).tolist()):
        inverse[:rank, axis] = image.TransformPhysicalPointToContinuousIndex(unit)
    return inverse


def _index(numbers: Floats) -> Index:
    z, y, x = numbers.astype(int).tolist()
    return z, y, x
