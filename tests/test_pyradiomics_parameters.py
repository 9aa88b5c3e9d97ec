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
from voxmill.pyradiomics_keys import FILTERS, INTERPOLATORS, MAPS, SETTING, TEXTURE
from voxmill.pyradiomics_parameters import IMAGES
from voxmill.steps import Crop, Normalise, Resample, Resegment
from voxmill_kernels.features.catalogue import CATALOGUE, FAMILIES, STANDARD
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
CT_UNFILTERED = re.sub(r"  LoG:\n.*\n  Wavelet: \{\}\n", "", CT)
MR_UNFILTERED = re.sub(r"  LoG:\n.*\n", "", MR)


DEFAULTS: Mapping[str, Any] = {
    "binWidth": 25,
    "force2D": False,
    "force2Ddimension": 0,
    "distances": [1],
    "gldm_a": 0,
    "symmetricalGLCM": True,
    "weightingNorm": None,
    "voxelArrayShift": 0,
    "label": 1,
    "label_channel": 0,
    "minimumROISize": None,
    "minimumROIDimensions": 2,
    "geometryTolerance": 1e-6,
    "correctMask": False,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "padDistance": 5,
    "preCrop": False,
    "resegmentRange": None,
    "resegmentMode": "absolute",
    "resegmentShape": False,
}
"""Of PyRadiomics, but for additionalInfo."""
OURS = (
    "nearest",
    "linear",
    "bspline",
    "gaussian",
    "label_gaussian",
    "hamming",
    "cosine",
    "welch",
    "lanczos",
    "blackman",
)
GRID = {"resampledPixelSpacing": [1, 0, 2.5]}
TRANSLATIONS: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
    ({"binWidth": 12.5}, {"discretise": vm.Discretise(bin_width=12.5)}),
    ({"binCount": 16}, {"discretise": vm.Discretise(bin_count=16)}),
    ({"binCount": 16, "binWidth": 25}, {"discretise": vm.Discretise(bin_count=16)}),
    ({"binCount": None, "binWidth": 5}, {"discretise": vm.Discretise(bin_width=5)}),
    ({"force2D": True}, {"slice_axis": "first", "features": [*FAMILIES]}),
    ({"force2D": True, "force2Ddimension": 0}, {"slice_axis": "first", "features": [*FAMILIES]}),
    ({"force2D": True, "force2Ddimension": 1}, {"slice_axis": "second", "features": [*FAMILIES]}),
    ({"force2D": True, "force2Ddimension": 2}, {"slice_axis": "third", "features": [*FAMILIES]}),
    ({"force2Ddimension": 0}, {}),
    ({"distances": [2, 1]}, {"distances": (1, 2)}),
    ({"gldm_a": 3}, {"gldm_alpha": 3}),
    ({"symmetricalGLCM": False}, {"glcm_symmetric": False}),
    *(
        ({"weightingNorm": norm}, {"weighting": norm})
        for norm in ("manhattan", "euclidean", "infinity", "no_weighting")
    ),
    ({"voxelArrayShift": 300}, {"voxel_array_shift": 300}),
    ({"label": 7}, {"labels": (7,)}),
    ({"label_channel": 2}, {"label_channel": 2}),
    ({"minimumROISize": 50}, {"min_region_voxels": 51}),
    ({"minimumROISize": 1}, {"min_region_voxels": 2}),
    ({"minimumROIDimensions": 3}, {"min_region_dimensions": 3}),
    ({"geometryTolerance": 0.5}, {"grid_tolerance": 0.5}),
    ({"geometryTolerance": "1e-4"}, {"grid_tolerance": 1e-4}),  # text to YAML 1.1
    ({"correctMask": True}, {"mask_on_other_grid": "resample"}),
    ({"additionalInfo": True}, {"diagnostics": True}),
    ({"additionalInfo": False}, {"diagnostics": False}),
    ({"normalize": True}, {"normalise": Normalise()}),
    ({"normalize": True, "normalizeScale": 100}, {"normalise": Normalise(scale=100)}),
    ({"normalize": True, "removeOutliers": 2.5}, {"normalise": Normalise(outliers=2.5)}),
    (GRID, {"resample": Resample(spacing_mm=(1, 0, 2.5), interpolator="bspline", margin_voxels=5)}),
    ({"resampledPixelSpacing": [2, 2]}, {"resample": Resample(spacing_mm=(2, 2))}),
    ({**GRID, "interpolator": "sitkLinear"}, {"resample": Resample(spacing_mm=(1, 0, 2.5), interpolator="linear")}),
    ({**GRID, "interpolator": 3}, {"resample": Resample(spacing_mm=(1, 0, 2.5))}),
    ({**GRID, "interpolator": 23}, {"resample": Resample(spacing_mm=(1, 0, 2.5))}),
    ({**GRID, "interpolator": None, "preCrop": True, "resampledPixelSpacing": None}, {"crop": Crop()}),
    ({**GRID, "padDistance": 0}, {"resample": Resample(spacing_mm=(1, 0, 2.5), margin_voxels=0)}),
    ({"preCrop": True}, {"crop": Crop(margin_voxels=5)}),
    ({"preCrop": True, "padDistance": 8}, {"crop": Crop(margin_voxels=8)}),
    ({"resegmentRange": [10]}, {"resegment": Resegment(range=(10,), mode="absolute", shape="clipped")}),
    ({"resegmentRange": [3, -3], "resegmentMode": "sigma"}, {"resegment": Resegment(range=(-3, 3), mode="sigma")}),
    (
        {"resegmentRange": [0.4], "resegmentMode": "relative", "resegmentShape": True},
        {"resegment": Resegment(range=(0.4,), mode="relative", shape="resegmented")},
    ),
)
"""A setting of PyRadiomics, and what it sets here."""
IDLE: tuple[tuple[Mapping[str, Any], Mapping[str, Any], str], ...] = (
    (
        {"binCount": 16, "binWidth": 5},
        {"discretise": vm.Discretise(bin_count=16)},
        "binCount goes before binWidth, which has no effect",
    ),
    ({**GRID, "interpolator": None}, {}, "resampledPixelSpacing has no effect: interpolator is null"),
    ({"padDistance": 8}, {}, "padDistance: without effect, since neither resampledPixelSpacing nor preCrop is set"),
    (
        {**GRID, "correctMask": True},
        {"resample": Resample(spacing_mm=(1, 0, 2.5)), "mask_on_other_grid": "resample"},
        "correctMask has no effect: resampling takes a mask on any grid",
    ),
    (
        {**GRID, "interpolator": None, "preCrop": True},
        {"crop": Crop()},
        "resampledPixelSpacing has no effect: interpolator is null",
    ),
    (
        {**GRID, "preCrop": True},
        {"resample": Resample(spacing_mm=(1, 0, 2.5))},
        "preCrop has no effect: resampling crops by itself",
    ),
    ({"normalizeScale": 100}, {}, "normalizeScale: without effect, since normalize is not set"),
    (
        {"normalize": False, "normalizeScale": 100, "removeOutliers": 3},
        {},
        "normalizeScale, removeOutliers: without effect, since normalize is not set",
    ),
    ({"resegmentMode": "sigma"}, {}, "resegmentMode: without effect, since resegmentRange is not set"),
    ({"resegmentShape": True}, {}, "resegmentShape: without effect, since resegmentRange is not set"),
    ({"force2Ddimension": 2}, {}, "force2Ddimension: without effect, since force2D is not set"),
    ({"force2D": False, "force2Ddimension": 1}, {}, "force2Ddimension: without effect, since force2D is not set"),
)
"""A setting of PyRadiomics that has no effect, what it sets here all the same, and what is said."""
FILTER_VALUES: Mapping[str, Any] = {
    "sigma": [1.0, 2.5],
    "start_level": 0,
    "level": 2,
    "wavelet": "haar",
    "gradientUseSpacing": False,
    "lbp2DRadius": 1.5,
    "lbp2DSamples": 9,
    "lbp2DMethod": "uniform",
    "lbp3DLevels": 2,
    "lbp3DIcosphereRadius": 1.5,
    "lbp3DIcosphereSubdivision": 1,
}


WRONG: tuple[tuple[str, object, str], ...] = (
    ("binWidth", 0, "a number above 0"),
    ("binWidth", True, "a number above 0"),
    ("binWidth", [25], "a number above 0"),
    ("binWidth", float("nan"), "a number above 0"),
    ("binCount", 2.5, "a whole number from 1 to 65535"),
    ("binCount", 0, "a whole number from 1 to 65535"),
    ("binCount", "many", "a whole number from 1 to 65535"),
    ("label", 0, "a whole number above 0"),
    ("label", "tumour", "a whole number above 0"),
    ("label_channel", -1, "a whole number from 0"),
    ("minimumROISize", 0, "a whole number above 0"),
    ("minimumROIDimensions", 4, "a whole number from 1 to 3"),
    ("minimumROIDimensions", 0, "a whole number from 1 to 3"),
    ("geometryTolerance", 0, "a number above 0"),
    ("correctMask", "yes", "true or false"),
    ("additionalInfo", 0, "true or false"),
    ("voxelArrayShift", float("inf"), "a number"),
    ("normalize", 1, "true or false"),
    ("normalizeScale", 0, "a number above 0"),
    ("removeOutliers", -3, "a number above 0"),
    ("resampledPixelSpacing", 2, "a list"),
    ("resampledPixelSpacing", [1], "a list of 2 or 3 numbers"),
    ("resampledPixelSpacing", [1, 1, 1, 1], "a list of 2 or 3 numbers"),
    ("padDistance", -1, "a whole number from 0"),
    ("padDistance", 0.5, "a whole number from 0"),
    ("preCrop", "no", "true or false"),
    ("resegmentRange", 3, "a list"),
    ("resegmentRange", [], "a list of 1 or 2 numbers"),
    ("resegmentRange", [1, 2, 3], "a list of 1 or 2 numbers"),
    ("resegmentShape", 1, "true or false"),
    ("force2D", 1, "true or false"),
    ("symmetricalGLCM", "yes", "true or false"),
    ("force2Ddimension", 3, "a whole number from 0 to 2"),
    ("distances", 2, "a list"),
    ("gldm_a", -1, "a whole number from 0"),
    ("sigma", 2, "a list"),
    ("start_level", -1, "a whole number from 0"),
    ("level", 0, "a whole number above 0"),
    ("wavelet", 3, "a name"),
    ("gradientUseSpacing", 1, "true or false"),
    ("lbp2DRadius", 0, "a number above 0"),
    ("lbp2DSamples", 0, "a whole number from 1 to 1024"),
    ("lbp3DLevels", 0, "a whole number from 1 to 16"),
    ("lbp3DIcosphereRadius", 0, "a number above 0"),
    ("lbp3DIcosphereSubdivision", -1, "a whole number from 0 to 5"),
)
WRONG_WORDS: tuple[tuple[Mapping[str, Any], str], ...] = (
    ({"distances": [1, 0]}, "setting.distances must be a whole number above 0; found 0"),
    ({"distances": []}, "distances: give at least one, each once; found []"),
    ({"distances": [2, 2]}, "distances: give at least one, each once; found [2, 2]"),
    ({"resampledPixelSpacing": [1, -1, 1]}, "setting.resampledPixelSpacing must be a number from 0; found -1"),
    ({"sigma": [1, 0]}, "setting.sigma must be a number above 0; found 0"),
    ({"resegmentRange": [float("nan")]}, "setting.resegmentRange must be a number; found nan"),
    ({"weightingNorm": "euclidian"}, "setting.weightingNorm: unknown 'euclidian'; did you mean 'euclidean'?"),
    ({"weightingNorm": 2}, "setting.weightingNorm: unknown 2; known: manhattan, euclidean, infinity, no_weighting"),
    ({"resegmentMode": "sigmas"}, "setting.resegmentMode: unknown 'sigmas'; did you mean 'sigma'?"),
    ({"lbp2DMethod": "none"}, "setting.lbp2DMethod: unknown 'none'; known: default, ror, uniform, nri_uniform, var"),
    ({"interpolator": "sitkBspline1"}, "setting.interpolator: unknown 'sitkBspline1'; did you mean 'sitkBSpline'?"),
    *(
        ({"interpolator": value}, f"setting.interpolator: unknown {value}; known: {', '.join(INTERPOLATORS)}")
        for value in (0, 11, True)
    ),
)


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
    assert found == vm.Settings(labels=(1,), label_channel=0, mask_on_other_grid="error")


def test_an_example_for_ct_with_filters(tmp_path: Path) -> None:
    found = vm.Settings.read(written(tmp_path, CT))
    assert list(found.images) == ["original", "log", "wavelet"]
    assert found.images["log"].model_dump(exclude_unset=True) == {"sigma_mm": (1.0, 2.0, 3.0, 4.0, 5.0)}
    assert found.images["wavelet"].own == {}


def test_an_example_for_mr_with_filters(tmp_path: Path) -> None:
    assert list(vm.Settings.read(written(tmp_path, MR)).images) == ["original", "log"]


def test_an_example_for_ct_without_filters(tmp_path: Path) -> None:
    path = written(tmp_path, CT_UNFILTERED)
    found = vm.Settings.from_pyradiomics(path)
    assert found == vm.Settings.read(path)
    assert found.resample == Resample(spacing_mm=(1, 1, 1), interpolator="bspline", margin_voxels=10)
    assert found.discretise == vm.Discretise(bin_width=25)
    assert found.voxel_array_shift == 1000
    assert found.labels == (1,)
    assert found.notes == ()
    assert list(found.features) == ["shape", "firstorder", "glcm", "gldm", "glrlm", "glszm"]
    assert len(found.features["glcm"]) == 22
    assert {"SumAverage", "MCC"}.isdisjoint(found.features["glcm"])
    assert found.features["glszm"] == vm.Settings().features["glszm"]


def test_an_example_for_mr_without_filters(tmp_path: Path) -> None:
    found = vm.Settings.from_pyradiomics(written(tmp_path, MR_UNFILTERED))
    assert found.normalise == Normalise(scale=100)
    assert found.resample == Resample(spacing_mm=(3, 3, 3))
    assert (found.discretise, found.voxel_array_shift) == (vm.Discretise(bin_width=5), 300)


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


@pytest.mark.parametrize("key", SETTING)
def test_null_is_pyradiomics_default(key: str) -> None:
    assert settings({key: None}) == settings({})


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_default_of_pyradiomics_is_one_here_and_needs_no_note(key: str) -> None:
    assert settings({key: DEFAULTS[key]}) == settings({})
    assert settings({**DEFAULTS, key: None}) == settings({})


@pytest.mark.parametrize("setting, ours", TRANSLATIONS, ids=str)
def test_translations(setting: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    assert settings(setting) == settings({}).changed(ours)


def test_every_key_has_a_translation_or_belongs_to_a_filter() -> None:
    assert {key for setting, _ in TRANSLATIONS for key in setting} == set(SETTING) - set(FILTERS)


@pytest.mark.parametrize("number, name", list(enumerate(INTERPOLATORS, start=1)))
def test_interpolators_by_name_and_by_number(number: int, name: str) -> None:
    """PyRadiomics takes 3 too, but SimpleITK has given BSpline another number since."""
    by_name = settings({"resampledPixelSpacing": [1, 1, 1], "interpolator": name})
    assert by_name == settings({"resampledPixelSpacing": [1, 1, 1], "interpolator": number})
    assert by_name.resample == Resample(spacing_mm=(1, 1, 1), interpolator=OURS[number - 1])


@pytest.mark.parametrize("key, value", list(FILTER_VALUES.items()))
def test_settings_of_filters_change_nothing(key: str, value: object) -> None:
    assert settings({key: value}) == settings({})


def test_every_key_of_a_filter_is_tried() -> None:
    assert set(FILTER_VALUES) == set(FILTERS)


@pytest.mark.parametrize("setting, ours, note", IDLE, ids=str)
def test_what_has_no_effect_is_noted(setting: Mapping[str, Any], ours: Mapping[str, Any], note: str) -> None:
    assert settings(setting) == settings({}).changed({**ours, "notes": (note,)})


def test_notes_are_those_of_every_row() -> None:
    (row,) = vm.extract(
        sitk_image(texture()), sitk_image(two_labels()), settings={"setting": {"normalizeScale": 9}}
    ).rows
    assert row.notes == ("normalizeScale: without effect, since normalize is not set",)


def test_several_notes() -> None:
    found = settings({"binCount": 8, "binWidth": 5, "removeOutliers": 3, "force2Ddimension": 1})
    assert [note.split(":")[0] for note in found.notes] == [
        "binCount goes before binWidth, which has no effect",
        "removeOutliers",
        "force2Ddimension",
    ]


def test_settings_of_voxel_maps_are_noted() -> None:
    maps = {"kernelRadius": 2, "maskedKernel": False, "initValue": -1.5, "voxelBatch": 100}
    assert set(maps) == set(MAPS)
    for given in (maps, *({key: value} for key, value in maps.items())):
        found = vm.Settings.from_pyradiomics({"voxelSetting": given})
        said = f"voxelSetting ({', '.join(given)}): for voxel maps, without effect on the features of regions"
        assert found == vm.Settings.from_pyradiomics({}).changed({"notes": (said,)})


def test_defaults_of_voxel_maps_are_not_noted() -> None:
    maps = {"kernelRadius": 1, "maskedKernel": True, "initValue": 0, "voxelBatch": None}
    assert vm.Settings.from_pyradiomics({"voxelSetting": maps}) == vm.Settings.from_pyradiomics({})


@pytest.mark.parametrize("name", ["Original", "Wavelet"])
@pytest.mark.parametrize("key", TEXTURE)
def test_an_image_type_takes_settings_of_features_for_itself(key: str, name: str) -> None:
    """They go before those of all images."""
    own = next(setting for setting, _ in TRANSLATIONS if list(setting) == [key])
    found = vm.Settings.from_pyradiomics({"imageType": {name: own}, "setting": {"voxelArrayShift": 5}})
    alone = settings({"voxelArrayShift": 5, **own})
    measured = found.of_image(IMAGES[name][0])
    for setting in ("discretise", "slice_axis", "distances", "gldm_alpha", "glcm_symmetric", "weighting"):
        assert getattr(measured, setting) == getattr(alone, setting)
    assert measured.voxel_array_shift == alone.voxel_array_shift
    assert found.changed({"images": ["original"]}) == settings({"voxelArrayShift": 5})


def test_the_bin_count_of_all_goes_before_the_bin_width_of_one_image_type() -> None:
    """As in PyRadiomics, which puts both together before it looks."""
    parameters = {"setting": {"binCount": 8}, "imageType": {"Square": {"binWidth": 3}, "Wavelet": {"binCount": 9}}}
    found = vm.Settings.from_pyradiomics(parameters)
    assert found.of_image("square").discretise == vm.Discretise(bin_count=8)
    assert found.of_image("wavelet").discretise == vm.Discretise(bin_count=9)


def test_null_for_an_image_type_is_pyradiomics_default() -> None:
    parameters = {
        "imageType": {"Original": {"binCount": None, "gldm_a": None, "force2D": None}},
        "setting": {"binCount": 8, "gldm_a": 2, "force2D": True},
    }
    measured = vm.Settings.from_pyradiomics(parameters).of_image("original")
    assert (measured.discretise, measured.gldm_alpha, measured.slice_axis) == (vm.Discretise(bin_width=25), 0, None)


def test_what_has_no_effect_on_an_image_type_is_a_note() -> None:
    own = {"resampledPixelSpacing": [1, 1, 1], "sigma": [2], "level": 2, "label": 3, "preCrop": None, "padDistance": 8}
    found = vm.Settings.from_pyradiomics({"imageType": {"Wavelet": own}, "setting": {"label": 3, "padDistance": 8}})
    plain = vm.Settings.from_pyradiomics({"imageType": {"Wavelet": {"level": 2}}, "setting": {"label": 3}})
    said = "imageType.Wavelet (resampledPixelSpacing, sigma): without effect on this image type alone"
    assert said in found.notes
    assert found.changed({"notes": []}) == plain.changed({"notes": []})


def test_an_image_type_has_no_label_of_its_own() -> None:
    said = refusal({"imageType": {"Original": {"label": 2}}})
    assert said.startswith("imageType.Original.label is 2, and the label that is measured is 1, in all images; leave")
    said = refusal({"imageType": {"Original": {"labell": 1}}})
    assert said == "imageType.Original: unknown key 'labell'; did you mean 'label'?"


def test_sigmas_that_are_written_otherwise_are_others() -> None:
    settings = vm.Settings.from_pyradiomics({"imageType": {"LoG": {"sigma": [1, 1.0, 1.0]}}})
    assert [str(sigma) for sigma in settings.images["log"].sigma_mm] == ["1", "1.0"]  # type: ignore[attr-defined]


def test_image_types_in_their_order() -> None:
    parameters = {"imageType": {"Wavelet": {}, "LBP2D": {}, "Original": {}, "LoG": {"sigma": [3, 1.0]}, "Square": None}}
    found = vm.Settings.from_pyradiomics(parameters)
    assert list(found.images) == ["wavelet", "lbp2d", "original", "log", "square"]
    assert found.images["log"].model_dump(exclude_unset=True) == {"sigma_mm": (3, 1.0)}


def test_a_sigma_that_is_given_twice_counts_once() -> None:
    settings = vm.Settings.from_pyradiomics({"imageType": {"LoG": {"sigma": [2.0, 3, 2.0]}}})
    assert settings.images["log"].sigma_mm == (2.0, 3)  # type: ignore[attr-defined]


def test_log_without_a_sigma_has_no_images() -> None:
    found = vm.Settings.from_pyradiomics({"imageType": {"Original": {}, "LoG": {}}})
    assert list(found.images) == ["original"]
    assert found.notes == ("imageType.LoG has no effect: no sigma is given",)


@pytest.mark.parametrize(
    "images, said",
    [
        ({"LoG": {}}, "imageType.LoG is the only image type, and has no sigma; give it one"),
        ({"LoG": {"sigma": []}}, "imageType.LoG is the only image type, and has no sigma; give it one"),
        ({"LoG": {"sigma": [-1]}}, "imageType.LoG.sigma must be a number above 0; found -1"),
        (
            {"LBP2D": {"lbp2DSamples": 32, "lbp2DMethod": "default"}},
            "imageType.LBP2D: lbp2DSamples must be at most 31 by lbp2DMethod default; found 32",
        ),
        ({"LBP2D": {"lbp2DSamples": 1025}}, "lbp2DSamples must be a whole number from 1 to 1024; found 1025"),
        ({"LBP3D": {"lbp3DLevels": 17}}, "imageType.LBP3D.lbp3DLevels must be a whole number from 1 to 16; found 17"),
        ({"LBP3D": {"lbp3DIcosphereSubdivision": 6}}, "must be a whole number from 0 to 5; found 6"),
    ],
    ids=str,
)
def test_image_types_that_cannot_be_made(images: dict[str, Any], said: str) -> None:
    """Refused in the words of the file."""
    with pytest.raises(vm.SettingsError) as refused:
        vm.Settings.from_pyradiomics({"imageType": images})
    assert said in str(refused.value)
    assert "images" not in str(refused.value)


@pytest.mark.parametrize(
    "section, stop, known",
    [("setting: &settings", "voxelSetting:", SETTING), ("voxelSetting:", "featureClass:", MAPS)],
)
def test_every_key_of_pyradiomics_is_known(
    radiomics: ModuleType, section: str, stop: str, known: Mapping[str, object]
) -> None:
    schema, _ = radiomics.getParameterValidationFiles()
    text = Path(schema).read_text(encoding="utf-8")
    keys = re.findall(r"^      (\w+):$", text[text.index(f"  {section}") : text.index(f"  {stop}")], re.MULTILINE)
    assert len(keys) == len(set(keys)) >= 4
    assert set(keys) == set(known)


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


@pytest.mark.parametrize("key, value, kind", WRONG)
def test_wrong_values_name_pyradiomics_own_key(key: str, value: object, kind: str) -> None:
    assert refusal({"setting": {key: value}}) == f"setting.{key} must be {kind}; found {value!r}"


@pytest.mark.parametrize("setting, said", WRONG_WORDS, ids=str)
def test_wrong_words_and_lists(setting: Mapping[str, Any], said: str) -> None:
    assert refusal({"setting": setting}) == said


def test_every_key_has_a_wrong_value() -> None:
    assert {key for key, _, _ in WRONG} | {key for setting, _ in WRONG_WORDS for key in setting} == set(SETTING)


@pytest.mark.parametrize(
    "key, value, kind",
    [
        ("kernelRadius", 0, "a whole number above 0"),
        ("maskedKernel", 1, "true or false"),
        ("initValue", "none", "a number"),
        ("voxelBatch", -1, "a whole number above 0"),
    ],
)
def test_wrong_values_for_voxel_maps(key: str, value: object, kind: str) -> None:
    assert refusal({"voxelSetting": {key: value}}) == f"voxelSetting.{key} must be {kind}; found {value!r}"


def test_wrong_values_for_the_original_image() -> None:
    said = refusal({"imageType": {"Original": {"binWidth": -1}}})
    assert said == "imageType.Original.binWidth must be a number above 0; found -1"


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


@pytest.mark.parametrize("value", ["nan", "NaN", float("nan")])
def test_voxels_outside_may_be_no_number_as_in_the_published_example(value: object) -> None:
    found = vm.Settings.from_pyradiomics({"voxelSetting": {"initValue": value}})
    assert found.notes == ("voxelSetting (initValue): for voxel maps, without effect on the features of regions",)
