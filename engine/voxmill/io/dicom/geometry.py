"""Frames → a grid: slices sorted by their position along the normal, and every irregularity noted or refused.

Source: DICOM PS3.3 C.7.6.2.1.1 (position, orientation, and the affine made of them). ITK is silent on all that is
checked here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError, agreeing, several
from voxmill.grid import Grid
from voxmill.io.dicom.frames import Frame
from voxmill.io.dicom.steps import Steps, steps_of
from voxmill.io.dicom.tags import named

ORIENTATION = 1e-4
"""How far direction cosines may differ between slices, or from right angles: headers keep four digits and more."""
TILT = 1e-3
"""The least shift of slices sideways, as a share of the way along the normal, that is a tilt: extraction takes less."""


@dataclass(frozen=True)
class Stack:
    """Frames in order along the normal, and the grid that they fill.

    places: (frames,), where each lies in slices of the grid; whole numbers unless slices are made up between them.
    copies: frames that were left out, each after the one that it should be a copy of.
    """

    frames: tuple[Frame, ...]
    grid: Grid
    places: NDArray[np.float64]
    notes: tuple[str, ...]
    copies: tuple[tuple[Frame, Frame], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every slice of the grid is a frame."""
        return len(self.frames) == self.grid.shape[0]


def stack_of(frames: Sequence[Frame], *, name: str, allow_gaps: bool = False) -> Stack:
    """The grid of the frames of one series.

    Raises InputError for frames that differ in size, spacing or orientation, that share a position, that are shifted
    sideways, and, unless `allow_gaps`, for missing slices and uneven steps.
    """
    axes = _axes(frames, name)
    kept, copies = _without_copies(frames)
    found = _stacked(kept, axes, name, allow_gaps=allow_gaps)
    return replace(found, notes=(*_copied(copies), *found.notes), copies=copies)


def _stacked(frames: Sequence[Frame], axes: NDArray[np.float64], name: str, *, allow_gaps: bool) -> Stack:
    positions = np.array([frame.position for frame in frames])
    along = positions @ axes[:, 2]
    order = np.argsort(along, kind="stable")
    ordered = tuple(frames[at] for at in order)
    positions, along = positions[order], along[order]
    _refuse_shared(ordered, along, name)
    if len(ordered) == 1:
        return _single(ordered[0], axes, name)
    steps = steps_of(along, name=name, allow_gaps=allow_gaps)
    line = _line(positions, axes[:, 2], steps, name)
    grid, tilted = _grid(ordered[0], axes, line, steps.slices, steps.step)
    return Stack(ordered, grid, steps.places, (*tilted, *steps.notes))


def _axes(frames: Sequence[Frame], name: str) -> NDArray[np.float64]:
    """The directions of x, y and the normal as columns, the same for all frames; InputError where they differ."""
    _refuse_differing(frames, name)
    orientations = np.array([frame.orientation for frame in frames])
    if np.abs(orientations - orientations[0]).max() > ORIENTATION:
        kinds = Counter(tuple(row) for row in orientations.round(3).tolist())
        found = "; ".join(f"{count} of {list(kind)}" for kind, count in kinds.most_common(3))
        raise InputError.about(
            name,
            f"its slices have different orientations ({found}, {named('ImageOrientationPatient')}); "
            "give the slices of one orientation alone",
        )
    row, column = orientations[0, :3], orientations[0, 3:]
    normal = np.cross(row, column)
    lengths = [float(np.linalg.norm(axis)) for axis in (row, column, normal)]
    if max(abs(length - 1) for length in lengths) > 1e-3 or abs(row @ column) > ORIENTATION:
        raise InputError.about(
            name,
            f"{named('ImageOrientationPatient')} must be two unit vectors at right angles; "
            f"found {list(frames[0].orientation)}; correct the header",
        )
    return np.stack([row, column, normal / lengths[2]], axis=1)


def _refuse_differing(frames: Sequence[Frame], name: str) -> None:
    for keyword, kinds in (
        ("Rows", Counter(frame.voxels.rows for frame in frames)),
        ("Columns", Counter(frame.voxels.columns for frame in frames)),
        ("PixelSpacing", Counter(frame.spacing for frame in frames)),
    ):
        if len(kinds) > 1:
            found = "; ".join(f"{value} in {count}" for value, count in kinds.most_common(3))
            raise InputError.about(
                name, f"its slices differ in {named(keyword)} ({found}); give those that are alike alone"
            )


def _without_copies(frames: Sequence[Frame]) -> tuple[list[Frame], tuple[tuple[Frame, Frame], ...]]:
    """The frames without those of files that are in the folder twice, told by their SOPInstanceUID; and these."""
    first: dict[tuple[str, int], Frame] = {}
    copies = []
    for frame in frames:
        kept = first.setdefault((frame.instance_uid or str(frame.path), frame.index), frame)
        if kept is not frame and (kept.position, kept.slope, kept.intercept) == (
            frame.position,
            frame.slope,
            frame.intercept,
        ):
            copies.append((kept, frame))
    left = [frame for frame in frames if not any(frame is copy for _, copy in copies)] if copies else list(frames)
    return left, tuple(copies)


def _copied(copies: Sequence[tuple[Frame, Frame]]) -> tuple[str, ...]:
    """What is to be said of copies that were left out."""
    if not copies:
        return ()
    are = agreeing(len(copies), "is", "are")
    said = f"{len(copies)} of its slices {are} there twice, with one {named('SOPInstanceUID')}: one of each was read"
    return (said,)


def _refuse_shared(frames: Sequence[Frame], along: NDArray[np.float64], name: str) -> None:
    """Refuse slices in one place: several volumes in a series (times, echoes, diffusion), or a slice sent twice."""
    shared = np.flatnonzero(np.diff(along) < 1e-3)
    if len(shared):
        pairs = several([f"{frames[at]} and {frames[at + 1]}" for at in shared[:3]])
        raise InputError.about(
            name,
            f"{len(shared) + 1} or more of its {len(frames)} slices share their place",
            f" ({pairs})",
            "; it holds several volumes (times, echoes) or slices twice: give the files of one volume alone",
        )


def _single(frame: Frame, axes: NDArray[np.float64], name: str) -> Stack:
    if frame.depth is None:
        raise InputError.about(
            name, f"one slice, and {named('SliceThickness')} is missing: its depth is not known; add it"
        )
    grid, _ = _grid(frame, axes, axes[:, 2], 1, frame.depth)
    said = f"one slice: its depth of {frame.depth:g} mm is that of its header"
    return Stack((frame,), grid, np.zeros(1), (said,))


def _line(positions: NDArray[np.float64], normal: NDArray[np.float64], steps: Steps, name: str) -> NDArray[np.float64]:
    """Where slices go, per mm along the normal: the normal itself, or aside of it where the gantry was tilted."""
    way = positions - positions[0]
    along = way @ normal
    aside = way[-1] / along[-1] - normal
    line: NDArray[np.float64] = normal + aside if np.linalg.norm(aside) > TILT else normal
    off = float(np.linalg.norm(way - along[:, None] * line, axis=1).max())
    if off > steps.tolerance + TILT * along[-1]:
        raise InputError.about(
            name,
            f"its slices are shifted sideways by up to {off:.2f} mm, and do not lie on one line "
            f"({named('ImagePositionPatient')}); give one volume alone",
        )
    return line


def _grid(
    frame: Frame, axes: NDArray[np.float64], line: NDArray[np.float64], slices: int, depth: float
) -> tuple[Grid, tuple[str, ...]]:
    """The grid of slices that are `depth` mm apart, and what is to be said of a tilt: a line aside of the normal."""
    shape = (slices, frame.voxels.rows, frame.voxels.columns)
    between_rows, between_columns = frame.spacing
    aside = float(np.linalg.norm(line - axes[:, 2]))
    if aside == 0:
        spacing = (between_columns, between_rows, depth)
        return Grid.from_spacing(shape, spacing, origin=frame.position, direction=axes), ()
    affine = np.eye(4)
    affine[:3, :3] = np.stack([line * depth, axes[:, 1] * between_rows, axes[:, 0] * between_columns], axis=1)
    affine[:3, 3] = frame.position
    degrees = float(np.degrees(np.arctan(aside)))
    said = f"the gantry was tilted: its slices are sheared by {degrees:.1f} degrees, as its grid says"
    return Grid(shape, affine), (said,)  # type: ignore[arg-type]
