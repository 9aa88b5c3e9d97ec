"""PyRadiomics' class of glszm features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLSZM(RadiomicsFeaturesBase, family="glszm"):
    """The glszm features of a label in a SimpleITK image."""
