"""Voxels → regions: what every family of features starts from."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import RegionError
from voxmill.measuring import Discretise
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill.voxels import Voxels
from voxmill_kernels.count.arena import pack
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import FAMILIES as TEXTURES
from voxmill_kernels.count.sweep import NO_MATRICES, Matrices, sweep
from voxmill_kernels.intensities import Distribution, distribution
from voxmill_kernels.levels import Levels, bin_edges, discretise

AXES = {None: None, "z": 0, "y": 1, "x": 2}
_neighbours = lru_cache(maxsize=64)(directions)


@dataclass(frozen=True)
class Region:
    """What every family starts from: where the region lies in its box, its intensities, its grey levels.

    box, values: as in Voxels. matrices: those of the texture families in the settings, the others
    empty. spacing: z, y, x in mm.
    """

    box: NDArray[np.int8]
    values: NDArray[Any]
    intensities: Distribution
    levels: Levels
    matrices: Matrices
    spacing: tuple[float, float, float]
    dimensions: int
    settings: Settings

    @classmethod
    def of(cls, voxels: Voxels, settings: Settings) -> "Region":
        """The region of these voxels; raises RegionError when it cannot be measured."""
        intensities, levels = _levels(voxels.values, settings.discretise)
        matrices = _textures(levels, voxels.box, settings)
        grid = voxels.image.grid
        x, y, z = grid.spacing
        return cls(
            voxels.box,
            voxels.values,
            intensities,
            levels,
            matrices,
            (z, y, x),
            grid.dimensions,
            settings,
        )

    @property
    def offsets(self) -> NDArray[np.int64]:
        """The directions of the GLCM, (n, 3) in z, y, x."""
        return _offsets(self.box, self.settings)

    @property
    def voxel_volume(self) -> float:
        """The volume of a voxel in mm³."""
        z, y, x = self.spacing
        return x * y * z


def _textures(levels: Levels, box: NDArray[np.int8], settings: Settings) -> Matrices:
    wanted = sum(TEXTURES[family] for family in settings.features if family in TEXTURES)
    if wanted == 0:
        return NO_MATRICES
    try:
        return _count(levels, box, settings, wanted)
    except ValueError as error:
        raise RegionError(f"{error}; {_fewer_levels(settings.discretise)}") from None


@stage("count")
def _count(levels: Levels, box: NDArray[np.int8], settings: Settings, wanted: int) -> Matrices:
    offsets, across = _offsets(box, settings), AXES[settings.slice_axis]
    batch = pack([(levels, box[1:-1, 1:-1, 1:-1])], border=int(offsets.max(initial=1)))
    (matrices,) = sweep(batch, offsets, across=across, alpha=settings.gldm_alpha, wanted=wanted)
    return matrices


def _offsets(box: NDArray[np.int8], settings: Settings) -> NDArray[np.int64]:
    """Which neighbours a voxel has; not those at distances that no two voxels of the box have."""
    longest = max(box.shape) - 2
    within = [distance for distance in settings.distances if distance < longest]
    return _neighbours(*within, across=AXES[settings.slice_axis])


@stage("levels")
def _levels(values: NDArray[Any], wanted: Discretise) -> tuple[Distribution, Levels]:
    try:
        edges = bin_edges(values, width=wanted.bin_width, count=wanted.bin_count)
        intensities = distribution(values)
        return intensities, discretise(values, intensities, edges)
    except ValueError as error:
        raise RegionError(f"{error}; {_fewer_levels(wanted)}") from None


def _fewer_levels(used: Discretise) -> str:
    """What to do where there are too many grey levels."""
    return "choose a larger bin_width, or a bin_count" if used.bin_width else "choose a smaller bin_count"
