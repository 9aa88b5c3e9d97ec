"""The catalogue against IBSI's list of features and PyRadiomics' own names."""

import csv
from pathlib import Path
from types import ModuleType

import pytest

from voxmill_kernels.features.catalogue import BY_DEFAULT, CATALOGUE, FAMILIES, STANDARD

COUNTS = {"shape": 14, "shape2D": 9, "firstorder": 18, "glcm": 24, "gldm": 14, "glrlm": 16, "glszm": 16, "ngtdm": 5}
DEPRECATED = {"shape": 3, "shape2D": 1, "firstorder": 1, "glcm": 4, "gldm": 2, "glrlm": 0, "glszm": 0, "ngtdm": 0}
# Where IBSI's family of the same matrix or measure is found.
IBSI_FAMILIES = {
    "shape": {"HCUG"},
    "firstorder": {"UHIW", "ZVCW"},
    "glcm": {"LFYI"},
    "gldm": {"REK0"},
    "glrlm": {"TP0I"},
    "glszm": {"9SAK"},
    "ngtdm": {"IPET"},
}


def test_counts() -> None:
    assert {family: len(names) for family, names in STANDARD.items()} == COUNTS
    assert {family: sum(f.deprecated != "" for f in features) for family, features in FAMILIES.items()} == DEPRECATED
    assert sum(len(STANDARD[family]) for family in BY_DEFAULT) == 107
    assert len(CATALOGUE) == sum(COUNTS.values()) + sum(DEPRECATED.values())


def test_names_are_unique() -> None:
    assert len({feature.full_name for feature in CATALOGUE}) == len(CATALOGUE)
    codes = [feature.ibsi for feature in CATALOGUE if feature.ibsi]
    assert len(set(codes)) == len(codes)


def test_every_feature_is_described() -> None:
    for family, features in FAMILIES.items():
        for feature in features:
            assert feature.family == family
            assert feature.full_name == f"{family}_{feature.name}"
            assert feature.unit
            assert feature.definition
            assert "PyRadiomics" in feature.source


def test_codes_are_ibsis(reference_data: Path) -> None:
    with (reference_data / "ibsi" / "ibsi1" / "features.csv").open(newline="") as file:
        known = {row["ibsi_id"]: row["family_id"] for row in csv.DictReader(file)}
    for feature in CATALOGUE:
        if feature.ibsi:
            assert known.get(feature.ibsi) in IBSI_FAMILIES[feature.family], feature.full_name


@pytest.mark.parametrize("family", FAMILIES)
def test_names_and_their_order_are_pyradiomics(radiomics: ModuleType, family: str) -> None:
    theirs = radiomics.getFeatureClasses()[family].getFeatureNames()
    enabled = [name for name, is_deprecated in theirs.items() if not is_deprecated]
    assert list(STANDARD[family]) == enabled
    assert [feature.name for feature in FAMILIES[family] if not feature.deprecated] == enabled
    assert {feature.name for feature in FAMILIES[family]} == set(theirs)


def test_shape2d_is_not_by_default() -> None:
    assert set(FAMILIES) - set(BY_DEFAULT) == {"shape2D"}
