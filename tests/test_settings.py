"""Settings: defaults, what is accepted, and that every mistake is one sentence."""

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import voxmill as vm
from voxmill.errors import nearest
from voxmill.settings import PROFILES
from voxmill_kernels.features.catalogue import BY_DEFAULT, FAMILIES, STANDARD

SLICE_AXES = "'z', 'y', 'x', 'first', 'second' or 'third'"


def refusal(values: object) -> str:
    """What is said about values that make no sense."""
    with pytest.raises(vm.SettingsError) as caught:
        vm.Settings.parse(values)  # type: ignore[arg-type]
    return str(caught.value)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "given, solid, flat",
    [
        ("first", "z", "y"),
        ("second", "y", "x"),
        ("third", "x", None),
        ("z", "z", "z"),
        ("x", "x", "x"),
        (None, None, None),
    ],
)
def test_axes_of_an_image_by_letter(given: str | None, solid: str | None, flat: str | None) -> None:
    settings = vm.Settings.parse({"slice_axis": given, "gldm_alpha": 3})
    for dimensions, letter in ((3, solid), (2, flat)):
        assert settings.within(dimensions) == vm.Settings.parse({"slice_axis": letter, "gldm_alpha": 3})


def test_defaults_are_those_of_pyradiomics() -> None:
    settings = vm.Settings()
    assert settings.discretise.bin_width == 25
    assert settings.discretise.bin_count is None
    assert {family: len(names) for family, names in settings.features.items()} == {
        "shape": 14,
        "firstorder": 18,
        "glcm": 24,
        "gldm": 14,
        "glrlm": 16,
        "glszm": 16,
        "ngtdm": 5,
    }
    assert settings.labels is None
    assert settings.voxel_array_shift == 0
    assert (settings.slice_axis, settings.distances, settings.weighting) == (None, (1,), None)
    assert (settings.gldm_alpha, settings.glcm_symmetric) == (0, True)
    assert (settings.min_region_voxels, settings.min_region_dimensions) == (2, 2)
    assert settings.grid_tolerance == 1e-6


def test_the_default_profile_is_the_defaults() -> None:
    assert vm.Settings.parse({}) == vm.Settings() == vm.Settings.parse({"profile": "pyradiomics"})
    assert PROFILES["pyradiomics"] == {}  # or a default would stand in two places


def test_yaml_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        profile: pyradiomics
        discretise: {bin_count: 64}
        features: {glcm: [JointEntropy, Contrast], firstorder: all, ngtdm: }
        labels: [tumour, 3, "007"]
        grid_tolerance: 1e-4     # text to YAML 1.1
        """,
    )
    settings = vm.Settings.read(path)
    assert settings == vm.Settings.read(str(path))
    assert settings.discretise == vm.Discretise(bin_count=64)
    assert list(settings.features) == ["firstorder", "glcm", "ngtdm"]  # the catalogue's order
    assert settings.features["glcm"] == ("Contrast", "JointEntropy")
    assert settings.features["firstorder"] == STANDARD["firstorder"]
    assert settings.labels == ("tumour", 3, "007")
    assert settings.grid_tolerance == 1e-4


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "---\n"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert vm.Settings.read(written(tmp_path, text)) == vm.Settings()


@pytest.mark.parametrize("wanted", ["glcm", ["glcm"], ("glcm",), {"glcm": "all"}, {"glcm": None}])
def test_one_family(wanted: object) -> None:
    assert vm.Settings.parse({"features": wanted}).features == {"glcm": vm.Settings().features["glcm"]}


def test_one_feature() -> None:
    assert vm.Settings.parse({"features": {"glcm": "Contrast"}}).features == {"glcm": ("Contrast",)}


@pytest.mark.parametrize("wanted", ["all", None, list(BY_DEFAULT), dict.fromkeys(BY_DEFAULT, "all")])
def test_all_features(wanted: object) -> None:
    assert vm.Settings.parse({"features": wanted}).features == vm.Settings().features


def test_shape2d_and_deprecated_features_are_there_when_named() -> None:
    settings = vm.Settings.parse({"features": {"shape2D": None, "glcm": ["SumVariance", "Id"], "gldm": "all"}})
    assert settings.features["shape2D"] == STANDARD["shape2D"]
    assert settings.features["glcm"] == ("Id", "SumVariance")
    assert settings.features["gldm"] == STANDARD["gldm"]
    every = {family: [feature.name for feature in features] for family, features in FAMILIES.items()}
    assert {family: list(names) for family, names in vm.Settings.parse({"features": every}).features.items()} == every


@pytest.mark.parametrize(
    "values, said",
    [
        ({"lables": [1]}, "unknown setting 'lables'; did you mean 'labels'?"),
        ({"Labels": [1]}, "unknown setting 'Labels'; did you mean 'labels'?"),
        ({"profil": "pyradiomics"}, "unknown setting 'profil'; did you mean 'profile'?"),
        ({"bin_width": 10}, "unknown setting 'bin_width'; did you mean 'discretise.bin_width'?"),
        ({"binWidth": 10}, "unknown setting 'binWidth'; did you mean 'discretise.bin_width'?"),
        ({"discretise": {"bin_widht": 10}}, "discretise: unknown setting 'bin_widht'; did you mean 'bin_width'?"),
        ({"min_volume_mm3": 10}, "unknown setting 'min_volume_mm3'; did you mean 'components.min_volume_mm3'?"),
        (
            {"components": {"min_size": 3}},
            "components: unknown setting 'min_size'; known: min_volume_mm3, connectivity",
        ),
        ({"features": "glmc"}, "features: unknown feature family 'glmc'; did you mean 'glcm'?"),
        ({"features": ["GLCM"]}, "features: unknown feature family 'GLCM'; did you mean 'glcm'?"),
        ({"features": {"glcm": ["Contrats"]}}, "features.glcm: unknown feature 'Contrats'; did you mean 'Contrast'?"),
        ({"features": {"shape": "volume"}}, "features.shape: unknown feature 'volume'; did you mean 'MeshVolume'?"),
        (
            {"features": {"glcm": ["Disimilarity"]}},
            "features.glcm: unknown feature 'Disimilarity'; did you mean 'Dissimilarity'?",
        ),
        (
            {"features": {"shape2D": "Perimetre"}},
            "features.shape2D: unknown feature 'Perimetre'; did you mean 'Perimeter'?",
        ),
        ({"features": "shape2d"}, "features: unknown feature family 'shape2d'; did you mean 'shape2D'?"),
        ({"profile": "ibsi"}, "unknown profile 'ibsi'; known: pyradiomics"),
    ],
)
def test_a_misspelt_name_gets_the_nearest_valid_one(values: dict[str, Any], said: str) -> None:
    assert refusal(values) == said


def test_a_name_like_no_other_gets_all_valid_ones_or_the_nearest_of_many() -> None:
    assert refusal({"discretise": {"zzzz": 1}}) == "discretise: unknown setting 'zzzz'; known: bin_width, bin_count"
    assert re.match(r"unknown setting 'zzzz'; the nearest of \d\d: ([\w.]+, ){5}[\w.]+$", refusal({"zzzz": 1}))
    said = refusal({"features": {"glcm": ["zzzz"]}})
    assert "; the nearest of 28: " in said
    assert len(said) < 200
    with pytest.raises(vm.SettingsError, match=r"unknown key 'zzzz'; the nearest of \d\d: (\w+, ){5}\w+$"):
        vm.Settings.from_pyradiomics({"setting": {"zzzz": 1}})


@pytest.mark.parametrize(
    "values, said",
    [
        (
            {"discretise": {"bin_width": 5, "bin_count": 5}},
            "discretise: bin_width and bin_count exclude each other; give one of them",
        ),
        ({"discretise": {}}, "discretise: give bin_width or bin_count"),
        ({"discretise": None}, "discretise: give names with values; found None"),
        ({"discretise": 25}, "discretise: give names with values; found 25"),
        ({"discretise": {"bin_width": 0}}, "discretise: bin_width must be above 0; found 0"),
        ({"discretise": {"bin_width": "wide"}}, "discretise: bin_width must be a number; found 'wide'"),
        ({"discretise": {"bin_width": True}}, "discretise: bin_width: give a number; found true"),
        ({"discretise": {"bin_width": float("inf")}}, "discretise: bin_width must be finite; found inf"),
        ({"discretise": {"bin_width": float("nan")}}, "discretise: bin_width must be finite; found nan"),
        ({"discretise": {"bin_width": [25]}}, "discretise: bin_width must be a number; found [25]"),
        ({"discretise": {"bin_count": 2.5}}, "discretise: bin_count must be a whole number; found 2.5"),
        ({"discretise": {"bin_count": 0}}, "discretise: bin_count must be at least 1; found 0"),
        ({"discretise": {"bin_count": 65_536}}, "discretise: bin_count must be at most 65535; found 65536"),
        ({"features": {}}, "features: give at least one family, or leave it out for all"),
        ({"features": []}, "features: give at least one family, or leave it out for all"),
        ({"features": {"glcm": []}}, "features.glcm: give 'all' or a list of feature names; found []"),
        ({"features": {"glcm": True}}, "features.glcm: give 'all' or a list of feature names; found True"),
        ({"features": {"glcm": [1]}}, None),
        ({"labels": []}, "labels: give at least one, or leave it out for all"),
        ({"labels": [True]}, "labels: give whole numbers or names (in quotes); found True"),
        ({"labels": [1.5]}, "labels: give whole numbers or names (in quotes); found 1.5"),
        ({"labels": [""]}, "labels: give whole numbers or names (in quotes); found ''"),
        ({"labels": {"tumour": 1}}, "labels: give whole numbers or names (in quotes); found {'tumour': 1}"),
        ({"unions": {"all": []}}, "unions.all: give at least one, or leave the union out"),
        ({"unions": {"all": [1.5]}}, "unions.all: give whole numbers or names (in quotes); found 1.5"),
        ({"unions": {"all": None}}, "unions.all: give whole numbers or names (in quotes); found None"),
        ({"unions": {5: [1, 2]}}, "unions: a union's name is text that is no number; found 5"),
        ({"unions": {"5": [1, 2]}}, "unions: a union's name is text that is no number; found '5'"),
        ({"unions": {" ": [1, 2]}}, "unions: a union's name is text that is no number; found ' '"),
        ({"unions": [1, 2]}, "unions: give names with the labels that each unites; found [1, 2]"),
        ({"components": 50}, "components: give names with values; found 50"),
        ({"components": {"min_volume_mm3": -1}}, "components: min_volume_mm3 must be at least 0; found -1"),
        ({"components": {"min_volume_mm3": True}}, "components: min_volume_mm3: give a number; found true"),
        ({"components": {"connectivity": 8}}, "components: connectivity must be 6, 18 or 26; found 8"),
        ({"label_channel": -1}, "label_channel must be at least 0; found -1"),
        ({"label_channel": False}, "label_channel: give a number; found false"),
        ({"slice_axis": "axial"}, f"slice_axis must be {SLICE_AXES}; found 'axial'"),
        ({"slice_axis": 0}, f"slice_axis must be {SLICE_AXES}; found 0"),
        ({"distances": []}, "distances: give at least one, each once; found []"),
        ({"distances": [2, 1, 2]}, "distances: give at least one, each once; found [2, 1, 2]"),
        ({"distances": 2}, "distances must be a list; found 2"),
        ({"distances": [1, 0]}, "distances.1 must be at least 1; found 0"),
        ({"distances": [-1]}, "distances.0 must be at least 1; found -1"),
        ({"distances": [51]}, "distances.0 must be at most 50; found 51"),
        ({"distances": [1.5]}, "distances.0 must be a whole number; found 1.5"),
        ({"distances": [True]}, "distances.0: give a number; found true"),
        ({"gldm_alpha": -1}, "gldm_alpha must be at least 0; found -1"),
        ({"glcm_symmetric": 1}, "glcm_symmetric must be true or false; found 1"),
        (
            {"weighting": "euclid"},
            "weighting must be 'manhattan', 'euclidean', 'infinity' or 'no_weighting'; found 'euclid'",
        ),
        ({"voxel_array_shift": None}, "voxel_array_shift must be a number; found None"),
        ({"min_region_voxels": 1}, "min_region_voxels must be at least 2; found 1"),
        ({"min_region_dimensions": 4}, "min_region_dimensions must be at most 3; found 4"),
        ({"grid_tolerance": 0}, "grid_tolerance must be above 0; found 0"),
        ({"profile": ["pyradiomics"]}, "unknown profile ['pyradiomics']; did you mean 'pyradiomics'?"),
        ([1], "settings are names with values; found [1]"),
        (None, "settings are names with values; found None"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(values: object, said: str | None) -> None:
    found = refusal(values)
    assert "\n" not in found
    assert "pydantic" not in found.lower()
    assert "http" not in found
    assert said is None or found == said


@pytest.mark.parametrize("wanted", [5, [["glcm"]], [{"glcm": ["Contrast"]}], True])
def test_features_of_another_form(wanted: object) -> None:
    assert refusal({"features": wanted}).startswith("features: give 'all', a list of families, or families with lists")


LONG = "a" * 100_000
ALIASES = "\n".join([f"x0: &x0 [{LONG[:99]}]", *(f"x{n}: &x{n} [{f'*x{n - 1}, ' * 9}]" for n in range(1, 9))])


@pytest.mark.parametrize(
    "text",
    [
        f"{ALIASES}\nlabels: *x8",
        f"{ALIASES}\nfeatures: *x8\nprofile: *x8",
        f"{ALIASES}\nprofile: *x8",
        f"features: {{glcm: [{LONG}]}}",
        f"{LONG}: 1",
        f"{LONG}: 1\n{LONG}: 1",
        f"labels: !{LONG} x",
        f"labels: *{LONG}",
        "\n".join(f"key{n}: 1" for n in range(20_000)),
        f"{ALIASES}\nsetting: *x8",
        f"setting: {{normalize: [{LONG}], {LONG}: 1}}",
        "voxelSetting: {" + ", ".join(f"key{n}: 1" for n in range(20_000)) + "}",
        f"label_channel: 0x{LONG}",
        f"0x{LONG}: 1",
        f"labels: [0x{LONG}]",
        f"min_region_voxels: 0x{LONG}",
        f"setting: {{label: 0x{LONG}}}",
    ],
    ids=range(17),
)
def test_a_sentence_stays_short_whatever_the_file_holds(tmp_path: Path, text: str) -> None:
    with pytest.raises(vm.SettingsError) as caught:
        vm.Settings.read(written(tmp_path, text))
    assert len(str(caught.value)) < 2500
    assert "\n" not in str(caught.value)


def test_a_file_that_is_too_large_for_settings(tmp_path: Path) -> None:
    with pytest.raises(vm.SettingsError, match=r"^mine.yaml: settings take up at most 1,000,000 bytes"):
        vm.Settings.read(written(tmp_path, "#" * 1_000_001))
    assert vm.Settings.read(written(tmp_path, "#" * 1_000_000)) == vm.Settings()


@pytest.mark.parametrize("text", ['labels: !!int ""', "labels: !!bool maybe", "labels: !!timestamp today"])
def test_a_tag_that_does_not_fit_its_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(vm.SettingsError, match=r"^mine.yaml: settings must be YAML or JSON"):
        vm.Settings.read(written(tmp_path, text))


def test_several_mistakes_are_all_named() -> None:
    said = refusal({"lables": 1, "min_region_voxels": 0, "features": "glmc"})
    assert "'lables'" in said
    assert "min_region_voxels must be" in said
    assert "'glmc'" in said


def test_made_in_python_they_are_checked_too() -> None:
    assert vm.Settings(discretise=vm.Discretise(bin_count=8)) == vm.Settings.parse({"discretise": {"bin_count": 8}})
    with pytest.raises(vm.SettingsError, match=r"did you mean 'discretise\.bin_width'"):
        vm.Settings(bin_width=10)  # type: ignore[call-arg]
    with pytest.raises(vm.SettingsError, match="bin_width must be above 0; found -1"):
        vm.Discretise(bin_width=-1)
    with pytest.raises(vm.SettingsError, match=r"^bin_width and bin_count exclude each other; give one of them$"):
        vm.Discretise(bin_width=3, bin_count=64)
    with pytest.raises(vm.SettingsError, match=r"^give bin_width or bin_count$"):
        vm.Discretise()
    with pytest.raises(vm.SettingsError, match="exclude each other"):
        vm.Settings(discretise={"bin_width": 1, "bin_count": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["tumour", 2, np.int64(2), ["tumour"], (2,), np.array([2, 5]), range(1, 3)])
def test_one_label_or_several(label: object) -> None:
    labels = vm.Settings.parse({"labels": label}).labels
    assert labels in [("tumour",), (2,), (2, 5), (1, 2)]
    assert all(type(one) in (int, str) for one in labels or ())


def test_one_union_of_one_label_or_of_several() -> None:
    unions = vm.Settings.parse({"unions": {"whole": [1, 2, "4"], "targets": "GTV*", "two": 2}}).unions
    assert list(unions.items()) == [("whole", (1, 2, "4")), ("targets", ("GTV*",)), ("two", (2,))]
    assert vm.Settings.parse({"unions": None}) == vm.Settings.parse({"unions": {}}) == vm.Settings()


def test_components_in_every_form() -> None:
    assert vm.Settings.parse({"components": True}).components == vm.Components()
    assert vm.Settings.parse({"components": {}}).components == vm.Components(min_volume_mm3=0, connectivity=26)
    for none in (False, None):
        assert vm.Settings.parse({"components": none}) == vm.Settings()


def test_changed_settings_are_checked_too() -> None:
    settings = vm.Settings.parse({"features": "glcm", "unions": {"all": [1, 2]}})
    assert settings.changed({"labels": [1]}) == vm.Settings.parse(
        {"features": "glcm", "unions": {"all": [1, 2]}, "labels": [1]}
    )
    with pytest.raises(vm.SettingsError, match="components: min_volume_mm3 must be at least 0; found -1"):
        settings.changed({"components": {"min_volume_mm3": -1}})


def test_they_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        vm.Settings().label_channel = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        vm.Settings().discretise.bin_width = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="item assignment"):
        vm.Settings().features["glcm"] = ()  # type: ignore[index]


def test_they_have_a_hash() -> None:
    some = vm.Settings.parse({"features": {"glcm": ["Id"], "shape": "all"}, "labels": [1, "node"]})
    assert {vm.Settings(): 1, some: 2}[pickle.loads(pickle.dumps(some))] == 2
    assert hash(vm.Settings()) == hash(vm.Settings.parse({}))
    assert len({vm.Settings(), some, vm.Settings.parse({"features": "glcm"})}) == 3


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"discretise": {"bin_count": 7}, "labels": [1, "1", "node"], "features": {"glcm": ["Id"]}, "label_channel": 2},
        {"unions": {"whole": [1, "2"], "targets": "GTV*"}, "components": {"min_volume_mm3": 12.5, "connectivity": 6}},
    ],
)
def test_round_trips(values: dict[str, Any], tmp_path: Path) -> None:
    settings = vm.Settings.parse(values)
    assert vm.Settings.parse(settings.model_dump()) == settings
    assert vm.Settings.parse(json.loads(settings.model_dump_json())) == settings
    assert vm.Settings.read(written(tmp_path, settings.model_dump_json())) == settings
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert settings.model_copy(deep=True) == settings
    assert type(settings.model_dump()["features"]) is dict
    assert json.loads(settings.model_dump_json()) == settings.model_dump(mode="json")


@pytest.mark.parametrize(
    "text, said",
    [
        ("discretise: {bin_widht: 3}", "mine.yaml: discretise: unknown setting 'bin_widht'; did you mean 'bin_width'?"),
        ("- glcm", "mine.yaml: settings are names with values; found list"),
        ("just words", "mine.yaml: settings are names with values; found str"),
        ("labels: [1", "mine.yaml: settings must be YAML or JSON; "),
        ("labels: 1\n\tfeatures: all", "mine.yaml: settings must be YAML or JSON; "),
        ("labels: 2020-13-45", "mine.yaml: settings must be YAML or JSON; "),
        ("labels: !!python/object/apply:os.getcwd []", "mine.yaml: settings must be YAML or JSON; "),
        ("labels: 1\nfeatures: all\nlabels: 2", "mine.yaml: settings must be YAML or JSON; 'labels' is given twice"),
        ("features: {glcm: Id, glcm: Idm}", "mine.yaml: settings must be YAML or JSON; 'glcm' is given twice"),
        ("[" * 5000, "mine.yaml: settings must be YAML or JSON; "),
        ("labels: yes", "mine.yaml: labels: give whole numbers or names (in quotes); found True"),
        ("min_region_voxels: on", "mine.yaml: min_region_voxels: give a number; found true"),
    ],
    ids=range(12),
)
def test_a_bad_file_is_one_sentence_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(vm.SettingsError) as caught:
        vm.Settings.read(written(tmp_path, text))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_where_the_mistake_is(tmp_path: Path) -> None:
    with pytest.raises(vm.SettingsError, match=r"in line 3$"):
        vm.Settings.read(written(tmp_path, "labels: 1\nfeatures: all\ndiscretise: : 3\n"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(vm.SettingsError, match=r"^none.yaml: settings cannot be read: No such file"):
        vm.Settings.read(tmp_path / "none.yaml")
    with pytest.raises(vm.SettingsError, match=r"settings cannot be read: "):
        vm.Settings.read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"labels: [\xfcbel]")
    with pytest.raises(vm.SettingsError, match=r"^latin.yaml: settings must be YAML or JSON"):
        vm.Settings.read(tmp_path / "latin.yaml")


def test_a_file_of_pyradiomics_is_known_by_its_sections(tmp_path: Path) -> None:
    path = written(tmp_path, "setting: {binWidth: 7}\nimagetype: {Original: {}}")
    with pytest.raises(vm.SettingsError, match=r"^mine\.yaml: unknown section 'imagetype'; did you mean 'imageType'"):
        vm.Settings.read(path)
    assert vm.Settings.read(written(tmp_path, "setting: {binWidth: 7}")).discretise.bin_width == 7


@pytest.mark.parametrize(
    "text, said",
    [
        ("settings: {binWidth: 7}", "unknown section 'settings'; did you mean 'setting'?"),
        ("featureclass: {glcm: }", "unknown section 'featureclass'; did you mean 'featureClass'?"),
        ("settings: {}\nimageType: {Original: {}}", "unknown section 'settings'; did you mean 'setting'?"),
        ("featues: all", "unknown setting 'featues'; did you mean 'features'?"),
        ("feature: all", "unknown setting 'feature'; did you mean 'features'?"),
        ("binWidth: 5", "unknown setting 'binWidth'; did you mean 'discretise.bin_width'?"),
    ],
)
def test_a_misspelt_section_is_known_as_one(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(vm.SettingsError) as caught:
        vm.Settings.read(written(tmp_path, text))
    assert str(caught.value) == f"mine.yaml: {said}"


def test_nearest_ignores_case_and_prefers_the_same_letters() -> None:
    assert nearest("CONTRAST", ["Contrast", "Correlation"]) == "; did you mean 'Contrast'?"
    assert nearest("glmc", ["gldm", "glcm", "glrlm"]) == "; did you mean 'glcm'?"
    assert nearest("x", ["alpha", "beta"]) == "; known: alpha, beta"


def test_cropping_and_resampling_exclude_each_other() -> None:
    with pytest.raises(vm.SettingsError, match="crop and resample exclude each other"):
        vm.Settings.parse({"crop": True, "resample": {"spacing_mm": [1, 1, 1]}})
