"""A region's contours → the voxels of an image inside of them, slice by slice, and what was left out.

A voxel is inside when its centre is, by the even-odd rule over all contours of a slice, so that holes stay holes, drawn
as keyholes or apart. A contour goes to the nearest slice, as in plastimatch; of several planes of contours that are
nearest to one slice the nearest is taken, and the others are left out. Nothing is made up in slices between contours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.dicom.contours import DrawnRegion
from voxmill.io.dicom.layers import Patch
from voxmill.io.dicom.steps import JITTER_MM, JITTER_SHARE
from voxmill_kernels.mask.polygon import FARTHEST, PARTS, even_odd
from voxmill_kernels.types import Ints

ONE_PLANE = 0.05
"""Contours that lie apart by less, in slices, are in one plane."""
TIE = 1e-3
"""A contour this near to halfway between slices, in slices, goes to the upper one, whatever way it was rounded."""


@dataclass(frozen=True, eq=False)
class Filled:
    """The voxels of a region, a patch for each slice, and what its rows should say."""

    patches: tuple[Patch, ...]
    notes: tuple[str, ...]
    is_outside: bool = False


@dataclass(frozen=True, eq=False)
class _Outline:
    """A contour in the voxels of an image: its height in slices, and its corners y, x in parts of a voxel."""

    height: float
    corners: Ints

    @property
    def slice(self) -> int:
        """The nearest slice."""
        return int(np.floor(self.height + 0.5 + TIE))


def filled(region: DrawnRegion, grid: Grid, *, label: str) -> Filled:
    """The voxels of a grid inside of a region's contours.

    Notes say what was left out: points and open lines, contours that are not parallel to the slices, that lie outside,
    or that are not the nearest to their slice. InputError for contours that lie absurdly far away.
    """
    closed = [contour for contour in region.contours if contour.encloses]
    places = [_in_voxels(contour.points, grid) for contour in closed]
    off = min(JITTER_MM / grid.spacing[2], JITTER_SHARE)
    level = [place for place in places if np.ptp(place[:, 0]) <= 2 * off]
    outlines = [_outline(place, f"{label}, region {region}") for place in level]
    inside = [outline for outline in outlines if 0 <= outline.slice < grid.shape[0]]
    single = _without_copies(inside)
    slices = _by_slice(single)
    patches = tuple(filter(None, (_patch(at, plane, grid.shape[1:]) for at, plane in sorted(slices.items()))))
    kept = [outline for plane in slices.values() for outline in plane]
    counts = {
        "enclose nothing (points, open lines)": len(region.contours) - len(closed),
        "are not parallel to the slices of the image": len(closed) - len(level),
        "lie above or below the image": len(level) - len(inside),
        "are there twice": len(inside) - len(single),
        "lie farther from their slice than others": len(single) - len(kept),
    }
    left_out = tuple(f"{region}: contours that {why} were left out: {count}" for why, count in counts.items() if count)
    notes = (*left_out, *_place_notes(region, kept, grid, off))
    return Filled(patches, notes, bool(outlines) and not _touches(kept, grid))


def _in_voxels(points: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Points (n, 3) in indices z, y, x; equal points give equal indices, which a product of matrices does not promise.

    Where a keyhole goes there and back, the same points come twice.
    """
    inverse = np.linalg.inv(grid.matrix[:3, :3])
    x, y, z = (points - grid.matrix[:3, 3]).T
    return np.stack([row[0] * x + row[1] * y + row[2] * z for row in inverse], axis=1)


def _outline(place: NDArray[np.float64], label: str) -> _Outline:
    if np.abs(place).max() >= FARTHEST:
        raise InputError.about(label, f"a contour lies {FARTHEST} voxels from the image, or more; correct its points")
    corners = np.floor(place[:, 1:] * PARTS + 0.5).astype(np.int64)
    return _Outline(float(place[:, 0].mean()), corners)


def _without_copies(outlines: Sequence[_Outline]) -> list[_Outline]:
    """The outlines, each once: by the even-odd rule one that is stored twice would undo itself."""
    return list({(outline.height, outline.corners.tobytes()): outline for outline in outlines}.values())


def _by_slice(outlines: Sequence[_Outline]) -> dict[int, list[_Outline]]:
    """The outlines of the plane that is nearest to each slice."""
    slices: dict[int, list[_Outline]] = {}
    for plane in _planes(outlines):
        at = plane[0].slice
        other = slices.get(at)
        if other is None or abs(plane[0].height - at) < abs(other[0].height - at):
            slices[at] = plane
    return slices


def _planes(outlines: Iterable[_Outline]) -> list[list[_Outline]]:
    """Outlines by the plane that they are in, from below."""
    planes: list[list[_Outline]] = []
    for outline in sorted(outlines, key=lambda one: one.height):
        if planes and outline.height - planes[-1][-1].height <= ONE_PLANE and outline.slice == planes[-1][0].slice:
            planes[-1].append(outline)
        else:
            planes.append([outline])
    return planes


def _patch(slice_: int, plane: Sequence[_Outline], shape: tuple[int, ...]) -> Patch | None:
    """The voxels of a slice, in the smallest box around its outlines; None where that lies outside of the image."""
    corners = np.concatenate([outline.corners for outline in plane])
    first = np.clip(corners.min(axis=0) // PARTS, 0, shape)
    stop = np.clip(corners.max(axis=0) // PARTS + 1, 0, shape)
    rows, columns = (stop - first).tolist()
    if rows <= 0 or columns <= 0:
        return None
    inside = even_odd([outline.corners - first * PARTS for outline in plane], (rows, columns))
    return Patch(slice_, int(first[0]), int(first[1]), inside)


def _place_notes(region: DrawnRegion, kept: Sequence[_Outline], grid: Grid, off: float) -> list[str]:
    """What to say of where the outlines lie that were filled."""
    notes = []
    farthest = max((abs(outline.height - outline.slice) for outline in kept), default=0.0)
    if farthest > off:
        notes.append(
            f"{region}: its contours lie up to {farthest * grid.spacing[2]:.2f} mm off the slices of the image: "
            "filled in the nearest slice"
        )
    if any(_reaches_out(outline, grid) for outline in kept):
        notes.append(f"{region}: its contours reach out of the image: cut off at its border")
    filled_slices = {outline.slice for outline in kept}
    gaps = max(filled_slices) - min(filled_slices) + 1 - len(filled_slices) if filled_slices else 0
    if gaps:
        notes.append(f"{region}: slices between its contours that have none were left empty: {gaps}")
    return notes


def _reaches_out(outline: _Outline, grid: Grid) -> bool:
    """Whether a corner lies beyond the outer faces of the image's voxels."""
    limit = np.array(grid.shape[1:]) * PARTS - PARTS // 2
    return bool((outline.corners < -(PARTS // 2)).any() or (outline.corners > limit).any())


def _touches(outlines: Sequence[_Outline], grid: Grid) -> bool:
    """Whether the box around an outline has part of the image in it."""
    limit = np.array(grid.shape[1:]) * PARTS - PARTS // 2
    return any(
        bool((one.corners.max(axis=0) >= -(PARTS // 2)).all() and (one.corners.min(axis=0) <= limit).all())
        for one in outlines
    )
