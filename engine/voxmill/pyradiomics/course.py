"""The course of an extraction, told by the loggers that scripts for PyRadiomics listen to.

Everything of a region is measured at once here: images and classes are told of when it is done, in PyRadiomics' order.
"""

from collections.abc import Mapping, Sequence

from voxmill.pyradiomics.imageoperations import logger as told_of_images
from voxmill.pyradiomics.logs import logger
from voxmill.pyradiomics.results import filtered

told = logger.getChild("featureextractor")

LOG, LOG_END = "log-sigma-", "-mm-3D"
"""What the name of an image of LoG begins and ends with; in between its sigma has - for the decimal point."""


def tell_begin(setting: Mapping[str, object]) -> None:
    """Which label is measured, and that its image is prepared."""
    told.info("Calculating features with label: %s", setting.get("label", 1))
    told.info("Loading image and mask")
    if setting.get("resampledPixelSpacing") is not None and setting.get("interpolator") is not None:
        told_of_images.info("Applying resampling to spacing %s", setting["resampledPixelSpacing"])


def tell_done(
    features: Mapping[str, float], wanted: Mapping[str, Sequence[str] | None], image_types: Mapping[str, object]
) -> None:
    """Which classes were measured, in which images."""
    for family in wanted:
        if family.startswith("shape"):
            told.info("Computing %s", family)
    for name, own in image_types.items():
        told.info('Adding image type "%s" with custom settings: %s', name, own)
    for image in filtered(features):
        _tell_filter(image)
        told.info("Calculating features for %s image", image)
        for family in wanted:
            if not family.startswith("shape"):
                told.info("Computing %s", family)


def _tell_filter(image: str) -> None:
    kind, _, band = image.partition("-")
    if image.startswith(LOG):
        told_of_images.info("Computing LoG with sigma %s", image[len(LOG) : -len(LOG_END)].replace("-", "."))
    elif kind.startswith("wavelet") and "H" in band:
        told_of_images.info("Computing Wavelet %s", band)
