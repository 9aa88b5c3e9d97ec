"""PyRadiomics' diagnostics, key by key: same order, same types, same values.

Not promised here: what is not PyRadiomics at work (OUR_OWN), and the last digits of numbers: 1e-12 of themselves.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from oracle import pyradiomics_diagnostics

CASES = ("brain1", "breast1", "lung1")
OUR_OWN = {f"diagnostics_{name}" for name in ("Versions_PyRadiomics", "Versions_PyWavelet", "Configuration_Settings")}
NORMALISED = {"normalize": True, "normalizeScale": 100}
RESAMPLED = {"resampledPixelSpacing": [2, 2, 3], "interpolator": "sitkLinear", "padDistance": 3}
RESEGMENTED = {"resegmentRange": [-1, 1], "resegmentMode": "sigma"}
ON_ITS_GRID: tuple[Mapping[str, Any], ...] = (
    {},
    NORMALISED,
    {**NORMALISED, **RESAMPLED},
    {**NORMALISED, **RESAMPLED, "interpolator": "sitkBSpline"},
    {"resampledPixelSpacing": [0, 0, 0]},
    RESEGMENTED,
    {**RESEGMENTED, "resegmentShape": True},
    {"preCrop": True, "padDistance": 2, **RESEGMENTED},
    {**NORMALISED, **RESAMPLED, **RESEGMENTED},
)
ON_ANOTHER_GRID: tuple[Mapping[str, Any], ...] = (
    {"correctMask": True},
    {"correctMask": True, **NORMALISED, **RESEGMENTED},
    {"correctMask": True, "preCrop": True},
    {"correctMask": True, "preCrop": True, **RESEGMENTED},
    RESAMPLED,
    {"resampledPixelSpacing": [0, 0, 0], **RESEGMENTED},
)


def compare(radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, setting: Mapping[str, Any]) -> dict[str, Any]:
    """All keys in order; all values but OUR_OWN. Gives the diagnostics."""
    parameters = {"setting": {**setting, "additionalInfo": True}, "featureClass": {"firstorder": ["Mean"]}}
    theirs = pyradiomics_diagnostics(radiomics, image, mask, parameters)
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    assert row.error is None
    ours = {name: value for name, value in row.diagnostics.items() if name.startswith("diagnostics_")}
    assert list(ours) == list(theirs)
    for name in theirs.keys() - OUR_OWN:
        assert isinstance(theirs[name], type(ours[name])), name
        assert ours[name] == near(theirs[name]), name
    return ours


def near(value: Any) -> Any:  # noqa: ANN401 - whatever PyRadiomics gives
    """What equals a value: whole numbers, texts and settings themselves, other numbers within 1e-12 of themselves."""
    if isinstance(value, float) or (isinstance(value, tuple) and isinstance(value[0], float)):
        return pytest.approx(value, rel=1e-12, abs=0)
    return value


def read(reference_data: Path, case: str) -> tuple[sitk.Image, sitk.Image]:
    image, mask = (
        sitk.ReadImage(reference_data / "pyradiomics" / f"{case}_{kind}.nrrd") for kind in ("image", "label")
    )
    return image, mask


def on_another_grid(mask: sitk.Image) -> sitk.Image:
    """The same region, drawn on a finer grid that starts elsewhere."""
    x, y, z = mask.GetSpacing()
    spacing, size = (
        (x * 0.8, y * 0.9, z),
        [round(n / share) for n, share in zip(mask.GetSize(), (0.8, 0.9, 1), strict=True)],
    )
    origin = mask.TransformContinuousIndexToPhysicalPoint((-0.3, -0.4, 0))
    none = sitk.Transform(3, sitk.sitkIdentity)
    return sitk.Resample(mask, size, none, sitk.sitkNearestNeighbor, origin, spacing, mask.GetDirection())


@pytest.mark.parametrize("setting", ON_ITS_GRID, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_real_cases(reference_data: Path, radiomics: ModuleType, case: str, setting: Mapping[str, Any]) -> None:
    found = compare(radiomics, *read(reference_data, case), setting)
    assert "diagnostics_Mask-corrected_VoxelNum" not in found
    assert ("diagnostics_Mask-interpolated_VoxelNum" in found) == ("resampledPixelSpacing" in setting)
    assert ("diagnostics_Mask-resegmented_VoxelNum" in found) == ("resegmentRange" in setting)


@pytest.mark.parametrize("setting", ON_ANOTHER_GRID, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_masks_on_another_grid(
    reference_data: Path, radiomics: ModuleType, case: str, setting: Mapping[str, Any]
) -> None:
    image, mask = read(reference_data, case)
    found = compare(radiomics, image, on_another_grid(mask), setting)
    corrected = "correctMask" in setting and "preCrop" not in setting
    assert ("diagnostics_Mask-corrected_VoxelNum" in found) == corrected


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("setting", [{}, {"resampledPixelSpacing": [2, 1], "interpolator": "sitkLinear"}], ids=str)
def test_flat_images(radiomics: ModuleType, dtype: type, setting: Mapping[str, Any]) -> None:
    random = np.random.default_rng(3)
    image = sitk.GetImageFromArray((random.random((23, 31)) * 120).astype(dtype))
    mask = sitk.GetImageFromArray((random.random((23, 31)) < 0.4).astype(np.uint8))
    for picture in (image, mask):
        picture.SetSpacing((0.7, 1.3))
        picture.SetOrigin((-100.5, 20))
        picture.SetDirection((0.8, -0.6, 0.6, 0.8))
    found = compare(radiomics, image, mask, setting)
    assert found["diagnostics_Image-original_Dimensionality"] == "2D"


def test_a_channel_of_a_mask(radiomics: ModuleType) -> None:
    random = np.random.default_rng(4)
    image = sitk.GetImageFromArray(random.normal(size=(6, 7, 8)))
    mask = sitk.GetImageFromArray((random.random((6, 7, 8, 2)) < 0.4).astype(np.int16), isVector=True)
    hashes = {compare(radiomics, image, mask, {"label_channel": n})["diagnostics_Mask-original_Hash"] for n in (0, 1)}
    assert len(hashes) == 2
