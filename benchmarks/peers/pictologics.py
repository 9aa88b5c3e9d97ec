"""pictologics: its pipeline on images in memory: intensity, morphology, texture (six families) and histogram.

Left out are its spatial and local intensity and its intensity-volume histogram: they have no counterpart in the seven
classes that the others compute. Bins of 25 start at the multiple of 25 below the region's minimum, so that the levels
are those of the others. Arrays are float64, C-contiguous along x, y, z: of the forms it takes, none was faster.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pictologics import Image, RadiomicsPipeline

from workloads import Case

PACKAGE = "pictologics"
FAMILIES = ("intensity", "morphology", "texture", "histogram")
ORIGIN = (0.0, 0.0, 0.0)


def pipeline(case: Case) -> Callable[[], Mapping[str, float]]:
    """From its own images in memory."""
    image = Image(np.array(case.image.transpose(), dtype=np.float64, order="C"), case.spacing, ORIGIN)
    mask = Image(np.array(case.labels.transpose(), order="C"), case.spacing, ORIGIN)
    start = float(np.floor(case.image[case.labels > 0].min() / 25) * 25)
    tool = RadiomicsPipeline(load_standard=False)
    tool.add_config("all", _steps(start))

    def call() -> Mapping[str, float]:
        tool.clear_log()
        series: Mapping[str, float] = tool.run(image, mask)["all"]
        return series

    return call


def features(result: Mapping[str, float]) -> Mapping[str, float]:
    """The features by name."""
    return {str(name): float(value) for name, value in result.items()}


def _steps(start: float) -> list[dict[str, Any]]:
    left_out = {"include_spatial_intensity": False, "include_local_intensity": False}
    return [
        {"step": "discretise", "params": {"method": "FBS", "bin_width": 25.0, "min_val": start}},
        {"step": "extract_features", "params": {"families": list(FAMILIES), **left_out}},
    ]
