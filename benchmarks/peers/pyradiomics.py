"""PyRadiomics: `execute()` on SimpleITK images in memory, all features, bin width 25."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from workloads import SIGMAS_MM, Case

PACKAGE = "pyradiomics"


def features_only(case: Case) -> Callable[[], Mapping[str, Any]]:
    """Without additionalInfo: no checksums and no statistics of the whole image."""
    return _prepare(case, additional_info=False)


def with_information(case: Case) -> Callable[[], Mapping[str, Any]]:
    """With additionalInfo, its default."""
    return _prepare(case, additional_info=True)


def features(result: Mapping[str, Any]) -> Mapping[str, float]:
    """The features without the diagnostics."""
    return {name: float(value) for name, value in result.items() if not name.startswith("diagnostics_")}


def _prepare(case: Case, *, additional_info: bool) -> Callable[[], Mapping[str, Any]]:
    radiomics.setVerbosity(60)
    image, mask = sitk.GetImageFromArray(case.image), sitk.GetImageFromArray(case.labels)
    for one in (image, mask):
        one.SetSpacing(case.spacing)
    extractor = RadiomicsFeatureExtractor(binWidth=25, additionalInfo=additional_info)
    if case.filtered:
        extractor.enableImageTypes(Original={}, Wavelet={}, LoG={"sigma": list(SIGMAS_MM)})

    def call() -> Mapping[str, Any]:
        with np.errstate(all="ignore"):
            result: Mapping[str, Any] = extractor.execute(image, mask)
        return result

    return call
