"""The extractor of PyRadiomics, on this engine."""

import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from voxmill.extraction import extract
from voxmill.io import read_image
from voxmill.pyradiomics import imageoperations
from voxmill.pyradiomics.classes import CLASSES, computed
from voxmill.pyradiomics.course import tell_begin, tell_done
from voxmill.pyradiomics.course import told as logger
from voxmill.pyradiomics.errors import NotHereError, ParameterFileError, as_radiomics, refusals
from voxmill.pyradiomics.parameters import DEFAULTS, check, plain, settings_of, with_images
from voxmill.pyradiomics.results import Value, ordered, reported
from voxmill.pyradiomics_keys import IMAGE_TYPES
from voxmill.table import PREFIX, Row
from voxmill.yaml_files import read_yaml
from voxmill_kernels.features.catalogue import BY_DEFAULT

if TYPE_CHECKING:
    import SimpleITK as sitk

NOTHING: Mapping[str, list[str]] = {"firstorder": ["Mean"]}
"""What is measured, and left out, where a script wants no feature at all: the region is checked all the same."""

Features = dict[str, list[str] | None]


class RadiomicsFeatureExtractor:
    """PyRadiomics' extractor: a parameter file or dictionary, or its defaults; keyword arguments go before settings.

    Raises ParameterFileError (an OSError) for a file that is not there, RadiomicsError (a ValueError) for parameters
    that `voxmill.Settings.from_pyradiomics` refuses, in its words. May be pickled; `execute` may be called from
    several threads.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.settings: dict[str, Any] = {}
        self.enabledImagetypes: dict[str, Any] = {}
        self.enabledFeatures: Features = {}
        self.featureClassNames = list(CLASSES)
        given = args[0] if len(args) == 1 else None
        if isinstance(given, str | os.PathLike):
            logger.info("Loading parameter file %s", given)
            self.loadParams(given)
        elif isinstance(given, dict):
            logger.info("Loading parameter dictionary")
            self._apply(given)
        else:
            self.settings = self._getDefaultSettings()
            self.enabledImagetypes = {"Original": {}}
            self.enabledFeatures = {family: [] for family in CLASSES if family in BY_DEFAULT}
            logger.info("No valid config parameter, using defaults: %s", self.settings)
            logger.info("Enabled image types: %s", self.enabledImagetypes)
            logger.info("Enabled features: %s", self.enabledFeatures)
        if kwargs:
            logger.info("Applying custom setting overrides: %s", kwargs)
            self.settings.update(kwargs)
        if self.settings.get("binCount") is not None:
            logger.warning("binCount: bins of equal number; PyRadiomics recommends those of equal width (binWidth)")

    @staticmethod
    def _getDefaultSettings() -> dict[str, Any]:
        return deepcopy(dict(DEFAULTS))

    def addProvenance(self, provenance_on: bool = True) -> None:
        """Whether results begin with `diagnostics_*`."""
        self.settings["additionalInfo"] = provenance_on

    def loadParams(self, paramsFile: str | os.PathLike[str]) -> None:
        """Take settings, image types and features from a parameter file; raises as the class does."""
        path = Path(paramsFile)
        if not path.is_file():
            raise ParameterFileError(f"{path.name}: there is no such parameter file; check its path")
        with refusals():
            parameters = read_yaml(path)
            check(parameters, name=path.name)
        self._take(parameters)

    def loadJSONParams(self, JSON_configuration: str) -> None:
        """Take settings, image types and features from text in JSON; raises as the class does."""
        self._apply(json.loads(JSON_configuration))

    def _apply(self, parameters: Mapping[str, Any]) -> None:
        with refusals():
            check(plain(parameters))
        self._take(parameters)

    def _take(self, parameters: Mapping[str, Any]) -> None:
        sections = deepcopy({name: section or {} for name, section in parameters.items()})
        self.enabledImagetypes = sections.get("imageType") or {"Original": {}}
        self.enabledFeatures = sections.get("featureClass") or {family: [] for family in CLASSES}
        self.settings = {
            **self._getDefaultSettings(),
            **sections.get("setting", {}),
            **sections.get("voxelSetting", {}),
        }

    def execute(
        self,
        imageFilepath: object,
        maskFilepath: object,
        label: SupportsIndex | None = None,
        label_channel: SupportsIndex | None = None,
        voxelBased: bool = False,
    ) -> "OrderedDict[str, Any]":
        """The diagnostics (with additionalInfo) and features of a label of a mask, both paths or SimpleITK images.

        Raises RadiomicsError (a ValueError) for what cannot be measured, NotHereError (a NotImplementedError) for
        voxelBased.
        """
        if voxelBased:
            raise NotHereError("voxelBased=True: maps of voxels come in a later version; leave it out to go on without")
        setting = self._setting(label, label_channel)
        tell_begin(setting)
        with refusals():
            image = read_image(imageFilepath)  # type: ignore[arg-type]  # what it is not is refused there
            types = with_images(self.enabledImagetypes, setting)
            wanted = self._wanted(setting, image.grid.dimensions, types)
            types = types if _beyond_shape(wanted) else {}
            settings = settings_of(setting, types, wanted or NOTHING)
            mask: Any = maskFilepath
            (row,) = extract(image, mask, settings=settings, device="cpu").rows
        return self._result(row, wanted, setting)

    def _setting(self, label: SupportsIndex | None, channel: SupportsIndex | None) -> dict[str, Any]:
        """The settings of one execution."""
        given = {"label": label, "label_channel": channel}
        return {**deepcopy(self.settings), **{key: value for key, value in given.items() if value is not None}}

    def _wanted(self, setting: Mapping[str, Any], dimensions: int, image_types: Mapping[str, Any]) -> Features:
        """The features that PyRadiomics measures of those that are enabled; of the others it says why not."""
        left_out = set() if image_types else {one for one in self.enabledFeatures if "shape" not in one}
        for family, names in self.enabledFeatures.items():
            if family not in CLASSES:
                logger.warning("Feature class %s is not recognized, and left out", family)
                left_out.add(family)
            else:
                CLASSES[family].require(names or ())
        if dimensions == 2 and "shape" in self.enabledFeatures:
            logger.warning("shape needs three dimensions, and is left out for a flat image; shape2D is for these")
            left_out.add("shape")
        if dimensions == 3 and "shape2D" in self.enabledFeatures and not setting.get("force2D"):
            logger.warning("shape2D is left out: force2D is not set")
            left_out.add("shape2D")
        return {family: names for family, names in dict(self.enabledFeatures).items() if family not in left_out}

    def _result(self, row: Row, wanted: Features, setting: dict[str, Any]) -> "OrderedDict[str, Any]":
        for note in row.notes:
            logger.warning("%s", note)
        if row.error is not None:
            raise as_radiomics(row.error, 3)
        result = OrderedDict(reported(row.diagnostics))
        if result:
            result[f"{PREFIX}Configuration_Settings"] = setting
            result[f"{PREFIX}Configuration_EnabledImageTypes"] = deepcopy(self.enabledImagetypes)
        tell_done(row.features, wanted, self.enabledImagetypes)
        result.update(ordered(row.features, wanted))
        return result

    @staticmethod
    def loadImage(
        ImageFilePath: Any, MaskFilePath: Any, generalInfo: None = None, **kwargs: Any
    ) -> tuple["sitk.Image", "sitk.Image"]:
        """Image and mask, as SimpleITK images, after normalising, and resampling or cropping before filters.

        Raises RadiomicsError (a ValueError) as `execute`, NotHereError for a GeneralInfo, which this has none of.
        """
        if generalInfo is not None:
            raise NotHereError("generalInfo: not here; set additionalInfo, and execute gives diagnostics")
        image, mask = (
            imageoperations.read(ImageFilePath, vectors=False),
            imageoperations.read(MaskFilePath, vectors=True),
        )
        mask = imageoperations.getMask(mask, **kwargs)
        if kwargs.get("normalize"):
            image = imageoperations.normalizeImage(image, **kwargs)
        if kwargs.get("interpolator") is not None and kwargs.get("resampledPixelSpacing") is not None:
            return imageoperations.resampleImage(image, mask, **kwargs)
        if kwargs.get("preCrop"):
            box, moved = imageoperations.checkMask(image, mask, **kwargs)
            return imageoperations.cropToTumorMask(image, mask if moved is None else moved, box, **kwargs)
        return image, mask

    def computeShape(
        self, image: "sitk.Image", mask: "sitk.Image", boundingBox: NDArray[np.int_], **kwargs: Any
    ) -> "OrderedDict[str, Value]":
        """The shape features that are enabled, of a region in its box; raises as feature classes do."""
        cropped = imageoperations.cropToTumorMask(image, mask, boundingBox)
        enabled = self._wanted(kwargs, mask.GetDimension(), self.enabledImagetypes)
        shapes = {family: names for family, names in enabled.items() if family.startswith("shape")}
        return computed(*cropped, shapes, "original", kwargs)

    def computeFeatures(
        self, image: "sitk.Image", mask: "sitk.Image", imageTypeName: str, **kwargs: Any
    ) -> "OrderedDict[str, Value]":
        """The features that are enabled, but for shape, of an image cropped to its region; raises as they do."""
        wanted = {family: names for family, names in self.enabledFeatures.items() if not family.startswith("shape")}
        return computed(image, mask, wanted, imageTypeName, kwargs)

    def enableAllImageTypes(self) -> None:
        """Enable every image type with its defaults."""
        self.enabledImagetypes.update({name: {} for name in sorted(IMAGE_TYPES)})

    def disableAllImageTypes(self) -> None:
        """Disable every image type."""
        self.enabledImagetypes = {}

    def enableImageTypeByName(
        self,
        imageType: str,
        enabled: bool = True,
        customArgs: dict[str, Any] | None = None,
    ) -> None:
        """Enable an image type, with settings of its own, or disable it; one that does not exist is a warning."""
        if imageType not in IMAGE_TYPES:
            logger.warning("Image type %s is not recognized", imageType)
        elif enabled:
            self.enabledImagetypes[imageType] = {} if customArgs is None else customArgs
        else:
            self.enabledImagetypes.pop(imageType, None)

    def enableImageTypes(self, **enabledImagetypes: dict[str, Any]) -> None:
        """Enable image types by name, each with settings of its own."""
        self.enabledImagetypes.update(enabledImagetypes)

    def enableAllFeatures(self) -> None:
        """Enable every class with all features that are not deprecated."""
        self.enabledFeatures.update({family: [] for family in self.featureClassNames})

    def disableAllFeatures(self) -> None:
        """Disable every class."""
        self.enabledFeatures = {}

    def enableFeatureClassByName(
        self,
        featureClass: str,
        enabled: bool = True,
    ) -> None:
        """Enable all features of a class, or disable it; one that does not exist is a warning."""
        if featureClass not in self.featureClassNames:
            logger.warning("Feature class %s is not recognized", featureClass)
        elif enabled:
            self.enabledFeatures[featureClass] = []
        else:
            self.enabledFeatures.pop(featureClass, None)

    def enableFeaturesByName(self, **enabledFeatures: list[str] | None) -> None:
        """Enable features of classes by name; an empty list or None is all of a class."""
        self.enabledFeatures.update(enabledFeatures)


def _beyond_shape(wanted: Mapping[str, object]) -> bool:
    """Whether image types matter: shape is measured of none."""
    return any(not family.startswith("shape") for family in wanted)
