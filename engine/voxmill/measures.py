"""A region → the values of its features, family by family, with notes on those that are no number."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from voxmill.regions import Region
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.sums import sum_glcm, sum_sizes
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
    for family, wanted in region.settings.features.items():
        if family == "shape" and region.dimensions == 2:
            notes.append("shape needs three dimensions: left out for a flat image (shape2D is not supported yet)")
            continue
        known = zip(FAMILIES[family], MEASURES[family](region).tolist(), strict=True)
        values = {f"original_{feature.full_name}": value for feature, value in known if feature.name in wanted}
        features.update(values)
        notes += _remarks(family, values)
    return features, tuple(notes)


def _remarks(family: str, values: Mapping[str, float]) -> Iterator[str]:
    undefined = [name.rpartition("_")[2] for name, value in values.items() if math.isnan(value)]
    infinite = [name.rpartition("_")[2] for name, value in values.items() if math.isinf(value)]
    if undefined:
        yield UNDEFINED.get(family, f"{family}: undefined for this region (NaN): {', '.join(undefined)}")
    if infinite:
        yield f"{family}: larger than any number (infinite): {', '.join(infinite)}"


def _shape(region: Region) -> NDArray[np.float64]:
    return shape_features(region.box, region.spacing)


def _first_order(region: Region) -> NDArray[np.float64]:
    shift = region.settings.voxel_array_shift
    return first_order(region.intensities, region.levels.counts, voxel_volume=region.voxel_volume, shift=shift)


def _glcm(region: Region) -> NDArray[np.float64]:
    matrix, numbers = region.matrices.glcm, region.levels.numbers
    return glcm_features(sum_glcm(matrix, numbers), matrix, numbers)


def _gldm(region: Region) -> NDArray[np.float64]:
    return gldm_features(_sizes(cells_of(region.matrices.gldm), region))


def _glrlm(region: Region) -> NDArray[np.float64]:
    cells, numbers = cells_of(region.matrices.glrlm), region.levels.numbers
    sums = sum_sizes(cells, numbers)
    return glrlm_features(size_features(cells, sums, numbers), sums.total)


def _glszm(region: Region) -> NDArray[np.float64]:
    return glszm_features(_sizes(region.matrices.glszm, region))


def _ngtdm(region: Region) -> NDArray[np.float64]:
    return ngtdm_features(region.matrices.ngtdm, region.levels.counts, region.levels.numbers)


def _sizes(cells: Cells, region: Region) -> NDArray[np.float64]:
    return size_features(cells, sum_sizes(cells, region.levels.numbers), region.levels.numbers)


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
    "glcm": "glcm: undefined for this region (NaN): no two of its voxels are neighbours",
    "glrlm": "glrlm: undefined for this region (NaN): no two of its voxels lie in a line",
}
