"""PyRadiomics' class of firstorder features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsFirstOrder(RadiomicsFeaturesBase, family="firstorder"):
    """The firstorder features of a label in a SimpleITK image."""
