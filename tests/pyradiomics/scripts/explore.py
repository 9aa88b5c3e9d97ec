"""Feature classes by hand: filters, crops and resampling of imageoperations, classes of one's own."""

import sys
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics import firstorder, glcm, imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor


class Centre(firstorder.RadiomicsFirstOrder):  # type: ignore[misc]  # PyRadiomics has no types
    """A few features of the class only."""

    def getMidrangeFeatureValue(self) -> float:  # noqa: N802 - as PyRadiomics calls it
        """Halfway between the least and the largest intensity."""
        inside = self.imageArray[self.maskArray]
        return float(inside.min() + inside.max()) / 2

    def few(self) -> dict[str, Any]:
        """Mean, median and a feature of its own."""
        self.disableAllFeatures()
        for name in ("Mean", "Midrange", "Median"):
            self.enableFeatureByName(name, enable=True)
        self.execute()
        return dict(self.featureValues)


def show(name: str, value: Any) -> None:  # noqa: ANN401 - whatever a feature is
    """A value, its type and shape."""
    print(f"{name}: {np.ravel(value)[0]:.6g} {type(value).__name__} {np.shape(value)}")


def main(image_path: str, mask_path: str) -> None:
    """Print every value with its type."""
    image, mask = sitk.ReadImage(image_path), sitk.ReadImage(mask_path)
    settings = {"binWidth": 25, "label": 1, "interpolator": "sitkLinear", "resampledPixelSpacing": [2, 2, 2]}
    image, mask = imageoperations.resampleImage(image, mask, **settings)
    print("resampled:", image.GetSize(), image.GetPixelIDTypeAsString(), mask.GetPixelIDTypeAsString())
    box, moved = imageoperations.checkMask(image, mask, **settings)
    print("box:", box.tolist(), type(box).__name__, moved)
    image, mask = imageoperations.cropToTumorMask(image, mask, box, padDistance=4)
    for own in (
        imageoperations.getOriginalImage(image, mask, **settings),
        imageoperations.getGradientImage(image, mask, **settings),
        imageoperations.getWaveletImage(image, mask, wavelet="haar", **settings),
        imageoperations.getSquareRootImage(image, mask, **settings),
    ):
        for filtered, name, kept in own:
            box, _ = imageoperations.checkMask(filtered, mask)
            small, inside = imageoperations.cropToTumorMask(filtered, mask, box)
            for key, value in Centre(small, inside, **kept).few().items():
                show(f"{name}_{key}", value)
    inner = imageoperations.cropToTumorMask(image, mask, imageoperations.checkMask(image, mask)[0])
    for name, kind in radiomics.getFeatureClasses().items():
        if name != "shape2D":
            features = kind(*inner, **settings)
            features.enableAllFeatures()
            found = features.execute()
            print(f"{name}:", len(found), list(found)[:3])
            for key in list(found)[:4]:
                show(f"{name}.{key}", found[key])
                show(f"{name}.get{key}", getattr(features, f"get{key}FeatureValue")())
    texture = glcm.RadiomicsGLCM(*inner, **settings)
    try:
        texture.enableFeatureByName("Contrst")
    except LookupError as error:
        print("error:", type(error).__mro__[-4].__name__)
    extractor = RadiomicsFeatureExtractor(additionalInfo=False, **settings)
    print("equal:", len(extractor.execute(sitk.ReadImage(image_path), sitk.ReadImage(mask_path))))


if __name__ == "__main__":
    main(*sys.argv[1:])
