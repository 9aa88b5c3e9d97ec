"""Choices → regions: the voxels of a region, read from its box, and what every family of features starts from."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.choices import Choice, labelled
from voxmill.errors import RegionError
from voxmill.settings import Discretise, Settings
from voxmill.stages import stage
from voxmill.volume import Mask, Volume
from voxmill_kernels.count.arena import pack
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import FAMILIES as TEXTURES
from voxmill_kernels.count.sweep import NO_MATRICES, Matrices, sweep
from voxmill_kernels.intensities import Distribution, distribution, gather
from voxmill_kernels.levels import Levels, bin_edges, discretise

AXES = {None: None, "z": 0, "y": 1, "x": 2}
_neighbours = lru_cache(maxsize=64)(directions)


@dataclass(frozen=True)
class Region:
    """What every family starts from: where the region lies in its box, its intensities, its grey levels.

    box: the smallest one around the region within one layer of outside, 0 outside and 1 inside, z, y, x. values:
    (voxels,), in the order of the box and of the image's type. matrices: those of the texture families in the settings,
    the others empty. spacing: z, y, x in mm.
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
    def read(cls, image: Volume, mask: Mask, choice: Choice, settings: Settings) -> "Region":
        """Read the box of a region; raises RegionError when it cannot be measured."""
        _check_size(choice, settings)
        box, values = _crop(image, mask, choice)
        _check_finite(values)
        intensities, levels = _levels(values, settings.discretise)
        matrices = _textures(levels, box, settings)
        x, y, z = image.grid.spacing
        return cls(box, values, intensities, levels, matrices, (z, y, x), image.grid.dimensions, settings)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """The directions of the GLCM, (n, 3) in z, y, x."""
        return _offsets(self.box, self.settings)

    @property
    def voxel_volume(self) -> float:
        """The volume of a voxel in mm³."""
        z, y, x = self.spacing
        return x * y * z


@stage("crop")
def _crop(image: Volume, mask: Mask, choice: Choice) -> tuple[NDArray[np.int8], NDArray[Any]]:
    labels, number = labelled(mask, choice)
    return gather(image.read(choice.box), labels, number, choice.voxels)


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


def _check_size(choice: Choice, settings: Settings) -> None:
    if choice.refusal:
        raise RegionError(choice.refusal)
    long_sides = sum(size > 1 for size in choice.box.shape)
    if choice.voxels < settings.min_region_voxels:
        raise RegionError(
            f"{choice.voxels} voxel{'s' * (choice.voxels != 1)}, "
            f"at least {settings.min_region_voxels} are needed (min_region_voxels)"
        )
    if long_sides < settings.min_region_dimensions:
        along = f"{long_sides} axis" if long_sides == 1 else f"{long_sides} axes"
        raise RegionError(
            f"longer than one voxel along {along} only, "
            f"at least {settings.min_region_dimensions} are needed (min_region_dimensions)"
        )


def _check_finite(values: NDArray[Any]) -> None:
    broken = values.size - int(np.isfinite(values).sum()) if values.dtype.kind == "f" else 0
    if broken:
        raise RegionError(f"{broken} of its {values.size} voxels are NaN or infinite")


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
