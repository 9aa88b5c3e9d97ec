"""PyRadiomics' feature classes, called by themselves, without PyRadiomics and beside it."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import voxmill.pyradiomics as ours
from dropin import alike
from small_images import sitk_image, texture, two_labels
from voxmill.pyradiomics import firstorder, glcm, imageoperations, shape

Pair = tuple[sitk.Image, sitk.Image]
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"binWidth": 10, "label": 3, "interpolator": sitk.sitkBSpline, "resampledPixelSpacing": None},
    {"binCount": 12, "symmetricalGLCM": False, "distances": [1, 2]},
    {"weightingNorm": "manhattan", "gldm_a": 2, "voxelArrayShift": 500, "normalize": True},
    {"force2D": True, "force2Ddimension": 1},
)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return sitk_image(texture()), sitk_image(two_labels())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("family", [name for name in ours.getFeatureClasses() if name != "shape2D"])
def test_beside_pyradiomics(radiomics: ModuleType, pair: Pair, family: str, settings: dict[str, Any]) -> None:
    """On images cropped to the region: of others PyRadiomics finds another MeshVolume where its mesh has holes."""
    box, _ = imageoperations.checkMask(*pair, label=settings.get("label", 1))
    cropped = imageoperations.cropToTumorMask(*pair, box)
    results = []
    for package in (ours, radiomics):
        features = package.getFeatureClasses()[family](*cropped, **settings)
        features.enableAllFeatures()
        with np.errstate(all="ignore"):
            results.append(features.execute())
        assert features.featureValues is results[-1]
    alike(*results)


@pytest.mark.parametrize("family", ours.getFeatureClasses())
def test_methods_give_what_those_of_pyradiomics_give(radiomics: ModuleType, pair: Pair, family: str) -> None:
    flat = family == "shape2D"
    found = []
    for package in (ours, radiomics):
        features = package.getFeatureClasses()[family](*(one[:, :, 2:3] if flat else one for one in pair), force2D=flat)
        features.enableAllFeatures()
        with np.errstate(all="ignore"):
            features.execute()
            values = {name: getattr(features, f"get{name}FeatureValue")() for name in features.enabledFeatures}
        found.append({name: (type(value), np.shape(value)) for name, value in values.items()})
        assert features.logger.name == f"radiomics.{family}"
    assert found[0] == found[1]


def test_all_of_shape2d_beside_pyradiomics(radiomics: ModuleType, pair: Pair) -> None:
    image, mask = (one[:, :, 2:3] for one in pair)
    results = []
    for package in (ours, radiomics):
        features = package.getFeatureClasses()["shape2D"](image, mask, force2D=True)
        for name in features.getFeatureNames():
            features.enableFeatureByName(name)
        results.append(features.execute())
    alike(*results)


@pytest.mark.parametrize("family", ["shape", "firstorder", "glcm", "gldm"])
def test_deprecated_features_beside_pyradiomics(radiomics: ModuleType, pair: Pair, family: str) -> None:
    results = []
    for package in (ours, radiomics):
        features = package.getFeatureClasses()[family](*pair)
        for name, deprecated in features.getFeatureNames().items():
            features.enableFeatureByName(name, deprecated)
        results.append(features.execute())
    alike(*results)


def test_only_what_is_enabled(pair: Pair) -> None:
    features = firstorder.RadiomicsFirstOrder(*pair)
    features.enableFeatureByName("Median")
    features.enableFeatureByName("Mean")
    features.enableFeatureByName("Range", enable=False)
    assert list(features.enabledFeatures) == ["Median", "Mean", "Range"]
    assert list(features.execute()) == ["Median", "Mean"]
    features.disableAllFeatures()
    assert (features.enabledFeatures, features.featureValues) == ({}, {})
    assert list(features.execute()) == [name for name, old in features.getFeatureNames().items() if not old]


def test_a_feature_by_its_method(pair: Pair) -> None:
    features = glcm.RadiomicsGLCM(*pair, binWidth=10)
    features.enableFeatureByName("Contrast")
    method = features.getContrastFeatureValue  # type: ignore[attr-defined]  # made from the catalogue
    assert method() == features.execute()["Contrast"]


def test_single_voxels_and_other_mistakes(pair: Pair) -> None:
    image, mask = pair
    with pytest.raises(LookupError, match="shape: unknown feature 'VoxelVolum'; did you mean 'VoxelVolume'"):
        shape.RadiomicsShape(image, mask).enableFeatureByName("VoxelVolum")
    with pytest.raises(ValueError, match="image or mask is missing"):
        shape.RadiomicsShape(None, mask)
    with pytest.raises(ValueError, match="label"):
        shape.RadiomicsShape(image, mask, label=9).execute()
    with pytest.raises(NotImplementedError, match="voxelBased=True"):
        shape.RadiomicsShape(image, mask, voxelBased=True)
    one = sitk.Image(mask) * 0
    one[3, 3, 3] = 1
    with pytest.raises(ValueError, match="1 voxel, at least 2 are needed"):
        glcm.RadiomicsGLCM(image, one).execute()
