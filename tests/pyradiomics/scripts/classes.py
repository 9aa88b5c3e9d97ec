"""Feature classes by themselves, on an image cropped to its region; arguments: image, mask."""

import sys

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
