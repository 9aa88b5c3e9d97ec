"""PyRadiomics' test cases: all values of its published baseline, every class and variant.

`baseline_tidy.csv` holds those of a run of PyRadiomics 3.0.1 at full precision. Each is met within a relative 1e-6, or
1e-12 absolutely. Those that differ by more than 1e-9 stand in exceptions.csv, each with its reason; a test fails when
one is missing there, when one is there that need not be, and when there are more than 20. shape2D is that of the slice
(across z) in which the region is largest; the variant flatRegion is made by its recorded settings alone (one bin).
"""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

import voxmill as vm
from voxmill_kernels.features.catalogue import STANDARD

CASES = ("brain1", "breast1", "lung1")
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "shape": ("default", "resampling"),
    "shape2D": ("shape2D",),
    "firstorder": ("default", "normalization", "resampling", "resegmentation"),
    "glcm": ("default", "2d", "FBN", "combined", "flatRegion", "normalization", "resampling", "resegmentation"),
    "gldm": ("default", "2d", "FBN", "flatRegion", "normalization", "resampling", "resegmentation"),
    "glrlm": ("default", "2d", "FBN", "combined", "flatRegion", "normalization", "resampling", "resegmentation"),
    "glszm": ("default", "2d", "FBN", "flatRegion", "normalization", "resampling", "resegmentation"),
    "ngtdm": ("default", "2d", "FBN", "flatRegion", "normalization", "resampling", "resegmentation"),
}
PAIRS = tuple((family, variant) for family, variants in VARIANTS.items() for variant in variants)
WITHIN, NEARLY, NOTHING = 1e-9, 1e-6, 1e-12
MOST_EXCEPTIONS = 20
EXCEPTIONS = Path(__file__).with_name("exceptions.csv")
Key = tuple[str, str, str]


@cache
def published(folder: Path) -> Mapping[Key, Mapping[str, float]]:
    """Case, family and variant → name → value."""
    values: dict[Key, dict[str, float]] = {}
    with (folder / "pyradiomics" / "baseline_tidy.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            value = float(row["recomputed_pyradiomics_3_0_1"])
            key = (row["test_case"], row["feature_class"], row["variant"])
            values.setdefault(key, {})[row["feature"]] = value
    return values


@cache
def extracted(folder: Path, case: str, family: str, variant: str) -> Mapping[str, float]:
    """Our values, with the settings that PyRadiomics recorded for a family and variant."""
    recorded = json.loads((folder / "pyradiomics" / "settings.json").read_text())[family][variant]
    settings = vm.Settings.from_pyradiomics({"setting": recorded, "featureClass": {family: None}})
    image = vm.read_image(folder / "pyradiomics" / f"{case}_image.nrrd")
    mask = vm.read_mask(folder / "pyradiomics" / f"{case}_label.nrrd")
    (row,) = vm.extract(image, largest_slice(mask) if family == "shape2D" else mask, settings=settings).rows
    assert row.error is None
    return MappingProxyType({name.rpartition("_")[2]: value for name, value in row.features.items()})


def largest_slice(mask: vm.Mask) -> vm.Mask:
    """The mask in that slice alone."""
    (labels,) = mask.layers
    alone = np.zeros_like(labels)
    place = int((labels == 1).sum(axis=(1, 2)).argmax())
    alone[place] = labels[place] == 1
    return vm.Mask(alone, mask.grid)


def accepted() -> list[tuple[str, str, str, str]]:
    """Case, class, variant and feature of every exception; each has a reason."""
    with EXCEPTIONS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["why"].strip() for row in rows)
    return [(row["case"], row["class"], row["variant"], row["feature"]) for row in rows]


def beyond(folder: Path, case: str, family: str, variant: str, *, relative: float) -> list[str]:
    """The features of a family and variant that differ by more."""
    ours = extracted(folder, case, family, variant)
    expected = published(folder)[case, family, variant]
    return [name for name, value in expected.items() if ours[name] != pytest.approx(value, rel=relative, abs=NOTHING)]


def test_every_published_value_is_compared(reference_data: Path) -> None:
    values = published(reference_data)
    assert set(values) == {(case, *pair) for case in CASES for pair in PAIRS}
    assert sum(len(names) for names in values.values()) == 2022


@pytest.mark.parametrize("family, variant", PAIRS)
@pytest.mark.parametrize("case", CASES)
def test_names(reference_data: Path, case: str, family: str, variant: str) -> None:
    expected = published(reference_data)[case, family, variant]
    assert len(expected) == len(STANDARD[family])
    assert set(extracted(reference_data, case, family, variant)) == set(expected)


@pytest.mark.parametrize("family, variant", PAIRS)
@pytest.mark.parametrize("case", CASES)
def test_values(reference_data: Path, case: str, family: str, variant: str) -> None:
    assert beyond(reference_data, case, family, variant, relative=NEARLY) == []


def test_values_that_differ_by_more_are_those_listed(reference_data: Path) -> None:
    found = [
        (case, *pair, name)
        for case in CASES
        for pair in PAIRS
        for name in beyond(reference_data, case, *pair, relative=WITHIN)
    ]
    assert sorted(accepted()) == sorted(found)


def test_there_are_few_exceptions() -> None:
    assert len(accepted()) <= MOST_EXCEPTIONS
