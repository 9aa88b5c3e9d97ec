"""PyRadiomics' parameter files: what is taken over, what is refused, and the same values as PyRadiomics under them."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import voxmill as vm
from oracle import pyradiomics_features
from small_images import sitk_image, texture, two_labels
from voxmill.pyradiomics_parameters import DEPENDENT, KNOWN, NEUTRAL
from voxmill_kernels.features.catalogue import CATALOGUE, STANDARD
from voxmill_kernels.features.feature import Feature

# As the examples that PyRadiomics publishes: comments, empty classes, and the names of glcm without SumAverage.
CT = """
# This is an example of settings that can be used with CT
imageType:
  Original: {}
  LoG:
    sigma: [1.0, 2.0, 3.0, 4.0, 5.0]  # If you include sigma values >5, remember to also increase the padDistance.
  Wavelet: {}

featureClass:
  # redundant Compactness 1, Compactness 2 an Spherical Disproportion features are disabled by default
  shape:
  firstorder:
  glcm:  # Disable SumAverage by specifying all other GLCM features available
    - 'Autocorrelation'
    - 'JointAverage'
    - 'ClusterProminence'
    - 'ClusterShade'
    - 'ClusterTendency'
    - 'Contrast'
    - 'Correlation'
    - 'DifferenceAverage'
    - 'DifferenceEntropy'
    - 'DifferenceVariance'
    - 'JointEnergy'
    - 'JointEntropy'
    - 'Imc1'
    - 'Imc2'
    - 'Idm'
    - 'Idmn'
    - 'Id'
    - 'Idn'
    - 'InverseVariance'
    - 'MaximumProbability'
    - 'SumEntropy'
    - 'SumSquares'
  glrlm:
  glszm:
  gldm:

setting:
  # Normalization: most likely not needed, CT gray values reflect absolute world values (HU)
  # Resampling:
  interpolator: 'sitkBSpline'
  resampledPixelSpacing: [1, 1, 1]
  padDistance: 10  # Extra padding for large sigma valued LoG filtered images
  binWidth: 25
  voxelArrayShift: 1000  # Minimum value in HU is -1000, shift +1000 to prevent negative values from being squared.
  label: 1
"""
MR = """
imageType:
  Original: {}
  LoG:
    sigma: [2.0, 3.0, 4.0, 5.0]
featureClass: {shape: , firstorder: , glcm: , glrlm: , glszm: , gldm: }
setting:
  normalize: true
  normalizeScale: 100  # This allows you to use more or less the same bin width.
  interpolator: 'sitkBSpline'
  resampledPixelSpacing: [3, 3, 3]
  binWidth: 5
  voxelArrayShift: 300
  label: 1
"""
CT_UNFILTERED = re.sub(r"  LoG:\n.*\n  Wavelet: \{\}\n|  resampledPixelSpacing: .*\n", "", CT)


def settings(setting: Mapping[str, Any]) -> vm.Settings:
    return vm.Settings.from_pyradiomics({"setting": setting})


def refusal(source: Mapping[str, Any] | Path) -> str:
    with pytest.raises(vm.SettingsError) as caught:
        vm.Settings.from_pyradiomics(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(folder: Path, text: str) -> Path:
    path = folder / "Params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_asked_for_is_pyradiomics_with_label_1() -> None:
    found = vm.Settings.from_pyradiomics({})
    assert found == vm.Settings(labels=(1,), label_channel=0)


def test_an_example_for_ct_names_every_key_that_is_not_there_yet(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, CT))
    assert said.startswith("Params.yaml: not supported yet: ")
    assert all(key in said for key in ("setting.resampledPixelSpacing [1, 1, 1]", "imageType.LoG", "imageType.Wavelet"))
    assert all(key not in said for key in ("interpolator", "padDistance", "binWidth", "voxelArrayShift", "Original"))


def test_an_example_for_mr_names_every_key_that_is_not_there_yet(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, MR))
    assert all(key in said for key in ("setting.normalize True", "setting.resampledPixelSpacing", "imageType.LoG"))
    assert "Scale" not in said


def test_an_example_without_filters(tmp_path: Path) -> None:
    path = written(tmp_path, CT_UNFILTERED)
    found = vm.Settings.from_pyradiomics(path)
    assert found == vm.Settings.read(path)
    assert found.discretise == vm.Discretise(bin_width=25)
    assert found.voxel_array_shift == 1000
    assert found.labels == (1,)
    assert list(found.features) == ["shape", "firstorder", "glcm", "gldm", "glrlm", "glszm"]
    assert len(found.features["glcm"]) == 22
    assert {"SumAverage", "MCC"}.isdisjoint(found.features["glcm"])
    assert found.features["glszm"] == vm.Settings().features["glszm"]


def test_what_is_taken_over() -> None:
    found = settings(
        {
            "binWidth": 12.5,
            "label": 7,
            "label_channel": 2,
            "minimumROIDimensions": 3,
            "minimumROISize": 50,
            "geometryTolerance": "1e-4",  # text to YAML 1.1
            "voxelArrayShift": 300,
        }
    )
    assert found == vm.Settings(
        discretise=vm.Discretise(bin_width=12.5),
        labels=(7,),
        label_channel=2,
        min_region_dimensions=3,
        min_region_voxels=51,
        grid_tolerance=1e-4,
        voxel_array_shift=300,
    )


def test_bin_count_wins_over_bin_width() -> None:
    assert settings({"binWidth": 5, "binCount": 16}).discretise == vm.Discretise(bin_count=16)
    assert settings({"binCount": None, "binWidth": 5}).discretise == vm.Discretise(bin_width=5)


@pytest.mark.parametrize("names", [None, [], {}])
def test_an_empty_class_is_all_of_its_features(names: object) -> None:
    found = vm.Settings.from_pyradiomics({"featureClass": {"ngtdm": names, "glcm": ["Id"]}})
    assert found.features == {"glcm": ("Id",), "ngtdm": vm.Settings().features["ngtdm"]}


def test_shape2d_is_a_class() -> None:
    found = vm.Settings.from_pyradiomics({"featureClass": {"shape2D": None}})
    assert found.features == {"shape2D": STANDARD["shape2D"]}


@pytest.mark.parametrize("section", ["setting", "imageType", "featureClass", "voxelSetting"])
@pytest.mark.parametrize("empty", [None, {}])
def test_an_empty_section_asks_for_nothing(section: str, empty: object) -> None:
    assert vm.Settings.from_pyradiomics({section: empty}) == vm.Settings.from_pyradiomics({})


@pytest.mark.parametrize("key", NEUTRAL)
def test_neutral_values_are_accepted_and_no_others(key: str) -> None:
    assert settings({key: NEUTRAL[key]}) == settings({key: None}) == settings({})
    other = [2] if key == "distances" else not NEUTRAL[key] if isinstance(NEUTRAL[key], bool) else 3
    assert f"not supported yet: setting.{key} {other!r} (only {NEUTRAL[key]!r})" in refusal({"setting": {key: other}})


@pytest.mark.parametrize("key", DEPENDENT)
def test_settings_of_what_is_not_asked_for_change_nothing(key: str) -> None:
    assert settings({key: 4}) == settings({})


def test_every_key_of_pyradiomics_is_known(radiomics: ModuleType) -> None:
    schema, _ = radiomics.getParameterValidationFiles()
    text = Path(schema).read_text(encoding="utf-8")
    section = text[text.index("  setting: &settings") : text.index("  voxelSetting:")]
    keys = set(re.findall(r"^      (\w+):$", section, re.MULTILINE))
    assert len(keys) > 30
    assert keys == set(KNOWN)


@pytest.mark.parametrize(
    "parameters, said",
    [
        ({"setting": {"binwidth": 5}}, "setting: unknown key 'binwidth'; did you mean 'binWidth'?"),
        ({"setting": {"resampledPixelSpacin": 1}}, "unknown key 'resampledPixelSpacin'; did you mean 'resampledPixel"),
        ({"settings": {}}, "unknown section 'settings'; did you mean 'setting'?"),
        ({"featureClass": {"glmc": None}}, "featureClass: unknown key 'glmc'; did you mean 'glcm'?"),
        ({"featureClass": {"glcm": ["contrast"]}}, "unknown feature 'contrast'; did you mean 'Contrast'?"),
        ({"imageType": {"original": {}}}, "imageType: unknown key 'original'; did you mean 'Original'?"),
    ],
)
def test_an_unknown_key_gets_the_nearest(parameters: Mapping[str, Any], said: str) -> None:
    assert said in refusal(parameters)


@pytest.mark.parametrize(
    "parameters, key",
    [
        ({"voxelSetting": {"kernelRadius": 2}}, "voxelSetting.kernelRadius"),
        ({"imageType": {"Wavelet": {}}}, "imageType.Wavelet"),
        ({"imageType": {"Original": {"binWidth": 3}}}, "imageType.Original"),
        ({"setting": {"normalize": True}}, "setting.normalize"),
    ],
)
def test_what_is_not_there_yet_is_named(parameters: Mapping[str, Any], key: str) -> None:
    said = refusal(parameters)
    assert said.startswith("not supported yet: ")
    assert key in said


@pytest.mark.parametrize(
    "key, value, kind",
    [
        ("binWidth", 0, "a number above 0"),
        ("binWidth", True, "a number above 0"),
        ("binWidth", [25], "a number above 0"),
        ("binWidth", float("nan"), "a number above 0"),
        ("binCount", 2.5, "a whole number from 1 to 65535"),
        ("binCount", "many", "a whole number from 1 to 65535"),
        ("label", 0, "a whole number above 0"),
        ("label", "tumour", "a whole number above 0"),
        ("label_channel", -1, "a whole number from 0"),
        ("minimumROISize", 0, "a whole number above 0"),
        ("minimumROIDimensions", 4, "a whole number from 1 to 3"),
        ("geometryTolerance", 0, "a number above 0"),
        ("voxelArrayShift", float("inf"), "a number"),
        ("force2D", 1, "true or false"),
        ("symmetricalGLCM", "yes", "true or false"),
        ("force2Ddimension", 3, "a whole number from 0 to 2"),
        ("distances", 2, "a list"),
        ("gldm_a", -1, "a whole number from 0"),
    ],
)
def test_wrong_values_name_pyradiomics_own_key(key: str, value: object, kind: str) -> None:
    assert refusal({"setting": {key: value}}) == f"setting.{key} must be {kind}; found {value!r}"


@pytest.mark.parametrize(
    "setting, said",
    [
        ({"distances": [1, 0]}, "setting.distances must be a whole number above 0; found 0"),
        ({"distances": []}, "distances: give at least one, each once; found []"),
        ({"weightingNorm": "euclidian"}, "setting.weightingNorm: unknown 'euclidian'; did you mean 'euclidean'?"),
        ({"weightingNorm": 2}, "setting.weightingNorm: unknown 2; known: manhattan, euclidean, infinity, no_weighting"),
    ],
)
def test_wrong_texture_settings(setting: Mapping[str, Any], said: str) -> None:
    assert refusal({"setting": setting}) == said


@pytest.mark.parametrize(
    "setting, axis",
    [
        ({"force2D": True}, "first"),
        ({"force2D": True, "force2Ddimension": 1}, "second"),
        ({"force2D": True, "force2Ddimension": 2}, "third"),
        ({"force2D": False, "force2Ddimension": 2}, None),
        ({"force2Ddimension": 2}, None),
        ({"force2D": None}, None),
    ],
)
def test_slices(setting: Mapping[str, Any], axis: str | None) -> None:
    assert settings(setting).slice_axis == axis


def test_texture_settings_that_are_taken_over() -> None:
    found = settings({"distances": [2, 1], "gldm_a": 3, "symmetricalGLCM": False, "weightingNorm": "infinity"})
    assert (found.distances, found.gldm_alpha, found.glcm_symmetric, found.weighting) == ((1, 2), 3, False, "infinity")


@pytest.mark.parametrize("section", ["setting", "imageType", "featureClass", "voxelSetting"])
@pytest.mark.parametrize("content", [["Original"], "Original", 1])
def test_a_section_holds_names_with_values(section: str, content: object) -> None:
    assert refusal({section: content}) == f"{section} holds names with values; found {content!r}"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml").startswith("none.yaml: settings cannot be read")
    assert refusal(written(tmp_path, "setting: [")).startswith("Params.yaml: settings must be YAML")


PARAMETERS: tuple[Mapping[str, Any], ...] = (
    {},
    {"setting": {"binCount": 12, "binWidth": 3, "label": 3}},
    {"setting": {"voxelArrayShift": 1000, "label": 3}, "featureClass": {"firstorder": None, "glrlm": []}},
    {"imageType": {"Original": {}}, "featureClass": {"glcm": ["SumEntropy", "Id"], "shape": ["MeshVolume"]}},
    {"setting": {"minimumROISize": 40, "minimumROIDimensions": 3, "binWidth": 10}},
    {
        "setting": {
            "interpolator": "sitkLinear",
            "padDistance": 2,
            "preCrop": True,
            "additionalInfo": False,
            "sigma": [1],
        }
    },
)


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_names_and_values_are_those_of_pyradiomics(radiomics: ModuleType, parameters: Mapping[str, Any]) -> None:
    image, mask = sitk_image(texture()), sitk_image(two_labels())
    theirs = pyradiomics_features(radiomics, image, mask, parameters)
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    assert set(row.features) == set(theirs)
    assert len(theirs) > 2
    for name, value in theirs.items():
        assert row.features[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


DEPRECATED = [feature for feature in CATALOGUE if feature.deprecated and feature.family != "shape2D"]


@pytest.mark.parametrize("feature", DEPRECATED, ids=lambda feature: feature.full_name)
def test_a_deprecated_feature_has_the_value_of_pyradiomics_or_of_what_it_equals(
    radiomics: ModuleType, feature: Feature
) -> None:
    image, mask, column = sitk_image(texture()), sitk_image(two_labels()), f"original_{feature.full_name}"
    parameters = {"featureClass": {feature.family: [feature.name]}}
    theirs = pyradiomics_features(radiomics, image, mask, parameters)
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    if feature.family in ("glcm", "gldm"):
        assert column not in theirs
        theirs = {column: equal_of_pyradiomics(radiomics, feature)}
    assert list(row.features) == [column]
    assert row.features[column] == pytest.approx(theirs[column], rel=1e-9)
    assert row.notes == (f"{feature.family}: deprecated: {feature.name} equals {feature.deprecated}",)


def equal_of_pyradiomics(radiomics: ModuleType, feature: Feature) -> float:
    if feature.deprecated == "1":
        return 1.0
    name, _, family = feature.deprecated.partition(" of ")
    parameters = {"featureClass": {family or feature.family: [name]}}
    (value,) = pyradiomics_features(radiomics, sitk_image(texture()), sitk_image(two_labels()), parameters).values()
    return value


@pytest.mark.parametrize("size", [39, 40, 41])
def test_the_smallest_region_is_that_of_pyradiomics(radiomics: ModuleType, size: int) -> None:
    labels = two_labels() * 0
    labels.reshape(-1)[200 : 200 + size] = 1
    parameters = {"setting": {"minimumROISize": 40}, "featureClass": {"firstorder": ["Mean"]}}
    image, mask = sitk_image(texture()), sitk_image(labels)
    (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    assert (row.error is None) == (size > 40)
    if size > 40:
        assert list(pyradiomics_features(radiomics, image, mask, parameters)) == list(row.features)
    else:
        with pytest.raises(ValueError, match="too small"):
            pyradiomics_features(radiomics, image, mask, parameters)
