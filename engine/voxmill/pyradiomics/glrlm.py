"""PyRadiomics' class of glrlm features."""

from voxmill.pyradiomics.base import RadiomicsFeaturesBase


class RadiomicsGLRLM(RadiomicsFeaturesBase, family="glrlm"):
    """The glrlm features of a label in a SimpleITK image."""
