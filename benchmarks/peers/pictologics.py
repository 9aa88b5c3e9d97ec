"""pictologics: its pipeline on images in memory: intensity, morphology, texture (six families) and histogram.

Left out are its spatial and local intensity and its intensity-volume histogram: they have no counterpart in the seven
classes that the others compute. Bins of 25 start at the multiple of 25 below the region's minimum in each image, so
that the levels are those of the others; morphology is of the original image only. Filters have PyRadiomics' borders,
and LoG its own default cutoff of 4 sigma. Arrays are float64, C-contiguous along x, y, z: of the forms it takes, none
was faster.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from pictologics import Image, RadiomicsPipeline

from workloads import SIGMAS_MM, Case

PACKAGE = "pictologics"
FAMILIES = ("intensity", "texture", "histogram")
LEFT_OUT = {"include_spatial_intensity": False, "include_local_intensity": False}
MINIMUM = "minimum_intensity_1GSF"
ORIGIN = (0.0, 0.0, 0.0)
BIN_WIDTH = 25.0

Steps = list[dict[str, Any]]


def pipeline(case: Case) -> Callable[[], Mapping[str, float]]:
    """From its own images in memory."""
    image = Image(np.array(case.image.transpose(), dtype=np.float64, order="C"), case.spacing, ORIGIN)
    mask = Image(np.array(case.labels.transpose(), order="C"), case.spacing, ORIGIN)
    tool = RadiomicsPipeline(load_standard=False)
    for name, filtering in _images(case):
        tool.add_config(name, steps(filtering, _start(image, mask, filtering), shape=name == "original"))

    def call() -> Mapping[str, float]:
        tool.clear_log()
        found = tool.run(image, mask)
        return {f"{name}_{feature}": value for name, series in found.items() for feature, value in series.items()}

    return call


def features(result: Mapping[str, float]) -> Mapping[str, float]:
    """The features by name."""
    return {name: float(value) for name, value in result.items()}


def _images(case: Case) -> Iterator[tuple[str, Steps]]:
    """The images to measure, and what makes each of the original."""
    yield "original", []
    if case.filtered:
        for band in map("".join, product("LH", repeat=3)):
            yield f"wavelet-{band}", [_filter("wavelet", wavelet="coif1", decomposition=band, boundary="periodic")]
        for sigma in SIGMAS_MM:
            yield f"log-{sigma}", [_filter("log", sigma_mm=sigma, boundary="nearest")]


def _filter(kind: str, **parameters: object) -> dict[str, Any]:
    return {"step": "filter", "params": {"type": kind, **parameters}}


def _start(image: Image, mask: Image, filtering: Steps) -> float:
    """The first edge of the bins of an image."""
    tool = RadiomicsPipeline(load_standard=False)
    tool.add_config("intensity", [*filtering, _extract("intensity")])
    minimum = float(tool.run(image, mask)["intensity"][MINIMUM])
    return math.floor(minimum / BIN_WIDTH) * BIN_WIDTH


def steps(filtering: Steps, start: float, *, shape: bool) -> Steps:
    """What its pipeline does: a filter, where there is one, bins from a start, and the features."""
    bins = {"step": "discretise", "params": {"method": "FBS", "bin_width": BIN_WIDTH, "min_val": start}}
    return [*filtering, bins, _extract(*FAMILIES, *(["morphology"] if shape else []))]


def _extract(*families: str) -> dict[str, Any]:
    return {"step": "extract_features", "params": {"families": list(families), **LEFT_OUT}}
