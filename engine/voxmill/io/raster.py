"""What every reader hands over, and the refusals that all readers share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid


@dataclass(frozen=True, eq=False)
class Raster:
    """Voxels and their place, as a file holds them.

    `array` is indexed z, y, x, channel; `metadata` is what the file says about segments.
    """

    array: NDArray[Any]
    grid: Grid
    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """The number of values per voxel."""
        return int(self.array.shape[3])


def in_space(size: Sequence[int]) -> tuple[int, ...]:
    """The sizes that space has: without those beyond the third that are 1."""
    kept = list(size)
    while len(kept) > 3 and kept[-1] == 1:
        kept.pop()
    return tuple(kept)


def refuse_shape(label: str, size: Sequence[int], channels: int, *, vectors: bool) -> None:
    """Raise InputError for all but 2 or 3 dimensions (`size` is x, y, z) and, unless `vectors`, one value per voxel."""
    if len(size) not in (2, 3):
        extent = " x ".join(str(n) for n in size)
        raise InputError(
            f"{label}: an image has 2 or 3 dimensions, this one has {len(size)} ({extent}); save one volume of it"
        )
    if channels > 1 and not vectors:
        raise InputError(
            f"{label}: an image has one value per voxel, this one has {channels} (colour or vector); "
            "save one channel of it, or its grey values"
        )


def refuse_complex(label: str) -> None:
    """Raise InputError for complex voxels."""
    raise InputError(f"{label}: its voxels are complex numbers; save their magnitude")


def parse_spacing(label: str, spacing: Sequence[float]) -> tuple[float, ...]:
    """The distances between voxels, in mm; InputError unless each is positive."""
    steps = tuple(float(step) for step in spacing)
    if not all(np.isfinite(step) and step > 0 for step in steps):
        found = ", ".join(f"{step:g}" for step in steps)
        raise InputError(
            f"{label}: the spacing in its header is ({found}); "
            "it must be positive along every axis: correct the header, or convert the image again from its source"
        )
    return steps


def place(
    label: str, size: Sequence[int], spacing: Sequence[float], origin: Sequence[float], direction: ArrayLike
) -> Grid:
    """The grid that SimpleITK describes with these, all of them x, y (, z).

    A flat image becomes one slice. Raises InputError for a place that makes no sense.
    """
    flat = len(size) == 2
    steps = np.array([1.0, 1.0, 1.0])
    start = np.zeros(3)
    axes = np.eye(3)
    steps[: len(size)] = parse_spacing(label, spacing)
    start[: len(size)] = origin
    axes[: len(size), : len(size)] = np.asarray(direction, dtype=np.float64).reshape(len(size), len(size))
    try:
        return Grid.from_spacing(
            (1, size[1], size[0]) if flat else (size[2], size[1], size[0]),
            steps.tolist(),
            origin=start.tolist(),
            direction=axes,
            dimensions=len(size),
        )
    except InputError as error:
        raise InputError(f"{label}: {error}; correct the header") from error
