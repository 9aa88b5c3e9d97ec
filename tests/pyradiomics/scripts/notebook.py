"""What a notebook does: settings by hand, image types one after the other, results as text, tables and JSON."""

import json
import logging
import sys
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics import featureextractor, getFeatureClasses, getImageTypes


class Numbers(json.JSONEncoder):
    """JSON of arrays."""

    def default(self, value: object) -> object:
        """Arrays as lists, what else there is as text."""
        return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


class Quiet(featureextractor.RadiomicsFeatureExtractor):  # type: ignore[misc]  # PyRadiomics has no types
    """An extractor that keeps what it found."""

    def execute(self, *given: object, **settings: object) -> dict[str, Any]:
        """The result, which is kept."""
        found: dict[str, Any] = super().execute(*given, **settings)
        self.found = found
        return found


def main(image_path: str, mask_path: str, log: str) -> None:
    """Print what there is, line by line."""
    handler = logging.FileHandler(filename=log, mode="w")
    radiomics.logger.addHandler(handler)
    radiomics.logger.setLevel(logging.INFO)
    radiomics.setVerbosity(60)
    radiomics.progressReporter = None

    settings = {"binWidth": 20, "resampledPixelSpacing": None, "interpolator": sitk.sitkBSpline, "verbose": True}
    extractor = Quiet(**settings)
    print("types:", ", ".join(getImageTypes()))
    print("classes:", ", ".join(getFeatureClasses()))
    for name in extractor.featureClassNames:
        names = getFeatureClasses()[name].getFeatureNames()
        print(f"{name}:", len(names), sum(names.values()))
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean", "Skewness"], glcm=["Contrast"], shape=["Sphericity"])
    for image_type in ("Square", "Gradient", "Exponential"):
        extractor.enableImageTypeByName(image_type, customArgs={"binWidth": 15})
    extractor.enableImageTypes(LoG={"sigma": [1.5]}, Wavelet={"wavelet": "haar"})
    extractor.enableImageTypeByName("Original", enabled=False)
    print("enabled:", list(extractor.enabledImagetypes.items()))
    result = extractor.execute(sitk.ReadImage(image_path), sitk.ReadImage(mask_path), label=1)
    assert result is extractor.found
    for key, value in result.items():
        if key.startswith("diagnostics"):
            print(f"{key}.type:", type(value).__name__)
        else:
            print(f"{key}:", f"{value:.6g}", type(value).__name__, getattr(value, "dtype", None))
    values = {key: float(value) for key, value in result.items() if not key.startswith("diagnostics")}
    print("dumped:", len(json.dumps(result, cls=Numbers)) > 1000, len(values))
    handler.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
