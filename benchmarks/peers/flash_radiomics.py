"""flash-radiomics: its extractor on SimpleITK images in memory, PyRadiomics' seven classes, bin width 25.

Its `execute()` is these two calls with a memory of images that it has seen, and with a file written each time: both are
left out here. The rest, and one thread, is what `execute()` does without additionalInfo.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flash_radiomics
import SimpleITK as sitk

from workloads import SIGMAS_MM, Case

PACKAGE = "flash-radiomics"
CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape")


def two_calls(case: Case) -> Callable[[], Mapping[str, Any]]:
    """From SimpleITK images in memory, on the CPU with one thread."""
    return _prepare(case, "cpu")


def cuda(case: Case) -> Callable[[], Mapping[str, Any]]:
    """The same with its CUDA library; it takes the CPU for what that lacks. RuntimeError where it sees no device."""
    if not flash_radiomics.detect_backends()["cuda"]:
        raise RuntimeError("flash-radiomics sees no CUDA device")
    return _prepare(case, "cuda")


def _prepare(case: Case, backend: str) -> Callable[[], Mapping[str, Any]]:
    flash_radiomics.setVerbosity(60)
    image, mask = sitk.GetImageFromArray(case.image), sitk.GetImageFromArray(case.labels)
    for one in (image, mask):
        one.SetSpacing(case.spacing)
    extractor = flash_radiomics.RadiomicsFeatureExtractor(
        backend=backend, num_threads=1, binWidth=25, distances=[1], additionalInfo=False
    )
    extractor.disableAllFeatures()
    for name in CLASSES:
        extractor.enableFeatureClassByName(name)
    if case.filtered:
        extractor.enableImageTypes(Original={}, Wavelet={}, LoG={"sigma": list(SIGMAS_MM)})

    def call() -> Mapping[str, Any]:
        result: Mapping[str, Any] = extractor.extract_from_preprocessed(extractor.preprocess_case(image, mask, label=1))
        return result

    return call


def features(result: Mapping[str, Any]) -> Mapping[str, float]:
    """The features without the diagnostics."""
    return {name: float(value) for name, value in result.items() if not name.startswith("diagnostics_")}
