"""PyRadiomics' class of gldm features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLDM(RadiomicsFeaturesBase, family="gldm"):
    """The gldm features of a label in a SimpleITK image."""
