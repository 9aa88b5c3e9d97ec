"""PyRadiomics' parameter files → our settings: an explicit table of its keys."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from voxmill.errors import NEAR, SettingsError, brief, likeness, nearest, several
from voxmill_kernels.features.catalogue import FAMILIES

SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")
IMAGE_TYPES = (
    "Original",
    "LoG",
    "Wavelet",
    "Square",
    "SquareRoot",
    "Logarithm",
    "Exponential",
    "Gradient",
    "LBP2D",
    "LBP3D",
)


@dataclass(frozen=True)
class Number:
    """What PyRadiomics takes for a key: whole numbers only, from `low` to `high`, or above `above`."""

    whole: bool = True
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf

    def parse(self, key: str, value: object) -> float | int:
        """The value as a number; raises SettingsError naming the key."""
        number = _number(value)
        fits = self.low <= number <= self.high and number > self.above
        if not fits or not math.isfinite(number) or (self.whole and number != int(number)):
            raise SettingsError(f"setting.{key} must be {self}; found {brief(value)}")
        return int(number) if self.whole else number

    def __str__(self) -> str:
        parts = ["a whole number" if self.whole else "a number"]
        parts += [f"above {self.above:g}"] if math.isfinite(self.above) else []
        parts += [f"from {self.low:g}"] if math.isfinite(self.low) else []
        parts += [f"to {self.high:g}"] if math.isfinite(self.high) else []
        return " ".join(parts)


@dataclass(frozen=True)
class Flag:
    """A key that PyRadiomics takes true or false for."""

    def parse(self, key: str, value: object) -> bool:
        """The value itself; raises SettingsError naming the key."""
        if not isinstance(value, bool):
            raise SettingsError(f"setting.{key} must be true or false; found {brief(value)}")
        return value


@dataclass(frozen=True)
class Choice:
    """A key that PyRadiomics takes one of these words for."""

    words: tuple[str, ...]

    def parse(self, key: str, value: object) -> str:
        """The word; raises SettingsError naming the key."""
        if not isinstance(value, str) or value not in self.words:
            raise SettingsError(f"setting.{key}: unknown {brief(value)}{nearest(brief(value), self.words)}")
        return value


@dataclass(frozen=True)
class Several:
    """A key that PyRadiomics takes a list of numbers for."""

    number: Number

    def parse(self, key: str, value: object) -> list[float]:
        """The numbers; raises SettingsError naming the key."""
        if not isinstance(value, list | tuple):
            raise SettingsError(f"setting.{key} must be a list; found {brief(value)}")
        return [self.number.parse(key, each) for each in value]


NUMBERS: Mapping[str, Number] = {
    "binWidth": Number(whole=False, above=0),
    "binCount": Number(low=1, high=65_535),
    "label": Number(above=0),
    "label_channel": Number(low=0),
    "minimumROISize": Number(above=0),
    "minimumROIDimensions": Number(low=1, high=3),
    "geometryTolerance": Number(whole=False, above=0),
    "voxelArrayShift": Number(whole=False),
}
TEXTURE: Mapping[str, Number | Flag | Choice | Several] = {
    "force2D": Flag(),
    "force2Ddimension": Number(low=0, high=2),
    "distances": Several(Number(above=0)),
    "gldm_a": Number(low=0),
    "symmetricalGLCM": Flag(),
    "weightingNorm": Choice(("manhattan", "euclidean", "infinity", "no_weighting")),
}
# the same setting here, under another name
RENAMED = {
    "distances": "distances",
    "gldm_a": "gldm_alpha",
    "symmetricalGLCM": "glcm_symmetric",
    "weightingNorm": "weighting",
    "minimumROIDimensions": "min_region_dimensions",
    "geometryTolerance": "grid_tolerance",
    "voxelArrayShift": "voxel_array_shift",
}
# accepted with this value, which asks for nothing
NEUTRAL: Mapping[str, Any] = {
    "correctMask": False,
    "normalize": False,
    "resampledPixelSpacing": None,
    "resegmentRange": None,
}
# without effect as long as what they belong to is not asked for; preCrop changes no value of the original image
DEPENDENT = (
    "additionalInfo",
    "interpolator",
    "padDistance",
    "preCrop",
    "normalizeScale",
    "removeOutliers",
    "resegmentMode",
    "resegmentShape",
    "sigma",
    "start_level",
    "level",
    "wavelet",
    "gradientUseSpacing",
    "lbp2DRadius",
    "lbp2DSamples",
    "lbp2DMethod",
    "lbp3DLevels",
    "lbp3DIcosphereRadius",
    "lbp3DIcosphereSubdivision",
)
KNOWN = (*NUMBERS, *TEXTURE, *NEUTRAL, *DEPENDENT)


def has_sections(values: Mapping[str, Any], ours: Collection[str]) -> bool:
    """Whether a file is one of PyRadiomics, also with a misspelt section, and not one with `ours`, our settings."""
    others = [str(name) for name in islice(values, 100) if name not in ours]
    return any(likeness(name, SECTIONS) >= max(NEAR, likeness(name, ours)) for name in others)


def translate(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a PyRadiomics parameter file as a mapping for `Settings.parse`.

    Raises SettingsError for a key that PyRadiomics does not have, and for all that is not supported yet, key by key.
    """
    for section in parameters:
        if section not in SECTIONS:
            raise SettingsError(f"unknown section {brief(section)}{nearest(str(section), SECTIONS)}")
    setting, image_types, classes, voxels = (_section(parameters, name) for name in SECTIONS)
    _refuse_unknown(setting, image_types, classes)
    unsupported = [
        *(
            f"setting.{key} {brief(value)} (only {NEUTRAL[key]!r})"
            for key, value in setting.items()
            if _asks(key, value)
        ),
        *_unsupported_images(image_types),
        *(f"voxelSetting.{str(key)[:40]}" for key in voxels),
    ]
    if unsupported:
        found = several(list(dict.fromkeys(unsupported)), separator=", ")
        raise SettingsError(f"not supported yet: {found}; leave it out to go on without")
    return {**_settings(setting), "features": {name: names or "all" for name, names in classes.items()} or "all"}


def _section(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = parameters.get(name)
    if section is not None and not isinstance(section, Mapping):
        raise SettingsError(f"{name} holds names with values; found {brief(section)}")
    return section or {}


def _refuse_unknown(setting: Mapping[str, Any], image_types: Mapping[str, Any], classes: Mapping[str, Any]) -> None:
    """Raise SettingsError for the first key that PyRadiomics does not have either."""
    for section, given, known in (
        ("setting", setting, KNOWN),
        ("imageType", image_types, IMAGE_TYPES),
        ("featureClass", classes, FAMILIES),
    ):
        for key in given:
            if key not in known:
                raise SettingsError(f"{section}: unknown key {brief(key)}{nearest(str(key), known)}")


def _asks(key: str, value: object) -> bool:
    """Whether a key asks for something that there is not."""
    return key in NEUTRAL and value is not None and value != NEUTRAL[key]


def _unsupported_images(image_types: Mapping[str, Any]) -> list[str]:
    others = [f"imageType.{name}" for name in image_types if name != "Original"]
    if not image_types or "Original" in image_types:
        custom = image_types.get("Original")
        return [*others, f"settings of imageType.Original alone ({brief(custom)})"] if custom else others
    return others


def _settings(setting: Mapping[str, Any]) -> dict[str, Any]:
    parsers = {**NUMBERS, **TEXTURE}
    given: dict[str, Any] = {
        key: parsers[key].parse(key, value) for key, value in setting.items() if key in parsers and value is not None
    }
    values: dict[str, Any] = {ours: given[theirs] for theirs, ours in RENAMED.items() if theirs in given}
    if "binCount" in given:  # wins over binWidth, as in PyRadiomics
        values["discretise"] = {"bin_count": given["binCount"]}
    elif "binWidth" in given:
        values["discretise"] = {"bin_width": given["binWidth"]}
    if given.get("force2D"):
        values["slice_axis"] = "zyx"[given.get("force2Ddimension", 0)]
    if "minimumROISize" in given:  # PyRadiomics wants more voxels than this
        values["min_region_voxels"] = max(2, int(given["minimumROISize"]) + 1)
    return {**values, "labels": [given.get("label", 1)], "label_channel": given.get("label_channel", 0)}


def _number(value: object) -> float:
    """A number, also one that YAML takes for text (1e-6); NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
