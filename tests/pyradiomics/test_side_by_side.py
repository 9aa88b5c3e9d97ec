"""The drop-in beside PyRadiomics: keys, order, types and values, whatever a script does with the extractor."""

import json
import logging
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import pywt
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

import voxmill.pyradiomics as ours
from dropin import alike, executed, write_pair
from small_images import sitk_image, texture, two_labels

CASES = ("brain1", "breast1", "lung1")
OVERRIDES: tuple[dict[str, Any], ...] = (
    {"binWidth": 10},
    {"binCount": 16},
    {"force2D": True},
    {"force2D": True, "force2Ddimension": 2},
    {"weightingNorm": "euclidean", "distances": [2, 1]},
    {"normalize": True, "normalizeScale": 100, "removeOutliers": 3, "binWidth": 5},
    {"resampledPixelSpacing": [2, 2, 0], "interpolator": sitk.sitkBSpline, "padDistance": 3},
    {"resampledPixelSpacing": (1, 2, 3), "interpolator": "sitkLinear"},
    {"resampledPixelSpacing": [2, 2, 2], "interpolator": None},
    {"resegmentRange": [20, 200]},
    {"resegmentRange": [-1, 1], "resegmentMode": "sigma", "resegmentShape": True},
    {"preCrop": True, "padDistance": 2},
    {"label": 3, "voxelArrayShift": 1000},
    {"minimumROISize": 10, "minimumROIDimensions": 3, "kernelRadius": 2, "notASetting": 1},
    {"additionalInfo": False},
)


def pair() -> tuple[sitk.Image, sitk.Image]:
    return sitk_image(texture()), sitk_image(two_labels())


@pytest.mark.parametrize("case", CASES)
def test_real_cases(reference_data: Path, radiomics: ModuleType, case: str) -> None:
    folder = reference_data / "pyradiomics"
    given = tuple(str(folder / f"{case}_{kind}.nrrd") for kind in ("image", "label"))
    alike(executed(ours, given), executed(radiomics, given))


@pytest.mark.parametrize("overrides", OVERRIDES, ids=str)
def test_keyword_arguments(radiomics: ModuleType, overrides: dict[str, Any]) -> None:
    alike(executed(ours, pair(), **overrides), executed(radiomics, pair(), **overrides))


PARAMETERS: tuple[dict[str, Any], ...] = (
    {},
    {"setting": {"binWidth": 12.5, "label": 3}},
    {"featureClass": {"ngtdm": None, "shape": ["VoxelVolume", "Elongation"], "firstorder": ["Mean", "Energy"]}},
    {"featureClass": {"glcm": [], "shape2D": []}, "imageType": {"Original": {"binWidth": 5}}},
    {"featureClass": {"glcm": ["Dissimilarity", "Contrast"], "firstorder": ["StandardDeviation"]}},
    {"featureClass": {"shape": ["Compactness1", "Compactness2", "SphericalDisproportion"], "gldm": None}},
    {"setting": {"additionalInfo": False}, "voxelSetting": {"kernelRadius": 2, "maskedKernel": True}},
)


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_parameters(radiomics: ModuleType, tmp_path: Path, parameters: dict[str, Any]) -> None:
    theirs = executed(radiomics, pair(), parameters=(parameters,))
    alike(executed(ours, pair(), parameters=(parameters,)), theirs)
    path = tmp_path / "Params.yaml"
    path.write_text(json.dumps(parameters), encoding="utf-8")
    if parameters:  # PyRadiomics takes no empty file
        alike(executed(ours, pair(), parameters=(str(path),)), executed(radiomics, pair(), parameters=(str(path),)))


def test_keyword_arguments_go_before_parameters(radiomics: ModuleType) -> None:
    given = ({"setting": {"binWidth": 10, "label": 3}},)
    theirs = executed(radiomics, pair(), parameters=given, binWidth=20)
    alike(executed(ours, pair(), parameters=given, binWidth=20), theirs)


def test_labels_and_channels(radiomics: ModuleType, tmp_path: Path) -> None:
    image, mask = pair()
    both = sitk.Compose(mask * 0, mask)
    paths = write_pair(tmp_path, image, both)
    for call in ((image, mask, 3), (image, both, None, 1), (*paths, 3, 1)):
        alike(executed(ours, call), executed(radiomics, call))


def test_masks_on_other_grids(radiomics: ModuleType) -> None:
    image, mask = pair()
    moved = sitk.Image(mask)
    moved.SetOrigin((-0.3, 0, 0))
    for package in (ours, radiomics):
        with pytest.raises(ValueError, match=r"\w"):
            executed(package, (image, moved))
    alike(executed(ours, (image, moved), correctMask=True), executed(radiomics, (image, moved), correctMask=True))
    near = sitk.Image(mask)
    near.SetOrigin((1e-4, 0, 0))
    alike(
        executed(ours, (image, near), geometryTolerance=1e-3),
        executed(radiomics, (image, near), geometryTolerance=1e-3),
    )
    sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance(1e-6)  # PyRadiomics leaves it as it was asked to set it
    sitk.ProcessObject.SetGlobalDefaultDirectionTolerance(1e-6)


def test_flat_images(radiomics: ModuleType) -> None:
    image, mask = (one[:, :, 2] for one in pair())
    alike(executed(ours, (image, mask)), executed(radiomics, (image, mask)))
    alike(executed(ours, (image, mask), parameters=({},)), executed(radiomics, (image, mask), parameters=({},)))


def test_one_slice_has_shape2d(radiomics: ModuleType) -> None:
    image, mask = (one[:, :, 2:3] for one in pair())
    parameters = ({"featureClass": {"shape2D": [], "firstorder": ["Mean"]}, "setting": {"force2D": True}},)
    theirs = executed(radiomics, (image, mask), parameters=parameters)
    assert "original_shape2D_MeshSurface" in theirs
    alike(executed(ours, (image, mask), parameters=parameters), theirs)


def test_enabling_and_disabling(radiomics: ModuleType) -> None:
    results = []
    for package in (ours, radiomics):
        extractor = package.featureextractor.RadiomicsFeatureExtractor()
        extractor.addProvenance(provenance_on=False)
        extractor.disableAllFeatures()
        extractor.enableFeatureClassByName("glszm")
        extractor.enableFeaturesByName(shape=["Sphericity"], gldm=None, firstorder=["Median", "Mean"])
        extractor.enableFeatureClassByName("gldm", enabled=False)
        extractor.enableImageTypeByName("Original", customArgs={"binWidth": 40})
        extractor.settings["label"] = 3
        with np.errstate(all="ignore"):
            results.append(extractor.execute(*pair()))
    alike(*results)


@pytest.mark.parametrize(
    "image_types, sigma",
    [({"Original": {}, "LoG": {}}, [1.0, -2, 2.0]), ({"LoG": {"sigma": [-1, 0]}}, None), ({"LoG": {}}, None)],
    ids=str,
)
def test_sigmas_that_are_none(radiomics: ModuleType, image_types: dict[str, Any], sigma: list[float] | None) -> None:
    results = []
    for package in (ours, radiomics):
        extractor = package.featureextractor.RadiomicsFeatureExtractor(**({"sigma": sigma} if sigma else {}))
        extractor.disableAllImageTypes()
        extractor.enableImageTypes(**image_types)
        extractor.enableFeaturesByName(glcm=["Contrast"])
        with np.errstate(all="ignore"):
            results.append(extractor.execute(*pair()))
    assert list(results[0]) == list(results[1])


def test_log_alone_may_get_its_sigma_later(radiomics: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "Params.yaml"
    path.write_text("imageType: {LoG: {}}\nfeatureClass: {firstorder: [Mean]}\n", encoding="utf-8")
    for source in (str(path), {"imageType": {"LoG": {}}, "featureClass": {"firstorder": ["Mean"]}}):
        for late in ({}, {"sigma": [2.0]}):
            mine, theirs = (executed(one, pair(), parameters=(source,), **late) for one in (ours, radiomics))
            assert list(mine) == list(theirs)
            assert ("log-sigma-2-0-mm-3D_firstorder_Mean" in mine) == bool(late)


def test_names_that_do_not_exist(radiomics: ModuleType) -> None:
    for package in (ours, radiomics):
        extractor = package.featureextractor.RadiomicsFeatureExtractor(additionalInfo=False)
        extractor.disableAllFeatures()
        extractor.enableFeaturesByName(glcmm=["Contrast"])
        assert extractor.execute(*pair()) == {}
        extractor.enableFeaturesByName(glcm=["Contrst"])
        with pytest.raises(LookupError, match="Contrst"):
            extractor.execute(*pair())


def test_the_log_is_that_of_pyradiomics(radiomics: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Not promised: the numbers of a resampling, and warnings."""
    said = []
    for package in (ours, radiomics):
        caplog.clear()
        extractor = package.featureextractor.RadiomicsFeatureExtractor(resampledPixelSpacing=[2, 2, 2], sigma=[2.5])
        extractor.disableAllFeatures()
        extractor.enableFeaturesByName(shape=["VoxelVolume"], firstorder=["Mean"], glcm=["Contrast"])
        extractor.enableImageTypes(LoG={}, Wavelet={}, Square={"binWidth": 10})
        extractor.execute(*pair())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library that checks PyRadiomics' parameters
            package.featureextractor.RadiomicsFeatureExtractor({"featureClass": {"shape": None}}, binWidth=10)
        lines = [(one.name, one.getMessage()) for one in caplog.records if one.levelno == logging.INFO]
        said.append([(name, text.partition(" resampling ")[0]) for name, text in lines])
    assert len(said[0]) == 55
    assert said[0] == said[1]


FAMILY = st.sampled_from(["shape", "firstorder", "glcm", "ngtdm", "unheardOf"])
IMAGE_TYPE = st.sampled_from(["Original", "LoG", "Wavelet", "UnheardOf"])
CALLS = st.one_of(
    st.tuples(st.just("enableAllFeatures")),
    st.tuples(st.just("disableAllFeatures")),
    st.tuples(st.just("enableAllImageTypes")),
    st.tuples(st.just("disableAllImageTypes")),
    st.tuples(st.just("enableFeatureClassByName"), FAMILY, st.booleans()),
    st.tuples(st.just("enableImageTypeByName"), IMAGE_TYPE, st.booleans(), st.sampled_from([None, {"binWidth": 3}])),
    st.tuples(st.just("addProvenance"), st.booleans()),
    st.tuples(
        st.just("loadJSONParams"), st.sampled_from(['{"setting": {"label": 2}}', '{"featureClass": {"glcm": null}}'])
    ),
)


@settings(max_examples=40)
@given(calls=st.lists(CALLS, max_size=8))
def test_any_sequence_of_calls_leaves_the_same_state(radiomics: ModuleType, calls: list[tuple[Any, ...]]) -> None:
    states = []
    for package in (ours, radiomics):
        extractor = package.featureextractor.RadiomicsFeatureExtractor(binWidth=7)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library that checks PyRadiomics' parameters
            for name, *arguments in calls:
                getattr(extractor, name)(*arguments)
        states.append(
            (
                list(extractor.settings.items()),
                list(extractor.enabledFeatures.items()),
                list(extractor.enabledImagetypes.items()),
            )
        )
    assert states[0] == states[1]


@settings(max_examples=25)
@given(data=st.data())
def test_drawn_images(radiomics: ModuleType, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(2, 5)] * 3))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    image = sitk_image(random.integers(-50, data.draw(st.integers(51, 400)), shape).astype(np.int16))
    labels = (random.random(shape) < 0.7).astype(np.uint8)
    labels[:, 0, 0], labels[0, :2, :2] = 0, 1
    overrides: dict[str, Any] = data.draw(
        st.sampled_from([{}, {"binWidth": 5}, {"binCount": 8}, {"force2D": True}, {"gldm_a": 1}])
    )
    given = image, sitk_image(labels)
    alike(executed(ours, given, **overrides), executed(radiomics, given, **overrides))


def test_names_of_the_package(radiomics: ModuleType) -> None:
    assert ours.getImageTypes() == radiomics.getImageTypes()
    assert list(ours.getFeatureClasses()) == list(radiomics.getFeatureClasses())
    for name, theirs in radiomics.getFeatureClasses().items():
        mine = ours.getFeatureClasses()[name]
        assert mine.__name__ == theirs.__name__
        assert list(mine.getFeatureNames().items()) == list(theirs.getFeatureNames().items())
    assert ours.testCases == radiomics.testCases
    extractors = [package.featureextractor.RadiomicsFeatureExtractor() for package in (ours, radiomics)]
    assert vars(extractors[0]) == vars(extractors[1])


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"normalize": True, "binWidth": 1, "label": 3},
        {"resampledPixelSpacing": [2, 2, 2], "interpolator": "sitkLinear"},
        {"preCrop": True, "padDistance": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("files", [False, True], ids=["images", "files"])
def test_extractions_in_pieces(radiomics: ModuleType, tmp_path: Path, setting: dict[str, Any], *, files: bool) -> None:
    image, mask = pair()
    mask = mask if setting.get("label") else sitk.Cast(mask == 1, sitk.sitkUInt32)
    source = write_pair(tmp_path, image, mask) if files else (image, mask)
    results = []
    for package in (ours, radiomics):
        extractor = package.featureextractor.RadiomicsFeatureExtractor(**setting)
        extractor.enableFeaturesByName(glcm=["Contrast"], shape=["VoxelVolume", "Sphericity"])
        operations = package.imageoperations
        read = extractor.loadImage(*source, None, **extractor.settings)
        box, _ = operations.checkMask(*read, **extractor.settings)
        vector = extractor.computeShape(*read, box, **extractor.settings)
        cropped = operations.cropToTumorMask(*read, box)
        with np.errstate(all="ignore"):
            vector.update(extractor.computeFeatures(*cropped, "original", **extractor.settings))
        results.append(vector)
    alike(*results)


@pytest.mark.parametrize(
    "name, own, setting",
    [
        ("LoG", {"sigma": range(1, 3)}, {}),
        ("LoG", {"sigma": [1, 1.0, 2]}, {}),
        ("LoG", {}, {"sigma": [1, -1]}),
        ("LoG", {"sigma": [2], "normalize": True, "label": 1, "padDistance": 10}, {}),
        ("Wavelet", {"wavelet": "Haar"}, {"force2D": 1}),
        ("Wavelet", {"wavelet": pywt.Wavelet("haar"), "interpolator": sitk.sitkLinear}, {}),
        ("Wavelet", {"resampledPixelSpacing": [1, 1, 1]}, {}),
        ("Wavelet", {"foo": 1, "kernelRadius": 2}, {}),
    ],
    ids=str,
)
def test_what_scripts_give_image_types(
    radiomics: ModuleType, name: str, own: dict[str, Any], setting: dict[str, Any]
) -> None:
    """LoG within what float32 rounds."""
    results = []
    for module in (radiomics, ours):
        extractor = module.featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, **setting)
        extractor.disableAllFeatures()
        extractor.enableFeaturesByName(firstorder=["Mean", "Variance"])
        extractor.disableAllImageTypes()
        extractor.enableImageTypeByName(name, customArgs=own)
        results.append({key: float(value) for key, value in extractor.execute(*pair()).items()})
    theirs, found = results
    assert theirs
    assert list(found) == list(theirs)
    assert found == pytest.approx(theirs, rel=1e-5, abs=1e-5)
