"""PyRadiomics' class of ngtdm features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsNGTDM(RadiomicsFeaturesBase, family="ngtdm"):
    """The ngtdm features of a label in a SimpleITK image."""
