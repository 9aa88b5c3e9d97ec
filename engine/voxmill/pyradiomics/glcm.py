"""PyRadiomics' class of glcm features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLCM(RadiomicsFeaturesBase, family="glcm"):
    """The glcm features of a label in a SimpleITK image."""
