"""A region → the values of its features, family by family, with notes on those that are no number."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voxmill.regions import AXES, Region
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill.voxels import Voxels
from voxmill_kernels.array import device_of
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.sums import SizeSums, sum_glcm_as_is, sum_sizes
from voxmill_kernels.count.weighting import weigh_pairs, weigh_runs
from voxmill_kernels.device import Device
from voxmill_kernels.features.catalogue import FAMILIES, STANDARD
from voxmill_kernels.features.firstorder import first_order
from voxmill_kernels.features.glcm import glcm_features
from voxmill_kernels.features.gldm import gldm_features
from voxmill_kernels.features.glrlm import glrlm_features
from voxmill_kernels.features.glszm import glszm_features
from voxmill_kernels.features.ngtdm import ngtdm_features
from voxmill_kernels.features.shape import shape_features
from voxmill_kernels.features.shape2d import shape2d_features
from voxmill_kernels.features.sizes import size_features

LEAST_THERE = 100_000
"""So many places of a box, and it is scanned on a device: smaller ones, one at a time, should lose; not measured."""
Found = tuple[dict[str, float], tuple[str, ...]]
"""Features by column, and notes."""


def measure(region: Region, image: str = "original") -> Found:
    """The features of intensities and texture that the settings of a region name; `image` begins their columns."""
    wanted = _wanted(region.settings, region.dimensions, image)
    return _collected([one for one in wanted if one.family not in SHAPES], lambda family: MEASURES[family](region))


def measure_shape(voxels: Voxels, settings: Settings) -> Found:
    """The features of shape that the settings name, and notes on families that cannot be measured."""
    outline = Outline.of(voxels, settings.slice_axis)
    wanted = [one for one in _wanted(settings, outline.dimensions, "original") if one.family in SHAPES]
    notes = tuple(filter(None, (_obstacle(one.family, outline) for one in wanted)))
    possible = [one for one in wanted if _obstacle(one.family, outline) is None]
    features, remarks = _collected(possible, lambda family: SHAPES[family](outline))
    return features, (*notes, *remarks)


def _collected(wanted: Iterable["Wanted"], compute: Callable[[str], NDArray[np.float64]]) -> Found:
    features: dict[str, float] = {}
    notes: list[str] = []
    for one in wanted:
        values = compute(one.family)[one.places].tolist()
        found = dict(zip(one.columns, values, strict=True))
        features.update(found)
        notes += one.notes
        if not math.isfinite(sum(values)):
            notes += _remarks(one.family, found)
    return features, tuple(notes)


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a family: its columns, their places among the family's features, what is to be said of them."""

    family: str
    columns: tuple[str, ...]
    places: NDArray[np.intp]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, family: str, names: tuple[str, ...], image: str) -> "Wanted":
        """The features of these names, in an image."""
        image = "original" if family in SHAPES else image
        chosen = [(place, feature) for place, feature in enumerate(FAMILIES[family]) if feature.name in names]
        equals = [f"{feature.name} equals {feature.deprecated}" for _, feature in chosen if feature.deprecated]
        return cls(
            family,
            tuple(f"{image}_{feature.full_name}" for _, feature in chosen),
            np.array([place for place, _ in chosen], dtype=np.intp),
            (f"{family}: deprecated: {', '.join(equals)}",) if equals else (),
        )


@lru_cache(maxsize=64)
def _wanted(settings: Settings, dimensions: int, image: str) -> tuple[Wanted, ...]:
    """By family; of a flat image shape2D stands in for shape, all of it for all of it."""
    features = dict(settings.features)
    if dimensions == 2 and features.get("shape") == STANDARD["shape"]:
        del features["shape"]
        features = {"shape2D": STANDARD["shape2D"], **features}
    return tuple(Wanted.of(family, names, image) for family, names in features.items())


@dataclass(frozen=True)
class Outline:
    """What shape is measured of: a region in its box within one layer of outside, z, y, x, and the size of a voxel.

    slice_axis: across which the settings take slices. spacing: z, y, x in mm. device: where the region is measured, if
    not here.
    """

    box: NDArray[np.int8]
    spacing: tuple[float, float, float]
    dimensions: int
    slice_axis: str | None
    device: Device | None = None

    @classmethod
    def of(cls, voxels: Voxels, slice_axis: str | None) -> "Outline":
        """The outline of a region."""
        grid = voxels.image.grid
        x, y, z = grid.spacing
        return cls(voxels.outline, (z, y, x), grid.dimensions, slice_axis, device_of(voxels.values))

    @property
    def sides(self) -> tuple[int, ...]:
        """How many voxels long the region is along z, y, x."""
        return tuple(side - 2 for side in self.box.shape)

    @property
    def across(self) -> int | None:
        """The axis across its one slice: z of a flat image, else that of the settings, or else the first.

        None where there are more slices.
        """
        chosen = 0 if self.dimensions == 2 else AXES[self.slice_axis]
        axes = range(3) if chosen is None else [chosen]
        return next((axis for axis in axes if self.sides[axis] == 1), None)


def _obstacle(family: str, outline: Outline) -> str | None:
    """Why a family cannot be measured for a region; None where it can."""
    if family == "shape" and outline.dimensions == 2:
        return "shape needs three dimensions: left out for a flat image; name features of shape2D instead"
    if family == "shape2D" and outline.across is None:
        size, axis = " x ".join(map(str, outline.sides)), outline.slice_axis
        slices = f"one slice across {axis}" if axis else "one slice"
        return f"shape2D needs a region of {slices}: left out for a box of {size} voxels (z, y, x)"
    return None


def _remarks(family: str, values: Mapping[str, float]) -> Iterator[str]:
    undefined = [name.rpartition("_")[2] for name, value in values.items() if math.isnan(value)]
    infinite = [name.rpartition("_")[2] for name, value in values.items() if math.isinf(value)]
    if undefined:
        yield UNDEFINED.get(family, f"{family}: undefined for this region (NaN): {', '.join(undefined)}")
    if infinite:
        yield f"{family}: larger than any number (infinite): {', '.join(infinite)}"


@stage("shape")
def _shape(outline: Outline) -> NDArray[np.float64]:
    return shape_features(_scanned(outline), outline.spacing)


def _scanned(outline: Outline) -> NDArray[np.int8]:
    """The box, on a device where that pays."""
    if outline.device is None or outline.box.size < LEAST_THERE:
        return outline.box
    from voxmill_kernels.mask.cuda.places import box_there

    made: NDArray[np.int8] = box_there(outline.box, outline.device)
    return made


@stage("shape")
def _shape2d(outline: Outline) -> NDArray[np.float64]:
    return shape2d_features(outline.box, outline.spacing, axis=outline.across or 0)


@stage("features")
def _first_order(region: Region) -> NDArray[np.float64]:
    shift = region.settings.voxel_array_shift
    return first_order(region.intensities, region.levels.counts, voxel_volume=region.voxel_volume, shift=shift)


def _glcm(region: Region) -> NDArray[np.float64]:
    textures, numbers = region.textures, region.levels.numbers
    symmetric, norm = region.settings.glcm_symmetric, region.settings.weighting
    if norm is None and symmetric:
        mcc = textures.correlation() if "MCC" in region.settings.features["glcm"] else math.nan
        return _glcm_features(textures.pair_sums(), mcc, numbers)
    matrix = textures.pairs()
    counted = matrix if norm is None else weigh_pairs(matrix, region.offsets, region.spacing, norm, symmetric=symmetric)
    return _glcm_features(_sum_glcm_as_is(counted, numbers), counted, numbers)


def _gldm(region: Region) -> NDArray[np.float64]:
    values, _ = _sizes(region.textures.dependences(), region)
    return gldm_features(values)


def _glrlm(region: Region) -> NDArray[np.float64]:
    textures, norm = region.textures, region.settings.weighting
    if norm is None:
        cells = textures.runs()
    else:
        cells = _cells_of(weigh_runs(textures.run_matrices(), DIRECTIONS, region.spacing, norm))
    values, sums = _sizes(cells, region)
    return glrlm_features(values, sums.total)


def _glszm(region: Region) -> NDArray[np.float64]:
    values, _ = _sizes(region.textures.zones(), region)
    return glszm_features(values)


@stage("features")
def _ngtdm(region: Region) -> NDArray[np.float64]:
    return ngtdm_features(region.textures.ngtdm(), region.levels.counts, region.levels.numbers)


def _sizes(cells: Cells, region: Region) -> tuple[NDArray[np.float64], SizeSums]:
    sums = _sum_sizes(cells, region.levels.numbers)
    return _size_features(cells, sums, region.levels.numbers), sums


_cells_of, _sum_sizes = stage("sums")(cells_of), stage("sums")(sum_sizes)
_sum_glcm_as_is = stage("sums")(sum_glcm_as_is)
_glcm_features, _size_features = stage("features")(glcm_features), stage("features")(size_features)

SHAPES: Mapping[str, Callable[[Outline], NDArray[np.float64]]] = {"shape": _shape, "shape2D": _shape2d}
"""Families that look at no intensities: they are measured once, whatever images there are."""
MEASURES: Mapping[str, Callable[[Region], NDArray[np.float64]]] = {
    "firstorder": _first_order,
    "glcm": _glcm,
    "gldm": _gldm,
    "glrlm": _glrlm,
    "glszm": _glszm,
    "ngtdm": _ngtdm,
}
UNDEFINED: Mapping[str, str] = {
    "glcm": (
        "glcm: undefined for this region (NaN): no two of its voxels are neighbours, or all so far apart that they "
        "weigh nothing"
    ),
    "glrlm": "glrlm: undefined for this region (NaN): no two of its voxels lie in a line",
}
