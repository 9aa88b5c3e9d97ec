"""PyRadiomics' test cases: every value of these variants equals what PyRadiomics 3.0.1 gives.

Not promised here: the variants with resampling, normalisation or resegmentation, which need settings that
do not exist yet. `baseline_tidy.csv` holds the values of a run of PyRadiomics 3.0.1 at full
precision; a tolerance of 1e-9 leaves room for sums taken in another order, 1e-7 for MCC, where PyRadiomics itself takes
the root of an eigenvalue of a matrix that is not symmetric. shape2D is that of the slice (across z) in which the region
is largest.
"""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from voxmill_kernels.features.catalogue import FAMILIES, STANDARD

CASES = ("brain1", "breast1", "lung1")
TEXTURES = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
VARIANTS = (
    *((family, "shape2D" if family == "shape2D" else "default") for family in FAMILIES),
    *((family, variant) for family in TEXTURES for variant in ("2d", "FBN")),
    ("glcm", "combined"),
    ("glrlm", "combined"),
)


@cache
def published(folder: Path) -> Mapping[tuple[str, str, str], Mapping[str, float]]:
    """Case, family and variant → name → value."""
    values: dict[tuple[str, str, str], dict[str, float]] = {}
    with (folder / "pyradiomics" / "baseline_tidy.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            name = f"original_{row['feature_class']}_{row['feature']}"
            value = float(row["recomputed_pyradiomics_3_0_1"])
            values.setdefault((row["test_case"], row["feature_class"], row["variant"]), {})[name] = value
    return values


@cache
def extracted(folder: Path, case: str, family: str, variant: str) -> Mapping[str, float]:
    """Our values, with the settings that PyRadiomics recorded for a family and variant; no mask needs correcting."""
    recorded = json.loads((folder / "pyradiomics" / "settings.json").read_text())[family][variant]
    recorded.pop("correctMask", None)
    settings = vm.Settings.from_pyradiomics({"setting": recorded, "featureClass": {family: None}})
    image = vm.read_image(folder / "pyradiomics" / f"{case}_image.nrrd")
    mask = vm.read_mask(folder / "pyradiomics" / f"{case}_label.nrrd")
    (row,) = vm.extract(image, largest_slice(mask) if family == "shape2D" else mask, settings=settings).rows
    assert row.error is None
    return row.features


def largest_slice(mask: vm.Mask) -> vm.Mask:
    """The mask in that slice alone."""
    (labels,) = mask.layers
    alone = np.zeros_like(labels)
    place = int((labels == 1).sum(axis=(1, 2)).argmax())
    alone[place] = labels[place] == 1
    return vm.Mask(alone, mask.grid)


@pytest.mark.parametrize("family, variant", VARIANTS)
@pytest.mark.parametrize("case", CASES)
def test_names(reference_data: Path, case: str, family: str, variant: str) -> None:
    expected = published(reference_data)[case, family, variant]
    assert len(expected) == len(STANDARD[family])
    assert set(extracted(reference_data, case, family, variant)) == set(expected)


@pytest.mark.parametrize("family, variant", VARIANTS)
@pytest.mark.parametrize("case", CASES)
def test_values(reference_data: Path, case: str, family: str, variant: str) -> None:
    ours = extracted(reference_data, case, family, variant)
    expected = published(reference_data)[case, family, variant]
    assert set(ours) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-9, abs=0), name
