"""What counts as equal to PyRadiomics: feature by feature, and voxel by voxel."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

import voxmill as vm
from oracle import Inside, pyradiomics_features, pyradiomics_region
from voxmill import extraction
from voxmill.measures import measure
from voxmill.regions import Region

NEAR_ZERO = ("Skewness", "ClusterShade", "Correlation", "Imc1", "Imc2", "MCC", "Mean", "LeastAxisLength", "Flatness")
CASES = ("brain1", "breast1", "lung1")
SOLID = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
"""The classes of features of a region in three dimensions, in our order."""
FLAT = ("shape2D", *SOLID[1:])
NEAR_WHOLE = 1e-6
LEFT_OVER = (("MCC", 1.0), ("InverseVariance", 0.0))


def read_case(folder: Path, case: str) -> tuple[sitk.Image, sitk.Image]:
    """Image and mask of a test case of PyRadiomics."""
    image, mask = (sitk.ReadImage(folder / "pyradiomics" / f"{case}_{kind}.nrrd") for kind in ("image", "label"))
    return image, mask


def compare(ours: Mapping[str, float], theirs: Mapping[str, float]) -> None:
    """Same names in the same order, same values.

    Where no voxel has a neighbour and there is one grey level, PyRadiomics leaves one number, of nothing: MCC 1, or
    InverseVariance 0 of weighted matrices. Here all of GLCM is undefined then.
    """
    assert list(ours) == list(theirs)
    pairs = [value for name, value in ours.items() if "_glcm_" in name]
    lonely = bool(pairs) and bool(np.isnan(pairs).all())
    for name, value in theirs.items():
        if lonely and (name.rpartition("_")[2], value) in LEFT_OVER:
            continue
        rest = 1e-9 if name.rpartition("_")[2] in NEAR_ZERO else 1e-12
        near = pytest.approx(value, rel=1e-7 if name.endswith("MCC") else 1e-9, abs=rest, nan_ok=True)
        assert ours[name] == near, name


def extracted(image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]) -> tuple[vm.Row, Inside | None]:
    """Our row, and where the region that was measured lies and what its intensities are; None if it cannot be."""
    regions: list[Region] = []

    def noting(region: Region, image: str) -> tuple[dict[str, float], tuple[str, ...]]:
        regions.append(region)
        return measure(region, image)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "measure", noting)
        (row,) = vm.extract(image, mask, settings=vm.Settings.from_pyradiomics(parameters)).rows
    assert len(regions) == (row.error is None)
    return row, (regions[0].box[1:-1, 1:-1, 1:-1] == 1, regions[0].values) if regions else None


@dataclass(frozen=True)
class Outcome:
    """What a parameter file gives for a case: how many voxels were compared, how many have another intensity."""

    refused: bool
    voxels: int = 0
    different: int = 0


def run_both(radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]) -> Outcome:
    """Both extractions, compared: refused by both, or the same region, the same intensities and the same values.

    Intensities may differ only in a resampled image of whole numbers, where the exact one is within 1e-6 of a whole
    number; values are then not compared.
    """
    setting = parameters["setting"]
    try:
        theirs = pyradiomics_features(radiomics, image, mask, parameters)
    except (ValueError, AssertionError, RuntimeError):
        assert refused(image, mask, parameters)
        return Outcome(refused=True)
    row, ours = extracted(image, mask, parameters)
    assert row.error is None
    assert ours is not None
    if same(ours, pyradiomics_region(radiomics, image, mask, setting)):
        compare(row.features, theirs)
        return Outcome(refused=False, voxels=ours[1].size)
    whole = {key: value for key, value in setting.items() if key != "resegmentRange"}
    _, ours = extracted(image, mask, {**parameters, "setting": whole})
    assert ours is not None
    different = _different(radiomics, image, mask, whole, ours)
    return Outcome(refused=False, voxels=ours[1].size, different=different)


def refused(image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]) -> bool:
    """Whether we refuse as well: a failed row, or an error of the whole case."""
    try:
        row, _ = extracted(image, mask, parameters)
    except vm.VoxmillError:
        return True
    return row.error is not None


def same(ours: Inside, theirs: Inside) -> bool:
    """Whether two regions are the same: the same voxels and intensities, to a relative 1e-12 where they are floats."""
    if ours[0].shape != theirs[0].shape or not np.array_equal(ours[0], theirs[0]):
        return False
    if theirs[1].dtype.kind in "iu":
        return np.array_equal(ours[1], theirs[1])
    scale = float(np.abs(theirs[1]).max())
    return bool(np.allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-12 * scale))


def _different(
    radiomics: ModuleType, image: sitk.Image, mask: sitk.Image, setting: Mapping[str, Any], ours: Inside
) -> int:
    """How many voxels of a region have another intensity, all of them where a rounding error can decide."""
    theirs = pyradiomics_region(radiomics, image, mask, setting)
    assert ours[0].shape == theirs[0].shape
    assert np.array_equal(ours[0], theirs[0])
    assert setting.get("resampledPixelSpacing") is not None
    assert theirs[1].dtype.kind in "iu"
    where = np.flatnonzero(ours[1] != theirs[1])
    assert where.size
    exact: NDArray[np.float64] = pyradiomics_region(radiomics, sitk.Cast(image, sitk.sitkFloat64), mask, setting)[1]
    distance = np.abs(exact[where] - np.round(exact[where]))
    assert distance.max() < NEAR_WHOLE, f"{where.size} of {ours[1].size} voxels differ, up to {distance.max():.3g} off"
    return int(where.size)
