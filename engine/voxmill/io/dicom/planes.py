"""Planes of a segmentation → their place on a grid: that of the image which they were drawn on, or their own.

Source: DICOM PS3.3 C.7.6.2.1.1 (position, orientation, and the affine made of them).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.io.dicom.geometry import ORIENTATION, TILT
from voxmill.io.dicom.segment_frames import SegmentFrame
from voxmill.io.dicom.steps import JITTER_MM, JITTER_SHARE
from voxmill.io.dicom.tags import named

IN_PLANE = 0.05
"""How far, in voxels, the corners of a plane may lie from voxels of the image: decimals that headers leave out."""
SAME_PLACE_MM = 1e-3
"""Planes nearer than this are one plane: no scanner steps in micrometres."""
MOST_VOXELS = 2**33
"""Of a mask whose planes are all that is known: a position far away promises any number of slices between."""


@dataclass(frozen=True)
class Placed:
    """Where planes lie on a grid: the slice of each, and the row and column at which all of them begin."""

    grid: Grid
    slices: tuple[int, ...]
    row: int
    column: int


def on_image(frames: Sequence[SegmentFrame], size: tuple[int, int], grid: Grid) -> Placed | None:
    """The planes (rows x columns: `size`) on the grid of an image; None unless all lie on its slices and voxels.

    A plane may lie 0.3 mm off its slice, or a fifth of the step where that is less (steps.JITTER_MM, JITTER_SHARE),
    as the planes of a series may, and its corners IN_PLANE of a voxel off those of the image.
    """
    last_row, last_column = size[0] - 1, size[1] - 1
    corners = np.array([(0, 0), (0, last_column), (last_row, 0)])
    rows, columns = (np.array([frame.orientation for frame in frames])[:, part] for part in (slice(3, 6), slice(3)))
    down, right = (np.array([frame.spacing for frame in frames])[:, [at]] for at in (0, 1))
    steps = np.stack([rows * down, columns * right], axis=1)
    points = np.array([frame.position for frame in frames])[:, None] + corners @ steps
    found = grid.indices(points) - np.insert(corners, 0, 0, axis=1)
    places = np.floor(found[:, :1] + 0.5)
    places[:, :, 1:] = np.floor(found[0, 0, 1:] + 0.5)
    step = grid.spacing[2]
    tolerance = [min(JITTER_MM, JITTER_SHARE * step) / step, IN_PLANE, IN_PLANE]
    first, last = places.min(axis=(0, 1)), places.max(axis=(0, 1)) + np.array([0, last_row, last_column])
    if (np.abs(found - places) > tolerance).any() or first.min() < 0 or (last >= grid.shape).any():
        return None
    return Placed(grid, tuple(places[:, 0, 0].astype(int).tolist()), int(first[1]), int(first[2]))


def on_own_grid(frames: Sequence[SegmentFrame], size: tuple[int, int], *, name: str) -> Placed:
    """The planes (rows x columns: `size`) on the grid that they span, with slices of nothing where none was stored.

    Raises InputError where planes lie on no regular grid, or a single one has no depth.
    """
    first = frames[0]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    if abs(float(np.linalg.norm(normal)) - 1) > TILT or abs(float(row @ column)) > ORIENTATION:
        raise InputError.about(
            name,
            f"{named('ImageOrientationPatient')} must be two unit vectors at right angles; "
            f"found {list(first.orientation)}; correct the header",
        )
    positions = np.array([frame.position for frame in frames])
    along = positions @ normal
    start = int(np.argmin(along))
    way = positions - positions[start]
    places, step = _places(along - along[start], first, name)
    slices = int(places.max()) + 1
    if slices * size[0] * size[1] > MOST_VOXELS:
        raise InputError.about(name, f"by its positions the mask has {slices} slices; correct them, or give the image")
    line = _line(way, places, normal * step, name)
    depth = float(np.linalg.norm(line))
    grid = Grid.from_spacing(
        (slices, *size),
        (first.spacing[1], first.spacing[0], depth),
        origin=positions[start].tolist(),
        direction=np.stack([row, column, line / depth], axis=1),
    )
    return Placed(grid, tuple(places.tolist()), 0, 0)


def _places(along: NDArray[np.float64], first: SegmentFrame, name: str) -> tuple[NDArray[np.int64], float]:
    """The slice of every plane, and the step between slices in mm, from how far they lie along the normal."""
    gaps = np.diff(np.unique(along))
    gaps = gaps[gaps > SAME_PLACE_MM]
    if not gaps.size:
        return np.zeros(len(along), dtype=np.int64), _depth(first, name)
    step = _step(gaps, first)
    step = float(gaps.sum() / np.floor(gaps / step + 0.5).sum())
    places = np.floor(along / step + 0.5)
    off = float(np.abs(along - places * step).max())
    if off > min(JITTER_MM, JITTER_SHARE * step):
        raise InputError.about(
            name,
            f"its planes lie on no regular grid: by steps of {step:.3f} mm they are up to {off:.3f} mm off; "
            "give the image that they were drawn on",
        )
    return places.astype(np.int64), step


def _step(gaps: NDArray[np.float64], first: SegmentFrame) -> float:
    """The least way between planes, on average, or the step of the header where that is a whole part of it."""
    smallest = float(gaps[gaps < 1.5 * gaps.min()].mean())
    if first.step is None:
        return smallest
    parts = round(smallest / first.step)
    off = abs(smallest - parts * first.step)
    return first.step if parts >= 1 and off <= min(JITTER_MM, JITTER_SHARE * first.step) else smallest


def _depth(frame: SegmentFrame, name: str) -> float:
    depth = frame.step or frame.thickness
    if depth is None:
        raise InputError.about(
            name,
            f"one plane, and {named('SpacingBetweenSlices')} and {named('SliceThickness')} are missing: its "
            "depth is not known; give the image that it was drawn on",
        )
    return depth


def _line(
    way: NDArray[np.float64], places: NDArray[np.int64], upright: NDArray[np.float64], name: str
) -> NDArray[np.float64]:
    """The way from slice to slice in mm: along the normal, or aside of it where the gantry was tilted."""
    last = int(np.argmax(places))
    if places[last] == 0:
        return upright
    found = way[last] / places[last]
    length = float(np.linalg.norm(upright))
    line: NDArray[np.float64] = found if np.linalg.norm(found - upright) > TILT * length else upright
    off = float(np.linalg.norm(way - places[:, None] * line, axis=1).max())
    if off > min(JITTER_MM, JITTER_SHARE * length) + TILT * length * float(places[last]):
        raise InputError.about(
            name,
            f"its planes are shifted sideways by up to {off:.2f} mm, and do not lie on one line "
            f"({named('ImagePositionPatient')}); give the image that they were drawn on",
        )
    return line
