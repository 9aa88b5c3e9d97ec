"""Steps: what is done to an image and its regions before anything is measured; each has an operator behind it."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
from typing import Annotated, Literal

from pydantic import Field, field_validator

from voxmill.errors import SettingsError
from voxmill.models import Model, Real, Whole

INTERPOLATORS = (
    "bspline",
    "linear",
    "nearest",
    "gaussian",
    "label_gaussian",
    "hamming",
    "cosine",
    "welch",
    "lanczos",
    "blackman",
)
"""SimpleITK's, by its names; the last five are windows of a sinc of 5 voxels."""


class Normalise(Model):
    """Every intensity less the mean of the whole image, divided by its standard deviation (of n - 1), times a scale."""

    scale: Annotated[Real, Field(gt=0)] = 1
    """What the normalised intensities are multiplied by."""
    outliers: Annotated[Real, Field(gt=0)] | None = None
    """How many deviations from the mean an intensity may lie: beyond, it is set to that limit, before scaling; None
    for no limit."""


class Resample(Model):
    """Image and mask on a grid of another spacing, with square axes, from the corner of the mask's first voxel on."""

    spacing_mm: tuple[Annotated[Real, Field(ge=0)], ...]
    """Distance from voxel to voxel along x, y, z in mm (x, y for a flat image); 0 keeps that of the mask along its
    axis."""
    interpolator: Literal[*INTERPOLATORS] = "bspline"  # type: ignore[valid-type]
    """How intensities are interpolated, as SimpleITK does (bspline is cubic); labels always by the nearest voxel."""
    margin_voxels: Annotated[Whole, Field(ge=0, le=10_000)] = 5
    """How far the new grid reaches beyond the box of the region, in new voxels, within the mask."""
    rounding: Literal["truncate", "nearest", "none"] = "truncate"
    """What becomes of an image of whole numbers: cut off toward zero, rounded (halves away from zero), or float64."""
    single_slices: Literal["keep", "resample"] = "keep"
    """What becomes of the spacing across a region of one slice: it stays that of the mask, or is resampled too."""

    @field_validator("spacing_mm")
    @classmethod
    def _two_or_three(cls, spacing: tuple[float, ...]) -> tuple[float, ...]:
        if len(spacing) not in (2, 3):
            raise ValueError(f"give three numbers x, y, z (two for flat images); found {list(spacing)}")
        return spacing


class Crop(Model):
    """The image cut to the box of the region and a margin, so that nothing beyond it is known."""

    margin_voxels: Annotated[Whole, Field(ge=0, le=1_000_000)] = 5
    """How far the cut lies from the box of the region, in voxels, within the image."""


class Resegment(Model):
    """Only those voxels of a region whose intensity lies within limits, both included."""

    range: tuple[Real, ...]
    """The lower limit, or the lower and the upper one: [-200, 300]."""
    mode: Literal["absolute", "relative", "sigma"] = "absolute"
    """What the limits are: intensities (absolute), shares of the region's largest one (relative: 0.4 is 40 %), or
    standard deviations from the region's mean (sigma)."""
    shape: Literal["clipped", "whole", "resegmented"] = "clipped"
    """What shape is measured of: the region cut to the box of what is left of it (as PyRadiomics does), the whole
    region, or what is left."""

    @field_validator("range")
    @classmethod
    def _one_or_two(cls, limits: tuple[float, ...]) -> tuple[float, ...]:
        if len(limits) not in (1, 2):
            raise ValueError(f"give a lower limit, or a lower and an upper one; found {list(limits)}")
        return limits

    def _require_sense(self) -> None:
        if len(self.range) == 2 and self.range[0] > self.range[1]:
            raise SettingsError(f"range: the lower limit comes first; found {list(self.range)}")
