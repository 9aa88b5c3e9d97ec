"""PyRadiomics' class of shape2D features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsShape2D(RadiomicsFeaturesBase, family="shape2D"):
    """The shape2D features of a label in a SimpleITK image."""
