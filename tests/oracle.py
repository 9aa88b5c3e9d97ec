"""PyRadiomics as an oracle."""

import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np


def pyradiomics_features(
    radiomics: ModuleType, image: object, mask: object, parameters: Mapping[str, Any]
) -> dict[str, float]:
    """What PyRadiomics gives for SimpleITK images and a parameter file as a mapping, without its diagnostics.

    Its own warnings (of the libraries it loads, of divisions by zero) are not ours to fail on.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        extractor = radiomics.featureextractor.RadiomicsFeatureExtractor(dict(parameters))
        result = extractor.execute(image, mask)
    return {name: float(value) for name, value in result.items() if not name.startswith("diagnostics_")}
