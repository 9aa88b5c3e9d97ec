"""fastrad: tensors in memory, PyRadiomics' seven classes, bin width 25; on the CPU with one thread, or with CUDA."""

from collections.abc import Callable, Mapping

import fastrad
import numpy as np
import torch

from workloads import Case

PACKAGE = "fastrad"


def tensors(case: Case) -> Callable[[], Mapping[str, float]]:
    """From float32 tensors, as its loaders give them, on the whole grid: it crops by itself."""
    torch.set_num_threads(1)
    return _prepare(case, "cpu")


def cuda(case: Case) -> Callable[[], Mapping[str, float]]:
    """The same by a CUDA device, to which it brings the cropped tensors itself."""
    return _prepare(case, "cuda")


def _prepare(case: Case, device: str) -> Callable[[], Mapping[str, float]]:
    if case.filtered:
        raise NotImplementedError("it has no wavelet bands")
    spacing = case.spacing[::-1]
    image = fastrad.MedicalImage(torch.from_numpy(case.image.astype(np.float32)), spacing)
    mask = fastrad.Mask(torch.from_numpy(case.labels), spacing)
    extractor = fastrad.FeatureExtractor(fastrad.FeatureSettings(bin_width=25.0, device=device))

    def call() -> Mapping[str, float]:
        result: Mapping[str, float] = extractor.extract(image, mask)
        return result

    return call


def features(result: Mapping[str, float]) -> Mapping[str, float]:
    """The features by name."""
    return result
