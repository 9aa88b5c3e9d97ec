"""Feature classes by themselves, on an image cropped to its region; arguments: image, mask."""

import sys

import numpy
import SimpleITK as sitk
from radiomics import firstorder, glcm, gldm, glrlm, glszm, imageoperations, ngtdm, shape

image, mask = (sitk.ReadImage(path) for path in sys.argv[1:])
settings = {"binWidth": 25, "interpolator": sitk.sitkBSpline, "resampledPixelSpacing": None}
if settings["interpolator"] is not None and settings["resampledPixelSpacing"] is not None:
    image, mask = imageoperations.resampleImage(image, mask, **settings)
box, corrected = imageoperations.checkMask(image, mask)
if corrected is not None:
    mask = corrected
image, mask = imageoperations.cropToTumorMask(image, mask, box)

few = firstorder.RadiomicsFirstOrder(image, mask, **settings)
few.enableFeatureByName("Mean", True)  # noqa: FBT003 - as scripts call it
for name, value in few.execute().items():
    print(f"few_{name}: {value}")
for one in (
    shape.RadiomicsShape,
    glcm.RadiomicsGLCM,
    gldm.RadiomicsGLDM,
    glrlm.RadiomicsGLRLM,
    glszm.RadiomicsGLSZM,
    ngtdm.RadiomicsNGTDM,
):
    features = one(image, mask, **settings)
    features.enableAllFeatures()
    for name in features.enabledFeatures:
        assert getattr(features, f"get{name}FeatureValue").__doc__
    for name, value in features.execute().items():
        print(f"{one.__name__}_{name}: {value}")

for images, options in (
    (imageoperations.getLoGImage, {"sigma": numpy.arange(5.0, 0.0, -0.5)}),
    (imageoperations.getWaveletImage, {}),
):
    for filtered, title, kept in images(image, mask, **options):
        of_filtered = firstorder.RadiomicsFirstOrder(filtered, mask, **kept)
        of_filtered.enableAllFeatures()
        for name, value in of_filtered.execute().items():
            print(f"{title}_{name}: {value}")
