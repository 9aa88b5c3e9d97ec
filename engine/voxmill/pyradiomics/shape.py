"""PyRadiomics' class of shape features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsShape(RadiomicsFeaturesBase, family="shape"):
    """The shape features of a label in a SimpleITK image."""
