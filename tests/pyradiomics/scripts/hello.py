"""A first script: chosen features of one case, with a log file; arguments: image, mask, log."""

import logging
import sys

import radiomics
import SimpleITK as sitk
from radiomics import featureextractor, getFeatureClasses

image, mask, log = sys.argv[1:]

logger = radiomics.logger
logger.setLevel(logging.DEBUG)
file = logging.FileHandler(filename=log, mode="w")
file.setFormatter(logging.Formatter("%(levelname)s:%(name)s: %(message)s"))
logger.addHandler(file)
radiomics.setVerbosity(logging.ERROR)

settings = {"binWidth": 25, "resampledPixelSpacing": None, "interpolator": sitk.sitkBSpline, "enableCExtensions": True}
extractor = featureextractor.RadiomicsFeatureExtractor(**settings)
extractor.disableAllFeatures()
extractor.enableFeaturesByName(firstorder=["Skewness", "Mean"])
extractor.enableFeatureClassByName("glszm")

classes = getFeatureClasses()
for name, features in extractor.enabledFeatures.items():
    for feature in features or [one for one, deprecated in classes[name].getFeatureNames().items() if not deprecated]:
        assert getattr(classes[name], f"get{feature}FeatureValue").__doc__
        print("active:", name, feature)

vector = extractor.execute(image, mask)
for name in vector:
    print(f"{name}: {vector[name]}")
