"""fastrad on the CPU: tensors in memory, PyRadiomics' seven classes, bin width 25, one thread."""

from collections.abc import Callable, Mapping

import fastrad
import numpy as np
import torch

from workloads import Case

PACKAGE = "fastrad"


def tensors(case: Case) -> Callable[[], Mapping[str, float]]:
    """From float32 tensors, as its loaders give them, on the whole grid: it crops by itself."""
    if case.filtered:
        raise NotImplementedError("it has no wavelet bands")
    torch.set_num_threads(1)
    spacing = case.spacing[::-1]
    image = fastrad.MedicalImage(torch.from_numpy(case.image.astype(np.float32)), spacing)
    mask = fastrad.Mask(torch.from_numpy(case.labels), spacing)
    extractor = fastrad.FeatureExtractor(fastrad.FeatureSettings(bin_width=25.0, device="cpu"))

    def call() -> Mapping[str, float]:
        result: Mapping[str, float] = extractor.extract(image, mask)
        return result

    return call


def features(result: Mapping[str, float]) -> Mapping[str, float]:
    """The features by name."""
    return result
