"""The drop-in beside PyRadiomics: the same calls of both, and results that must be alike."""

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

OURS_ALONE = ("diagnostics_Versions_PyRadiomics", "diagnostics_Versions_PyWavelet")
"""What says which software it was."""
NEAR_ZERO = ("Skewness", "ClusterShade", "Correlation", "Imc1", "Imc2", "MCC", "Mean", "LeastAxisLength", "Flatness")


def executed(
    package: ModuleType, given: tuple[Any, ...], *, parameters: tuple[Any, ...] = (), **settings: object
) -> "OrderedDict[str, Any]":
    """The result of an extractor of either package for image, mask and what else `execute` takes, without warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        extractor = package.featureextractor.RadiomicsFeatureExtractor(*parameters, **settings)
        result: OrderedDict[str, Any] = extractor.execute(*given)
    return result


def alike(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """The same keys in the same order with the same types, and the same values.

    Not promised: more than 1e-9 (relative) of a feature, 1e-9 (absolute) of one that may be a rest of terms that
    cancel, 1e-7 of MCC, whose eigenvalues PyRadiomics finds less exactly.
    """
    assert type(ours) is type(theirs)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        if name in OURS_ALONE:
            continue
        assert type(ours[name]) is type(value), name
        if name.startswith("diagnostics_"):
            _same(ours[name], value, name)
        else:
            _near(ours[name], value, name)


def _near(ours: np.float64 | NDArray[np.float64], theirs: float, name: str) -> None:
    assert ours.shape == ()
    rest = 1e-9 if name.rpartition("_")[2] in NEAR_ZERO else 1e-12
    near = pytest.approx(float(theirs), rel=1e-7 if name.endswith("MCC") else 1e-9, abs=rest, nan_ok=True)
    assert float(ours) == near, name


def _same(ours: object, theirs: object, name: str) -> None:
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple), name
        assert [type(one) for one in ours] == [type(one) for one in theirs], name
        theirs = pytest.approx(theirs, rel=1e-12, abs=1e-12)
    elif isinstance(theirs, float):
        theirs = pytest.approx(theirs, rel=1e-12)
    assert ours == theirs, name


def write_pair(folder: Path, image: sitk.Image, mask: sitk.Image) -> tuple[str, str]:
    """Image and mask as files."""
    paths = str(folder / "image.nrrd"), str(folder / "mask.nrrd")
    sitk.WriteImage(image, paths[0])
    sitk.WriteImage(mask, paths[1])
    return paths
