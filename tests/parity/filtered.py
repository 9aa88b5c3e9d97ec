"""What counts as equal to PyRadiomics in filtered images: grey level by grey level, and feature by feature."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from oracle import pyradiomics_features
from voxmill import extraction
from voxmill.comparison import natural_scale
from voxmill.measures import measure
from voxmill.regions import Region
from voxmill_kernels.types import Array

LEVELLED = ("firstorder_Entropy", "firstorder_Uniformity")
"""What first order takes of grey levels."""
TOLERANCE = 1e-6
NOTHING = 1e-12
"""What an entropy of one grey level may be: PyRadiomics adds 2.2e-16 to probabilities."""
MOST_LEVELS = 1e-4
"""The share of voxels whose grey level may differ, all of LoG: ITK rounds in float32, and so do we, elsewhere."""
Seen = dict[str, tuple[Array, Array]]
"""Intensities and grey levels of a region, (voxels,), by image."""


def ours(image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]) -> tuple[vm.Row, Seen]:
    """Our row, and what was measured."""
    seen: Seen = {}

    def noting(region: Region, name: str = "original") -> tuple[dict[str, float], tuple[str, ...]]:
        seen[name] = region.values, region.levels.numbers[region.levels.indices.astype(np.intp) - 1]
        return measure(region, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "measure", noting)
        (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    assert row.error is None
    return row, seen


def theirs(
    radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]
) -> tuple[dict[str, float], Seen]:
    """Its features, and what it measured."""
    seen: Seen = {}
    with _noting(radiomics, seen):
        return pyradiomics_features(radiomics, image, mask, parameters), seen


@contextmanager
def _noting(radiomics: ModuleType, seen: Seen) -> Iterator[None]:
    """Fill `seen` with every image that it measures."""
    extractor = radiomics.featureextractor.RadiomicsFeatureExtractor
    compute = extractor.computeFeatures

    def noting(self: object, image: sitk.Image, mask: sitk.Image, name: str, **options: object) -> Mapping[str, float]:
        inside = sitk.GetArrayFromImage(mask) == options.get("label", 1)
        values = sitk.GetArrayFromImage(image)[inside]
        levels, _ = radiomics.imageoperations.binImage(values, **options)
        seen[name] = values, levels
        found: Mapping[str, float] = compute(self, image, mask, name, **options)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extractor, "computeFeatures", noting)
        yield


def compare(
    radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]
) -> tuple[Counter[str], Counter[str]]:
    """Both extractions: the same columns in the same order, and the same values, of grey levels where these are equal.

    Gives how many voxels were compared, and how many have another grey level, by image.
    """
    row, measured = ours(image, mask, parameters)
    features, expected = theirs(radiomics, image, mask, parameters)
    assert list(row.features) == list(features)
    assert list(measured) == list(expected)
    voxels = Counter({name: values.size for name, (values, _) in expected.items()})
    different = Counter({name: int((measured[name][1] != expected[name][1]).sum()) for name in expected})
    for column, value in features.items():
        name = column.partition("_")[0]
        if not different[name] or (column.split("_")[1] == "firstorder" and column.partition("_")[2] not in LEVELLED):
            deviation = float(expected[name][0].std(dtype=np.float64)) if name in expected else math.nan
            scale = natural_scale(column, value, deviation)
            bound = max(NOTHING, TOLERANCE * scale)
            assert row.features[column] == pytest.approx(value, rel=0, abs=bound, nan_ok=True), column
    return voxels, different
