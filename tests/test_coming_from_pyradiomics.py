"""The page `docs/coming-from-pyradiomics.md` names every key of PyRadiomics, and what becomes of each."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import voxmill as vm
from voxmill.pyradiomics_keys import IMAGE_TYPES, MAPS, SECTIONS, SETTING
from voxmill.pyradiomics_parameters import IMAGES
from voxmill.settings import HOLDERS
from voxmill_kernels.features.catalogue import FAMILIES

PAGE = Path(__file__).parents[1] / "docs" / "coming-from-pyradiomics.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|", re.MULTILINE)
TEXT = PAGE.read_text(encoding="utf-8")
HERE: Mapping[str, Mapping[str, str]] = {
    section: dict(ROW.findall(re.split(r"^##", TEXT.partition(f"\n### {section}\n")[2], flags=re.MULTILINE)[0]))
    for section in SECTIONS
}
"""What the page says of every key, by section."""
RESAMPLED = {"resampledPixelSpacing": [1, 1, 1]}
SAMPLES: Mapping[str, tuple[Mapping[str, Any], Any]] = {
    "minimumROIDimensions": ({}, 3),
    "minimumROISize": ({}, 100),
    "geometryTolerance": ({}, 0.1),
    "correctMask": ({}, True),
    "additionalInfo": ({}, True),
    "label": ({}, 2),
    "label_channel": ({}, 1),
    "binWidth": ({}, 5),
    "binCount": ({}, 8),
    "normalize": ({}, True),
    "normalizeScale": ({"normalize": True}, 100),
    "removeOutliers": ({"normalize": True}, 3),
    "resampledPixelSpacing": (RESAMPLED, [2, 2, 2]),
    "interpolator": (RESAMPLED, "sitkLinear"),
    "distances": ({}, [2]),
    "force2D": ({}, True),
    "force2Ddimension": ({"force2D": True}, 2),
    "resegmentRange": ({"resegmentRange": [0, 1]}, [0, 2]),
    "resegmentMode": ({"resegmentRange": [0, 1]}, "sigma"),
    "resegmentShape": ({"resegmentRange": [0, 1]}, True),
    "preCrop": ({}, True),
    "voxelArrayShift": ({}, 1000),
    "symmetricalGLCM": ({}, False),
    "weightingNorm": ({}, "manhattan"),
    "gldm_a": ({}, 1),
}
"""A value that is not the default, beside what it needs to have an effect."""
FILTERS = {
    "sigma": [1],
    "start_level": 1,
    "level": 2,
    "wavelet": "haar",
    "gradientUseSpacing": False,
    "lbp2DRadius": 2,
    "lbp2DSamples": 4,
    "lbp2DMethod": "ror",
    "lbp3DLevels": 1,
    "lbp3DIcosphereRadius": 2,
    "lbp3DIcosphereSubdivision": 2,
}


def flat(setting: Mapping[str, Any]) -> dict[str, Any]:
    """The values of our settings for a section of PyRadiomics, without notes, those below another by dotted names."""
    values = vm.Settings.from_pyradiomics({"setting": setting}).model_dump(exclude={"notes"})
    found = {name: value for name, value in values.items() if name not in HOLDERS or value is None}
    return found | {
        f"{name}.{field}": value
        for name, model in values.items()
        if name not in found
        for field, value in model.items()
    }


def changed(key: str, needs: Mapping[str, Any], value: object) -> set[str]:
    """Which of our settings another value of a key changes; a setting that holds others by its own name if all do."""
    before, after = flat(needs), flat({**needs, key: value})
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    whole = {name.partition(".")[0] for name in before.keys() ^ after.keys()}
    return {name for name in names if name.partition(".")[0] not in whole} | whole


def test_no_key_is_missing() -> None:
    assert list(HERE["imageType"]) == list(IMAGE_TYPES)
    assert list(HERE["featureClass"]) == list(FAMILIES)
    assert list(HERE["voxelSetting"]) == list(MAPS)
    assert sorted(HERE["setting"]) == sorted(SETTING) == sorted([*SAMPLES, "padDistance", *FILTERS])


def test_no_key_of_pyradiomics_is_missing(radiomics: ModuleType) -> None:
    schema = yaml.safe_load(Path(radiomics.getParameterValidationFiles()[0]).read_text(encoding="utf-8"))["mapping"]
    assert set(HERE) == set(schema)
    for section in ("setting", "voxelSetting"):
        assert set(HERE[section]) == set(schema[section]["mapping"])
    assert set(HERE["imageType"]) == set(radiomics.getImageTypes())
    assert set(HERE["featureClass"]) == set(radiomics.getFeatureClasses())


@pytest.mark.parametrize("key", SAMPLES)
def test_a_key_becomes_the_setting_that_the_page_names(key: str) -> None:
    needs, value = SAMPLES[key]
    named = re.findall(r"`([\w.]+)`", HERE["setting"][key])
    others = {"discretise.bin_width"} if key == "binCount" else set()
    assert changed(key, needs, value) == {*named, *others}


def test_pad_distance_is_two_settings() -> None:
    found = changed("padDistance", RESAMPLED, 3) | changed("padDistance", {"preCrop": True}, 3)
    assert found == set(re.findall(r"`([\w.]+)`", HERE["setting"]["padDistance"]))


@pytest.mark.parametrize("key", FILTERS)
def test_keys_of_filters(key: str) -> None:
    """They have an effect where their image type is asked for, under `setting` and under it alone."""
    place = HERE["setting"][key].strip("`").split(".")
    (name,) = (theirs for theirs, (ours, _) in IMAGES.items() if ours == place[1])
    for parameters in (
        {"setting": {key: FILTERS[key]}, "imageType": {name: {}}},
        {"imageType": {name: {key: FILTERS[key]}}},
    ):
        image = vm.Settings.from_pyradiomics(parameters).images[place[1]]
        found = getattr(image, place[2])
        assert (list(found) if isinstance(found, tuple) else found) == FILTERS[key]
    assert changed(key, {}, FILTERS[key]) == set()


@pytest.mark.parametrize("name", IMAGE_TYPES)
def test_image_types(name: str) -> None:
    assert HERE["imageType"][name] == "yes"
    own = {"sigma": [1]} if name == "LoG" else {}
    assert list(vm.Settings.from_pyradiomics({"imageType": {name: own}}).images) == [IMAGES[name][0]]


@pytest.mark.parametrize("name", FAMILIES)
def test_classes(name: str) -> None:
    assert HERE["featureClass"][name] == "yes"
    assert list(vm.Settings.from_pyradiomics({"featureClass": {name: None}}).features) == [name]


@pytest.mark.parametrize("key", MAPS)
def test_voxel_settings(key: str) -> None:
    assert HERE["voxelSetting"][key] == "no effect"
    value = False if key == "maskedKernel" else 3
    settings = vm.Settings.from_pyradiomics({"voxelSetting": {key: value}})
    assert settings.changed({"notes": ()}) == vm.Settings.from_pyradiomics({})
    assert settings.notes == (f"voxelSetting ({key}): for voxel maps, without effect on the features of regions",)
