"""PyRadiomics' extractor on this engine, without PyRadiomics: what it holds, gives, refuses and says."""

import json
import logging
import pickle
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import pywt
import SimpleITK as sitk

import voxmill as vm
from small_images import sitk_image, texture, two_labels
from voxmill.pyradiomics import firstorder
from voxmill.pyradiomics.errors import RadiomicsError
from voxmill.pyradiomics.featureextractor import RadiomicsFeatureExtractor

Pair = tuple[sitk.Image, sitk.Image]
FEW = {"featureClass": {"firstorder": ["Mean"]}, "setting": {"additionalInfo": False}}


@pytest.fixture(scope="module")
def pair() -> Pair:
    return sitk_image(texture()), sitk_image(two_labels())


def test_values_are_those_of_the_engine(pair: Pair) -> None:
    result = RadiomicsFeatureExtractor(additionalInfo=False).execute(*pair)
    (row,) = vm.extract(*pair, labels=1).rows
    assert {name: float(value) for name, value in result.items()} == row.features


@pytest.mark.usefixtures("no_look_for_gpus")
def test_all_is_done_on_the_cpu(pair: Pair) -> None:
    assert RadiomicsFeatureExtractor(FEW).execute(*pair)
    assert firstorder.RadiomicsFirstOrder(*pair).execute()


def test_what_is_no_sigma_and_what_is_too_large_are_skipped_and_the_others_are_not(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    extractor.enableImageTypes(LoG={"sigma": np.array([0, 1.0, -1, 1.0, 500, 2.0])})
    names = {name.partition("_")[0] for name in extractor.execute(*pair)}
    assert names == {"original", "log-sigma-1-0-mm-3D", "log-sigma-2-0-mm-3D"}


def test_result_is_ordered_and_made_of_numpy(pair: Pair) -> None:
    result = RadiomicsFeatureExtractor().execute(*pair)
    names = list(result)
    assert isinstance(result, OrderedDict)
    assert names[0].startswith("diagnostics_")
    assert names[names.index("original_shape_Elongation") - 1].startswith("diagnostics_")
    assert isinstance(result["original_glcm_Contrast"], np.ndarray)
    assert isinstance(result["original_shape_Elongation"], np.float64)


def test_order_is_that_of_the_script(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(
        ngtdm=["Strength", "Busyness", "Strength"], shape=["VoxelVolume"], firstorder=["Mean"]
    )
    assert list(extractor.execute(*pair)) == [
        "original_shape_VoxelVolume",
        "original_ngtdm_Strength",
        "original_ngtdm_Busyness",
        "original_firstorder_Mean",
    ]


def test_label_of_a_call_goes_before_that_of_the_settings(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    third = extractor.execute(*pair, label=3)
    assert third == extractor.execute(*pair, np.int64(3))
    assert third != extractor.execute(*pair)
    assert extractor.settings["label"] == 1


def test_channel_of_a_call(pair: Pair) -> None:
    image, mask = pair
    both = sitk.Compose(mask * 0, mask)
    extractor = RadiomicsFeatureExtractor(FEW)
    assert extractor.execute(image, both, label_channel=1) == extractor.execute(image, mask)
    with pytest.raises(ValueError, match="label"):
        extractor.execute(image, both)


def test_paths(pair: Pair, tmp_path: Path) -> None:
    for name, image in zip(("image.nrrd", "mask.nrrd"), pair, strict=True):
        sitk.WriteImage(image, tmp_path / name)
    extractor = RadiomicsFeatureExtractor(FEW)
    assert extractor.execute(str(tmp_path / "image.nrrd"), str(tmp_path / "mask.nrrd")) == extractor.execute(*pair)


def test_nothing_enabled_leaves_diagnostics(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor()
    extractor.disableAllFeatures()
    assert all(name.startswith("diagnostics_") for name in extractor.execute(*pair))
    extractor.addProvenance(provenance_on=False)
    assert extractor.execute(*pair) == {}


def test_no_image_type_leaves_shape(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.disableAllImageTypes()
    assert {name.split("_")[1] for name in extractor.execute(*pair)} == {"shape"}


def test_diagnostics_hold_the_settings_of_the_call(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(binWidth=10)
    result = extractor.execute(*pair, label=3)
    assert result["diagnostics_Configuration_Settings"] == extractor.settings | {"label": 3}
    assert result["diagnostics_Configuration_EnabledImageTypes"] == {"Original": {}}


def test_parameters_from_anywhere_are_the_same(tmp_path: Path) -> None:
    parameters = {"setting": {"binWidth": 10}, "featureClass": {"glcm": None}, "voxelSetting": {"kernelRadius": 2}}
    path = tmp_path / "Params.json"
    path.write_text(json.dumps(parameters), encoding="utf-8")
    of_text = RadiomicsFeatureExtractor()
    of_text.loadJSONParams(json.dumps(parameters))
    for one in (RadiomicsFeatureExtractor(path), RadiomicsFeatureExtractor(str(path)), of_text):
        assert vars(one) == vars(RadiomicsFeatureExtractor(parameters))
    assert of_text.settings["binWidth"] == 10
    assert of_text.settings["kernelRadius"] == 2
    assert of_text.enabledFeatures == {"glcm": None}


def test_parameters_are_not_shared_with_the_script() -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    extractor.settings["label"] = 2
    extractor.enabledFeatures["firstorder"] = []
    assert FEW == {"featureClass": {"firstorder": ["Mean"]}, "setting": {"additionalInfo": False}}


def test_numbers_of_numpy_and_of_simpleitk_are_settings(pair: Pair) -> None:
    plain = RadiomicsFeatureExtractor(FEW, resampledPixelSpacing=[2, 2, 2], interpolator="sitkBSpline")
    numpy = RadiomicsFeatureExtractor(
        FEW, resampledPixelSpacing=np.array([2, 2, 2]), interpolator=sitk.sitkBSpline, label=np.uint8(1)
    )
    linear = RadiomicsFeatureExtractor(FEW, resampledPixelSpacing=(2, 2, 2), interpolator=sitk.sitkLinear)
    assert plain.execute(*pair) == numpy.execute(*pair)
    assert plain.execute(*pair) != linear.execute(*pair)


@pytest.mark.parametrize(
    "parameters",
    [
        {"setting": {"binWith": 10}},
        {"setting": {"binWidth": -1}},
        {"featureClass": {"firstorder": ["Meen"]}},
        {"imageType": {"Originall": {}}},
        {"settings": {}},
    ],
    ids=str,
)
def test_what_the_engine_refuses_is_refused_in_its_words(parameters: dict[str, object]) -> None:
    with pytest.raises(vm.SettingsError) as engine:
        vm.Settings.from_pyradiomics(parameters)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its words are compared
        RadiomicsFeatureExtractor(parameters)
    assert isinstance(refused.value, vm.VoxmillError)
    assert refused.value.exit_code == 2
    assert str(refused.value) == str(engine.value)


def test_a_mistake_in_a_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("setting: {binWith: 10}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.yaml: .*did you mean 'binWidth'"):
        RadiomicsFeatureExtractor(path)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(OSError, match=r"^none\.yaml: there is no such parameter file"):
        RadiomicsFeatureExtractor("/nowhere/none.yaml")


@pytest.mark.parametrize("settings", [{"label": 9}, {"binWidth": 0}, {"minimumROIDimensions": 4}], ids=str)
def test_what_cannot_be_measured_is_a_value_error(pair: Pair, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(settings.values())))) as refused:
        RadiomicsFeatureExtractor(**settings).execute(*pair)
    assert isinstance(refused.value, vm.VoxmillError)


def test_a_region_that_cannot_be_measured_is_a_value_error(pair: Pair) -> None:
    with pytest.raises(ValueError, match="resegmentation leaves 0 of"):
        RadiomicsFeatureExtractor(resegmentRange=[5000, 6000]).execute(*pair)


@pytest.mark.parametrize("given", ["/nowhere/none.nrrd", None, 3], ids=str)
def test_what_is_no_image_is_a_value_error(pair: Pair, given: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        RadiomicsFeatureExtractor().execute(given, pair[1])
    with pytest.raises(ValueError, match=r"\w"):
        RadiomicsFeatureExtractor().execute(pair[0], given)


def test_maps_of_voxels_come_later(pair: Pair) -> None:
    with pytest.raises(NotImplementedError, match="voxelBased=True: maps of voxels come in a later version"):
        RadiomicsFeatureExtractor().execute(*pair, voxelBased=True)


def test_unknown_names_are_warnings(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    extractor = RadiomicsFeatureExtractor(FEW, binWith=10)
    extractor.enableFeatureClassByName("glcmm")
    extractor.enableImageTypeByName("Lok")
    assert extractor.enabledFeatures == {"firstorder": ["Mean"]}
    assert extractor.enabledImagetypes == {"Original": {}}
    assert list(extractor.execute(*pair)) == ["original_firstorder_Mean"]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [
        "Feature class glcmm is not recognized",
        "Image type Lok is not recognized",
        "setting 'binWith' is unknown and has no effect; did you mean 'binWidth'?",
    ]


def test_notes_are_warnings(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    image, mask = pair
    moved = sitk.Image(mask)
    moved.SetOrigin((-0.2, 0, 0))
    RadiomicsFeatureExtractor(FEW, correctMask=True).execute(image, moved)
    assert "mask resampled onto the grid of its image (nearest voxel)" in caplog.text


def test_shape_of_flat_images_and_shape2d_without_force2d(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.enableAllFeatures()
    assert "shape2D" not in {name.split("_")[1] for name in extractor.execute(*pair)}
    flat = extractor.execute(pair[0][:, :, 2], pair[1][:, :, 2])
    families = [name.split("_")[1] for name in flat]
    assert "shape" not in families
    assert families[0] == "shape2D"
    assert "shape2D is left out: force2D is not set" in caplog.text
    assert "shape needs three dimensions" in caplog.text


def test_extractors_can_be_pickled(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    again = pickle.loads(pickle.dumps(extractor))
    assert vars(again) == vars(extractor)
    assert again.execute(*pair) == extractor.execute(*pair)


def test_refusals_can_be_pickled() -> None:
    with pytest.raises(RadiomicsError) as refused:
        RadiomicsFeatureExtractor({"setting": {"binWith": 1}})
    again = pickle.loads(pickle.dumps(refused.value))
    assert (type(again), str(again), again.exit_code) == (type(refused.value), str(refused.value), 2)


def test_one_extractor_in_many_threads(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    labels = [1, 3] * 8
    alone = {label: extractor.execute(*pair, label=label) for label in (1, 3)}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda label: extractor.execute(*pair, label=label), labels))
    assert found == [alone[label] for label in labels]


def test_an_unknown_setting_of_an_image_type_is_a_warning(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    extractor.enableImageTypeByName("Original", customArgs={"binWith": 3})
    extractor.execute(*pair)
    assert "setting 'binWith' is unknown and has no effect; did you mean 'binWidth'?" in caplog.text


def test_all_methods_of_scikit_image(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    extractor.enableImageTypeByName("LBP2D", customArgs={"lbp2DMethod": "nri_uniform"})
    assert "lbp-2D_firstorder_Mean" in extractor.execute(*pair)


def test_a_wavelet_of_ones_own_is_refused(pair: Pair) -> None:
    extractor = RadiomicsFeatureExtractor(FEW)
    filters = pywt.Wavelet("db2").filter_bank
    for own in (pywt.Wavelet("mine", filter_bank=filters), pywt.Wavelet("haar", filter_bank=filters)):
        extractor.enableImageTypeByName("Wavelet", customArgs={"wavelet": own})
        with pytest.raises(ValueError, match="wavelet must be a name"):
            extractor.execute(*pair)
