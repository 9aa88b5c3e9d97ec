"""The grid that a region is resampled to: PyRadiomics' rules (imageoperations.resampleImage, version 3.0.1)."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import RegionError
from voxmill.grid import MAX_SHEAR, Grid, Window
from voxmill.steps import Resample

MOST_VOXELS = 1 << 31
"""The most voxels of a region's grid."""
OUTSIDE = 1e-3
"""How far, in voxels, a region may reach beyond its image."""


def region_grid(step: Resample, image: Grid, mask: Grid, box: Window) -> Grid:
    """The grid on which a region, whose box in the mask this is, is measured.

    It lies along the axes of the mask; its voxels are counted from the corner of the mask's first voxel; it holds the
    box of the region and a margin, within the mask. It is the image's own grid where that has the spacing already.

    Where axes of the mask are not at right angles (scans with a tilted gantry), the grid that `squared` makes of it
    stands in its place: PyRadiomics has no rule for these.
    """
    if mask.shear > MAX_SHEAR:
        mask, box = squared(mask, box)
    wanted = _spacing(step, mask, box)
    if image.shear <= MAX_SHEAR and np.allclose(image.spacing[: len(wanted)], wanted):
        return image
    spacing, size = np.asarray(mask.spacing), np.asarray(mask.shape[::-1])
    wanted = np.append(wanted, spacing[len(wanted) :])
    start, stop = np.asarray(box.start[::-1]), np.asarray(box.stop[::-1])
    margin = np.full(3, step.margin_voxels)
    margin[mask.dimensions :] = 0
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = spacing / wanted
        first = np.maximum(np.floor((start - 0.5) * ratio - margin), 0)
        last = np.minimum(np.ceil((stop - 0.5) * ratio + margin), np.ceil(size * ratio) - 1)
        sides = last - first + 1
        voxels = sides.prod()
    if not voxels <= MOST_VOXELS:  # NaN where indices are beyond any number
        spacings, count = ", ".join(f"{one:g}" for one in wanted), np.nan_to_num(voxels, nan=np.inf)
        raise RegionError(
            f"resampled to {spacings} mm its box has {count:.3g} voxels, more than {MOST_VOXELS:,}; choose a larger "
            "resample.spacing_mm"
        )
    x, y, z = sides.astype(int).tolist()
    corner = 0.5 * (wanted - spacing) / spacing + first / ratio
    origin, axes = _place(mask, corner).tolist(), mask.direction
    return Grid.from_spacing((z, y, x), wanted.tolist(), origin=origin, direction=axes, dimensions=mask.dimensions)


def squared(grid: Grid, box: Window) -> tuple[Grid, Window]:
    """A grid with axes at right angles that holds one with other axes, and the window of it that holds a box of that.

    x lies along the x of the grid, y in the plane of its x and y; steps are the distances of its rows and slices. A
    voxel of it lies on the first voxel of the grid.
    """
    steps = grid.matrix[:3, 2::-1]
    axes, upper = np.linalg.qr(steps)
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    axes, upper = axes * signs, upper * signs[:, np.newaxis]
    spacing = np.diag(upper)
    in_squares = upper / spacing[:, np.newaxis]
    whole, found = _held(in_squares, Window.whole(grid.shape)), _held(in_squares, box)
    origin = grid.points((0, 0, 0)) + axes @ (spacing * whole.start[::-1])
    made = Grid.from_spacing(
        whole.shape, spacing.tolist(), origin=origin.tolist(), direction=axes, dimensions=grid.dimensions
    )
    return made, found.within(whole)


def _held(in_squares: NDArray[np.float64], box: Window) -> Window:
    """The voxels of square axes that hold a box of other ones: `in_squares` turns x, y, z of these into those."""
    ends = [(first - 0.5, stop - 0.5) for first, stop in zip(box.start, box.stop, strict=True)]
    corners = np.array([corner[::-1] for corner in product(*ends)]) @ in_squares.T
    low = np.floor(corners.min(axis=0) + 0.5 + OUTSIDE).astype(int).tolist()
    high = np.ceil(corners.max(axis=0) + 0.5 - OUTSIDE).astype(int).tolist()
    return Window((low[2], low[1], low[0]), (high[2], high[1], high[0]))


def require_inside(image: Grid, mask: Grid, box: Window) -> None:
    """Raise RegionError unless the corners of a region's box lie in the image (imageoperations._checkROI)."""
    start, stop = np.asarray(box.start[::-1]), np.asarray(box.stop[::-1])
    corners = np.stack([_place(mask, start - 0.5), _place(mask, stop - 0.5)])
    within = image.indices(corners)[:, 3 - image.dimensions :]
    size = np.asarray(image.shape)[3 - image.dimensions :]
    if (within.min(axis=0) < -0.5 - OUTSIDE).any() or (within.max(axis=0) > size - 0.5 + OUTSIDE).any():
        low, high = within.min(axis=0)[::-1].round(1), within.max(axis=0)[::-1].round(1)
        raise RegionError(
            f"it reaches out of the image: its box lies at voxels {low.tolist()} to {high.tolist()} (x, y, z) of an "
            f"image of {size[::-1].tolist()}; give the image that the mask was drawn on"
        )


def _spacing(step: Resample, mask: Grid, box: Window) -> NDArray[np.float64]:
    """The spacing along x, y, z: as asked for, that of the mask where 0 is, and across a single slice."""
    own = np.asarray(mask.spacing)[: mask.dimensions]
    wanted = np.asarray(step.spacing_mm)
    kept = wanted == 0
    if step.single_slices == "keep":
        kept |= np.asarray(box.shape[::-1])[: mask.dimensions] == 1
    return np.where(kept, own, wanted)


def _place(grid: Grid, index: NDArray[np.float64]) -> NDArray[np.float64]:
    """The position of an index x, y, z, fractions included, to the bit as ITK's continuous index to point."""
    x, y, z = grid.matrix[:3, 2::-1].T
    place: NDArray[np.float64] = ((x * index[0] + y * index[1]) + z * index[2]) + grid.origin
    return place
