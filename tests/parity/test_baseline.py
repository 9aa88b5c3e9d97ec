"""PyRadiomics' test cases: every value of the default variant and of shape2D equals what PyRadiomics 3.0.1 gives.

Not promised here: the variants with resampling, normalisation, resegmentation, force2D or weighting,
which need settings that do not exist yet. `baseline_tidy.csv` holds the values of a run of PyRadiomics 3.0.1 at full
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
TOLERANCES = {"original_glcm_MCC": 1e-7}


@cache
def published(folder: Path) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Case and family → name → value of the default variant, or of the one of shape2D."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    with (folder / "pyradiomics" / "baseline_tidy.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["variant"] == ("shape2D" if row["feature_class"] == "shape2D" else "default"):
                name = f"original_{row['feature_class']}_{row['feature']}"
                value = float(row["recomputed_pyradiomics_3_0_1"])
                values.setdefault((row["test_case"], row["feature_class"]), {})[name] = value
    return values


@cache
def extracted(folder: Path, case: str, family: str) -> Mapping[str, float]:
    """Our values, with the settings that PyRadiomics recorded for this family."""
    image, mask = (folder / "pyradiomics" / f"{case}_{kind}.nrrd" for kind in ("image", "label"))
    if family == "shape2D":
        (row,) = vm.extract(image, largest_slice(vm.read_mask(mask)), settings={"features": [family]}).rows
    else:
        recorded = json.loads((folder / "pyradiomics" / "settings.json").read_text())[family]["default"]
        settings = vm.Settings.from_pyradiomics({"setting": recorded, "featureClass": {family: None}})
        (row,) = vm.extract(image, mask, settings=settings).rows
    assert row.error is None
    return row.features


def largest_slice(mask: vm.Mask) -> vm.Mask:
    """The mask in that slice alone."""
    (labels,) = mask.layers
    alone = np.zeros_like(labels)
    place = int((labels == 1).sum(axis=(1, 2)).argmax())
    alone[place] = labels[place] == 1
    return vm.Mask(alone, mask.grid)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_names(reference_data: Path, case: str, family: str) -> None:
    expected = published(reference_data)[case, family]
    assert len(expected) == len(STANDARD[family])
    assert set(extracted(reference_data, case, family)) == set(expected)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_values(reference_data: Path, case: str, family: str) -> None:
    ours = extracted(reference_data, case, family)
    expected = published(reference_data)[case, family]
    assert set(ours) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=TOLERANCES.get(name, 1e-9), abs=0), name
