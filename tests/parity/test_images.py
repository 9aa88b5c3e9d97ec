"""PyRadiomics itself in every image type, all classes, on real cases: grey levels voxel by voxel, features one by one.

Grey levels may differ in LoG images only, where ITK rounds in float32: one voxel of an image, or one in 10,000.
Features are compared to 1e-6 of their natural scale, those of grey levels in images of equal levels. Not promised here:
LBP2D and LBP3D.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from parity.alike import CASES, SOLID, read_case
from parity.filtered import MOST_LEVELS, compare

IMAGES: Mapping[str, Mapping[str, Any]] = {
    "Original": {},
    "LoG": {"sigma": [1.0, 2, 3.0, 5]},
    "Wavelet": {},
    "Square": {},
    "SquareRoot": {},
    "Logarithm": {},
    "Exponential": {},
    "Gradient": {},
}
PLAIN: Mapping[str, Any] = {"imageType": IMAGES}
RESAMPLED: tuple[Mapping[str, Any], ...] = (
    {"imageType": IMAGES, "setting": {"resampledPixelSpacing": [1, 1, 1], "padDistance": 10}},
    {"imageType": IMAGES, "setting": {"resampledPixelSpacing": [2, 2, 2]}},
    {
        "imageType": IMAGES,
        "setting": {"resampledPixelSpacing": [2, 2, 2], "normalize": True, "normalizeScale": 100, "binCount": 16},
    },
    {"imageType": IMAGES, "setting": {"resampledPixelSpacing": [1, 1, 0], "force2D": True, "interpolator": 2}},
)
SETTINGS: tuple[Mapping[str, Any], ...] = (
    {"binCount": 32},
    {"normalize": True, "normalizeScale": 100, "removeOutliers": 3, "binWidth": 5},
    {"force2D": True},
    {"force2D": True, "force2Ddimension": 1},
    {"force2D": True, "force2Ddimension": 2},
    {"preCrop": True},
    {"preCrop": True, "padDistance": 2},
    {"resegmentRange": [-1.5, 1], "resegmentMode": "sigma"},
    {"resegmentRange": [-2, 1.5], "resegmentMode": "sigma", "resegmentShape": True, "preCrop": True},
    {"gradientUseSpacing": False, "sigma": [4, 0.5], "wavelet": "haar", "level": 2, "distances": [1, 2]},
)
WIDTHS = (10, 15, 30, 20, 40, 35, 12.5, 7)
ALONE: tuple[Mapping[str, Any], ...] = (
    {name: {**own, "binWidth": width} for (name, own), width in zip(IMAGES.items(), WIDTHS, strict=True)},
    {"Wavelet": {"level": 2}, "Original": {}},
    {"Wavelet": {"start_level": 1, "wavelet": "db3"}, "Gradient": {"gradientUseSpacing": False}},
    {"Wavelet": {"level": 2, "start_level": 1, "wavelet": "haar", "binCount": 20}},
    {
        "Wavelet": {"wavelet": "bior2.4", "force2D": True},
        "Original": {"voxelArrayShift": 500, "symmetricalGLCM": False},
    },
    {"Wavelet": {"wavelet": "sym4", "force2D": True, "force2Ddimension": 2}, "Square": {"force2D": True}},
    {"Wavelet": {"wavelet": "rbio3.1"}, "Logarithm": {"distances": [2], "gldm_a": 1}},
    {"Wavelet": {"wavelet": "dmey"}, "Gradient": {"weightingNorm": "manhattan", "binCount": 16}},
)
"""The image types of parameter files, each with settings of its own."""


Check = Callable[[str, Mapping[str, Any]], None]


@pytest.fixture
def check(reference_data: Path, radiomics: ModuleType) -> Check:
    """A parameter file on a real case; how many grey levels differ is printed, for `pytest -rP`."""

    def compared(case: str, parameters: Mapping[str, Any]) -> None:
        image, mask = read_case(reference_data, case)
        voxels, different = compare(radiomics, image, mask, {"featureClass": dict.fromkeys(SOLID), **parameters})
        found = {name: f"{count} of {voxels[name]}" for name, count in different.items() if count}
        print(f"grey levels that differ: {found or 'none'}")
        most = {name: max(1, MOST_LEVELS * voxels[name]) if name[:3] == "log" else 0 for name in voxels}
        assert all(count <= most[name] for name, count in different.items()), found

    return compared


@pytest.mark.parametrize("case", CASES)
def test_every_image_type(check: Check, case: str) -> None:
    check(case, PLAIN)


@pytest.mark.parametrize("parameters", RESAMPLED, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_resampled(check: Check, case: str, parameters: Mapping[str, Any]) -> None:
    check(case, parameters)


SMALL = ("brain1", "breast1", pytest.param("lung1", marks=pytest.mark.slow))


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("case", SMALL)
def test_settings(check: Check, case: str, setting: Mapping[str, Any]) -> None:
    images = {**IMAGES, "LoG": {}} if "sigma" in setting else IMAGES
    check(case, {"imageType": images, "setting": setting})


@pytest.mark.parametrize("images", ALONE, ids=str)
@pytest.mark.parametrize("case", SMALL)
def test_settings_of_one_image_type(check: Check, case: str, images: Mapping[str, Any]) -> None:
    """Those go before what stands under setting, also where they are null."""
    check(case, {"imageType": images, "setting": {"binWidth": 12.5, "gldm_a": 2}})


@pytest.mark.parametrize("key", ["binWidth", "normalize"])
def test_null_under_an_image_type(check: Check, key: str) -> None:
    """It is PyRadiomics' default, whatever stands under setting."""
    images = {"Original": {"binCount": None}, "Gradient": {"weightingNorm": None, "gldm_a": 0}}
    setting = {"binCount": 9, "weightingNorm": "euclidean", "gldm_a": 1, key: 10 if key == "binWidth" else True}
    check("breast1", {"imageType": images, "setting": setting})
