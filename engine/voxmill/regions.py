"""Voxels → regions: what every family of features starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import RegionError
from voxmill.measuring_settings import Discretise
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill.textures import NOTHING, Rules, Task, Textures, count_here, count_there
from voxmill.voxels import Voxels
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import FAMILIES as TEXTURES
from voxmill_kernels.device import Device
from voxmill_kernels.intensities import Distribution, distribution
from voxmill_kernels.levels import Levels, LevelsError, bin_edges, discretise

AXES = {None: None, "z": 0, "y": 1, "x": 2}
_neighbours = lru_cache(maxsize=64)(directions)


@dataclass(frozen=True)
class Region:
    """What every family starts from: where the region lies in its box, its intensities, its grey levels, its textures.

    box, values: as in Voxels. textures: of the families in the settings. spacing: z, y, x in mm.
    """

    box: NDArray[np.int8]
    values: NDArray[Any]
    intensities: Distribution
    levels: Levels
    spacing: tuple[float, float, float]
    dimensions: int
    settings: Settings
    textures: Textures = NOTHING

    @classmethod
    def of(cls, voxels: Voxels, settings: Settings) -> "Region":
        """The region of these voxels, whose textures are not counted yet; RegionError when it cannot be measured."""
        intensities, levels = _levels(voxels.values, settings.discretise)
        grid = voxels.image.grid
        x, y, z = grid.spacing
        region = cls(voxels.box, voxels.values, intensities, levels, (z, y, x), grid.dimensions, settings)
        _check(region)
        return region

    @cached_property
    def task(self) -> Task:
        """What is to be counted of it."""
        settings, distances = self.settings, _distances(self.box, self.settings)
        wanted = sum(TEXTURES[family] for family in settings.features if family in TEXTURES)
        rules = Rules(distances, AXES[settings.slice_axis], settings.gldm_alpha, wanted)
        return Task(self.levels, self.box, _neighbours(*distances, across=rules.across), rules)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """The directions of the GLCM, (n, 3) in z, y, x."""
        return self.task.offsets

    @property
    def voxel_volume(self) -> float:
        """The volume of a voxel in mm³."""
        z, y, x = self.spacing
        return x * y * z


def counted(regions: Sequence[Region], device: Device | None = None) -> list[Region]:
    """The regions with the textures that their settings name: each counted here, or all together on a device."""
    textured = [region for region in regions if region.task.rules.wanted]
    tasks = [region.task for region in textured]
    textures = iter(map(count_here, tasks) if device is None else count_there(tasks, device))
    return [replace(region, textures=next(textures)) if region.task.rules.wanted else region for region in regions]


def _check(region: Region) -> None:
    """Raise RegionError where there are too many grey levels to count textures."""
    try:
        region.task.check()
    except ValueError as error:
        raise RegionError(f"{error}; {_fewer_levels(region.settings.discretise)}") from None


def _distances(box: NDArray[np.int8], settings: Settings) -> tuple[int, ...]:
    """At which distances a voxel has neighbours; not those that no two voxels of the box have."""
    longest = max(box.shape) - 2
    return tuple(distance for distance in settings.distances if distance < longest)


@stage("levels")
def _levels(values: NDArray[Any], wanted: Discretise) -> tuple[Distribution, Levels]:
    try:
        edges = bin_edges(values, width=wanted.bin_width, count=wanted.bin_count)
        intensities = distribution(values)
        return intensities, discretise(values, intensities, edges)
    except LevelsError as error:
        raise RegionError(f"{error}; {_fewer_levels(wanted)}") from None


def _fewer_levels(used: Discretise) -> str:
    """What to do where there are too many grey levels."""
    return "choose a larger bin_width, or a bin_count" if used.bin_width else "choose a smaller bin_count"
