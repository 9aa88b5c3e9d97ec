"""A region → the values of its features, family by family, with notes on those that are no number."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voxmill.regions import Region
from voxmill.settings import Settings
from voxmill.stages import stage
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.neighbourhood import DIRECTIONS
from voxmill_kernels.count.sums import SizeSums, sum_glcm, sum_glcm_as_is, sum_sizes
from voxmill_kernels.count.weighting import weigh_pairs, weigh_runs
from voxmill_kernels.features.catalogue import FAMILIES
from voxmill_kernels.features.firstorder import first_order
from voxmill_kernels.features.glcm import glcm_features
from voxmill_kernels.features.gldm import gldm_features
from voxmill_kernels.features.glrlm import glrlm_features
from voxmill_kernels.features.glszm import glszm_features
from voxmill_kernels.features.ngtdm import ngtdm_features
from voxmill_kernels.features.shape import shape_features
from voxmill_kernels.features.sizes import size_features


def measure(region: Region) -> tuple[dict[str, float], tuple[str, ...]]:
    """The features that the settings of a region name, by column, and notes; raises RegionError as a region does."""
    features: dict[str, float] = {}
    notes: list[str] = []
    for family, names, places in _columns(region.settings):
        if family == "shape" and region.dimensions == 2:
            notes.append("shape needs three dimensions: left out for a flat image (shape2D is not supported yet)")
            continue
        values = MEASURES[family](region)[places].tolist()
        features.update(zip(names, values, strict=True))
        if not math.isfinite(sum(values)):
            notes += _remarks(family, dict(zip(names, values, strict=True)))
    return features, tuple(notes)


@lru_cache(maxsize=64)
def _columns(settings: Settings) -> tuple[tuple[str, tuple[str, ...], NDArray[np.intp]], ...]:
    """For every family that is wanted: the names of its columns, and their places among the family's features."""
    return tuple(
        (
            family,
            tuple(f"original_{feature.full_name}" for feature in FAMILIES[family] if feature.name in wanted),
            np.flatnonzero([feature.name in wanted for feature in FAMILIES[family]]),
        )
        for family, wanted in settings.features.items()
    )


def _remarks(family: str, values: Mapping[str, float]) -> Iterator[str]:
    undefined = [name.rpartition("_")[2] for name, value in values.items() if math.isnan(value)]
    infinite = [name.rpartition("_")[2] for name, value in values.items() if math.isinf(value)]
    if undefined:
        yield UNDEFINED.get(family, f"{family}: undefined for this region (NaN): {', '.join(undefined)}")
    if infinite:
        yield f"{family}: larger than any number (infinite): {', '.join(infinite)}"


@stage("shape")
def _shape(region: Region) -> NDArray[np.float64]:
    return shape_features(region.box, region.spacing)


@stage("features")
def _first_order(region: Region) -> NDArray[np.float64]:
    shift = region.settings.voxel_array_shift
    return first_order(region.intensities, region.levels.counts, voxel_volume=region.voxel_volume, shift=shift)


def _glcm(region: Region) -> NDArray[np.float64]:
    matrix, numbers = region.matrices.glcm, region.levels.numbers
    symmetric, norm = region.settings.glcm_symmetric, region.settings.weighting
    if norm is None and symmetric:
        return _glcm_features(_sum_glcm(matrix, numbers), matrix, numbers)
    counted = matrix if norm is None else weigh_pairs(matrix, region.offsets, region.spacing, norm, symmetric=symmetric)
    return _glcm_features(_sum_glcm_as_is(counted, numbers), counted, numbers)


def _gldm(region: Region) -> NDArray[np.float64]:
    values, _ = _sizes(_cells_of(region.matrices.gldm), region)
    return gldm_features(values)


def _glrlm(region: Region) -> NDArray[np.float64]:
    matrix, norm = region.matrices.glrlm, region.settings.weighting
    counted = matrix if norm is None else weigh_runs(matrix, DIRECTIONS, region.spacing, norm)
    values, sums = _sizes(_cells_of(counted), region)
    return glrlm_features(values, sums.total)


def _glszm(region: Region) -> NDArray[np.float64]:
    values, _ = _sizes(region.matrices.glszm, region)
    return glszm_features(values)


@stage("features")
def _ngtdm(region: Region) -> NDArray[np.float64]:
    return ngtdm_features(region.matrices.ngtdm, region.levels.counts, region.levels.numbers)


def _sizes(cells: Cells, region: Region) -> tuple[NDArray[np.float64], SizeSums]:
    sums = _sum_sizes(cells, region.levels.numbers)
    return _size_features(cells, sums, region.levels.numbers), sums


_cells_of, _sum_glcm, _sum_sizes = stage("sums")(cells_of), stage("sums")(sum_glcm), stage("sums")(sum_sizes)
_sum_glcm_as_is = stage("sums")(sum_glcm_as_is)
_glcm_features, _size_features = stage("features")(glcm_features), stage("features")(size_features)

MEASURES: Mapping[str, Callable[[Region], NDArray[np.float64]]] = {
    "shape": _shape,
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
