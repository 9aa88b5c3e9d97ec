"""What PyRadiomics' feature classes have in common, on this engine."""

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import brief, nearest
from voxmill.extraction import extract
from voxmill.pyradiomics.errors import FeatureLookupError, NotHereError, RadiomicsError, as_radiomics, refusals
from voxmill.pyradiomics.logs import logger
from voxmill.pyradiomics.parameters import settings_of_class
from voxmill.pyradiomics.results import NAMES, WITHOUT_VALUE, Value, value_of, value_of_method
from voxmill_kernels.features.catalogue import FAMILIES
from voxmill_kernels.features.feature import Feature

METHOD = re.compile("get(.+)FeatureValue")


class RadiomicsFeaturesBase:
    """The features of one class of a label in a SimpleITK image that is measured as it is.

    Keyword arguments are settings of PyRadiomics: those of the label and of texture have an effect, as there. Shape is
    that of the region in its own box, as PyRadiomics' extractor gives it, also where the image was not cropped. Raises
    RadiomicsError (a ValueError) for what cannot be measured, FeatureLookupError (a LookupError) for a feature that
    does not exist, NotHereError (a NotImplementedError) for voxelBased.

    A class that a script derives of one of them may have features of its own: methods `get...FeatureValue`.
    """

    family: ClassVar[str]
    own: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, family: str | None = None) -> None:
        if family is None:
            cls.own = (*cls.own, *(found[1] for name in vars(cls) if (found := METHOD.fullmatch(name))))
            return
        cls.family = family
        for feature in FAMILIES[family]:
            setattr(cls, f"get{feature.name}FeatureValue", _getter(feature))

    def __init__(self, inputImage: object, inputMask: object, **kwargs: Any) -> None:
        if inputImage is None or inputMask is None:
            raise RadiomicsError("image or mask is missing; give both as SimpleITK images")
        if kwargs.get("voxelBased"):
            raise NotHereError("voxelBased=True: maps of voxels come in a later version; leave it out to go on without")
        self.settings = kwargs
        self.logger = logger.getChild(self.family)
        self.label = kwargs.get("label", 1)
        self.inputImage, self.inputMask = inputImage, inputMask
        self.featureNames = self.getFeatureNames()
        self.enabledFeatures: dict[str, bool] = {}
        self.featureValues: dict[str, Value] = {}

    @classmethod
    def getFeatureNames(cls) -> dict[str, bool]:
        """Every feature of this class, and whether it is deprecated."""
        return {**NAMES[cls.family]} | dict(sorted((name, False) for name in cls.own))

    @property
    def imageArray(self) -> NDArray[Any]:
        """The intensities of the image."""
        return self._array(self.inputImage)

    @property
    def maskArray(self) -> NDArray[np.bool_]:
        """True where the label is."""
        inside: NDArray[np.bool_] = self._array(self.inputMask) == self.label
        return inside

    @staticmethod
    def _array(image: object) -> NDArray[Any]:
        import SimpleITK as sitk

        array: NDArray[Any] = sitk.GetArrayFromImage(image)  # type: ignore[arg-type]  # what it is not is refused there
        return array

    @classmethod
    def require(cls, names: Iterable[object]) -> None:
        """Raise FeatureLookupError for the first of some names that is no feature of this class."""
        known = cls.getFeatureNames()
        for name in names:
            if name not in known:
                hint = nearest(str(name), known)
                raise FeatureLookupError(f"{cls.family}: unknown feature {brief(name)}{hint}")

    def enableFeatureByName(self, featureName: str, enable: bool = True) -> None:
        """Enable a feature of this class, or disable it."""
        self.require([featureName])
        if self.featureNames[featureName]:
            self.logger.warning("Feature %s is deprecated, use with caution!", featureName)
        self.enabledFeatures[featureName] = enable

    def enableAllFeatures(self) -> None:
        """Enable every feature of this class that is not deprecated."""
        for name, deprecated in self.featureNames.items():
            if not deprecated:
                self.enableFeatureByName(name)

    def disableAllFeatures(self) -> None:
        """Disable every feature, and forget what was measured."""
        self.enabledFeatures, self.featureValues = {}, {}

    def execute(self) -> dict[str, Value]:
        """The values of the enabled features, of all where none was enabled."""
        if not self.enabledFeatures:
            self.enableAllFeatures()
        enabled = [name for name, wanted in self.enabledFeatures.items() if wanted]
        names = [name for name in enabled if (self.family, name) not in WITHOUT_VALUE]
        measured = self._measured([name for name in names if name not in self.own])
        for name in names:
            if name in self.own:
                self.featureValues[name] = np.squeeze(getattr(self, f"get{name}FeatureValue")())
            elif name in measured:
                self.featureValues[name] = value_of(self.family, name, measured[name])
        return self.featureValues

    def _measured(self, names: list[str]) -> dict[str, float]:
        if not names:
            return {}
        with refusals():
            settings = settings_of_class(self.settings, self.family, names, self.label)
            image, mask = self.inputImage, self.inputMask
            (row,) = extract(image, mask, settings=settings, device="cpu").rows  # type: ignore[arg-type]
        if row.error is not None:
            raise as_radiomics(row.error, 3)
        values = {name: row.features.get(f"original_{self.family}_{name}") for name in names}
        return {name: value for name, value in values.items() if value is not None}


def _getter(feature: Feature) -> Callable[[RadiomicsFeaturesBase], Value | float]:
    """The method that gives one feature, documented as in the catalogue."""

    def value(self: RadiomicsFeaturesBase) -> Value | float:
        return value_of_method(feature.family, feature.name, self._measured([feature.name])[feature.name])

    value.__name__ = f"get{feature.name}FeatureValue"
    value.__doc__ = f"{feature.name}: {feature.definition}"
    return value
