"""PyRadiomics itself, side by side: real cases under other settings, and drawn regions.

Not promised here: steps before measuring (see test_parameters). Features that may be a rest of terms that cancel
(NEAR_ZERO in alike.py) may differ by 1e-9 absolutely; all others by 1e-9 of themselves or 1e-12, MCC by 1e-7.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from oracle import pyradiomics_features, pyradiomics_shape2d
from parity.alike import CASES, compare, read_case
from voxmill_kernels.features.catalogue import FAMILIES

TEXTURES = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
TEXTURE_SETTINGS: tuple[Mapping[str, Any], ...] = (
    {"force2D": True},
    {"force2D": True, "force2Ddimension": 1},
    {"force2D": True, "force2Ddimension": 2},
    {"distances": [2]},
    {"distances": [3, 1]},
    {"gldm_a": 1},
    {"symmetricalGLCM": False},
    {"weightingNorm": "manhattan"},
    {"weightingNorm": "euclidean"},
    {"weightingNorm": "infinity"},
    {"weightingNorm": "no_weighting"},
)
PAIRS = tuple(combinations(TEXTURE_SETTINGS, 2))
DISCRETISATIONS = ({"binWidth": 3}, {"binWidth": 12.5}, {"binWidth": 100}, {"binCount": 16}, {"binCount": 128})


@pytest.mark.parametrize("setting", DISCRETISATIONS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_real_cases(reference_data: Path, radiomics: ModuleType, case: str, setting: Mapping[str, Any]) -> None:
    image, mask = read_case(reference_data, case)
    theirs = pyradiomics_features(radiomics, image, mask, {"setting": setting})
    assert len(theirs) == 107
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics({"setting": setting})).rows
    compare(row.features, theirs)


def compare_textures(radiomics: ModuleType, image: object, mask: object, setting: Mapping[str, Any]) -> None:
    """Of all texture families under one setting."""
    parameters = {"setting": setting, "featureClass": dict.fromkeys(TEXTURES)}
    theirs = pyradiomics_features(radiomics, image, mask, parameters)
    assert len(theirs) == 75
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows  # type: ignore[arg-type]
    compare(row.features, dict(sorted(theirs.items(), key=lambda item: list(row.features).index(item[0]))))


@pytest.mark.parametrize("setting", TEXTURE_SETTINGS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_textures_of_real_cases(
    reference_data: Path, radiomics: ModuleType, case: str, setting: Mapping[str, Any]
) -> None:
    image, mask = read_case(reference_data, case)
    compare_textures(radiomics, image, mask, setting)


def drawn(seed: int, dtype: type) -> tuple[Any, Any]:
    """A smooth random image and a ragged region in it, oblique, with unequal spacing."""
    random = np.random.default_rng(seed)
    shape = random.integers(6, 24, 3)
    texture = np.cumsum(random.normal(size=shape), axis=int(random.integers(3))) * 40
    image = sitk.GetImageFromArray((texture - texture.min() if dtype is np.uint16 else texture).astype(dtype))
    inside = random.random(shape) < random.uniform(0.1, 0.9)
    inside[tuple(shape // 2)] = inside[tuple(shape // 2 - 1)] = True
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    angle = random.uniform(0, 1)
    for picture in (image, mask):
        picture.SetSpacing((0.7, 1.3, 2.9))
        picture.SetOrigin((-100.5, 20, 7))
        picture.SetDirection((np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1))
    return image, mask


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("seed", range(6))
def test_drawn_regions(radiomics: ModuleType, seed: int, dtype: type) -> None:
    image, mask = drawn(seed, dtype)
    setting = {"binWidth": 25} if seed % 2 else {"binCount": 20}
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics({"setting": setting})).rows
    compare(row.features, pyradiomics_features(radiomics, image, mask, {"setting": setting}))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_drawn_slices(radiomics: ModuleType, seed: int, axis: int) -> None:
    """Every feature of shape2D, also the deprecated one, in each plane."""
    random = np.random.default_rng(seed)
    inside = random.random(random.integers(2, 24, 2)) < random.uniform(0.2, 1)
    inside[0, 0] = inside[-1, -1] = inside[-1, 0] = True
    mask = sitk.GetImageFromArray(np.expand_dims(inside, axis).astype(np.uint8))
    mask.SetSpacing((0.7, 1.3, 2.9))
    theirs = pyradiomics_shape2d(radiomics, mask, axis)
    settings = {"features": {"shape2D": [feature.name for feature in FAMILIES["shape2D"]]}}
    (row,) = vm.extract(mask, mask, settings=settings).rows
    assert set(row.features) == set(theirs)
    for name, value in theirs.items():
        assert row.features[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def drawn_flat(seed: int) -> tuple[Any, Any]:
    """A random image of two dimensions and a ragged region in it, with unequal spacing."""
    random = np.random.default_rng(seed)
    shape = random.integers(5, 24, 2)
    inside = random.random(shape) < random.uniform(0.4, 0.95)
    inside[:2, :2] = True
    inside[-1] = False
    image, mask = (sitk.GetImageFromArray(array.astype(np.uint8)) for array in (random.integers(0, 90, shape), inside))
    for picture in (image, mask):
        picture.SetSpacing((0.7, 1.3))
    return image, mask


@pytest.mark.parametrize("setting", TEXTURE_SETTINGS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_drawn_flat_images(radiomics: ModuleType, seed: int, setting: Mapping[str, Any]) -> None:
    """force2Ddimension counts the axes of the image: y is 0; it does not touch shape2D."""
    image, mask = drawn_flat(seed)
    classes = dict.fromkeys(("shape2D", "firstorder", *TEXTURES))
    parameters = {"setting": {"binWidth": 12, **setting}, "featureClass": classes}
    theirs = pyradiomics_features(radiomics, image, mask, parameters)
    assert len(theirs) == 102
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    compare(row.features, dict(sorted(theirs.items(), key=lambda item: list(row.features).index(item[0]))))


@pytest.mark.parametrize("one, other", PAIRS, ids=str)
def test_pairs_of_texture_settings(radiomics: ModuleType, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Both at once; where both set the same key, the other one."""
    seed = PAIRS.index((one, other)) % 6
    discretisation = {"binWidth": 25} if seed % 2 else {"binCount": 12}
    compare_textures(radiomics, *drawn(seed, np.int16), {**one, **other, **discretisation})
