"""The keys of PyRadiomics' parameter files: what it takes for each, as an explicit table, and its own defaults."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voxmill.errors import SettingsError, brief, nearest
from voxmill.image_types import MOST_LEVELS, MOST_SUBDIVISIONS

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
    """What PyRadiomics takes for a key: whole numbers only, from `low` to `high`, or above `above`; or NaN as well."""

    whole: bool = True
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf
    nan: bool = False

    def parse(self, key: str, value: object) -> float | int:
        """The value as a number; raises SettingsError naming the key."""
        if self.nan and str(value).lower() == "nan":
            return math.nan
        number = _number(value)
        fits = self.low <= number <= self.high and number > self.above
        if not fits or not math.isfinite(number) or (self.whole and number != int(number)):
            raise SettingsError(f"{key} must be {self}; found {brief(value)}")
        if self.whole:
            return int(number)
        return value if isinstance(value, int) else number  # as it is written: sigma is part of a column's name

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
            raise SettingsError(f"{key} must be true or false; found {brief(value)}")
        return value


@dataclass(frozen=True)
class Choice:
    """A key that PyRadiomics takes one of these words for."""

    words: tuple[str, ...]

    def parse(self, key: str, value: object) -> str:
        """The word; raises SettingsError naming the key."""
        if not isinstance(value, str) or value not in self.words:
            raise SettingsError(f"{key}: unknown {brief(value)}{nearest(brief(value), self.words)}")
        return value


@dataclass(frozen=True)
class Text:
    """A key that PyRadiomics takes a name for."""

    def parse(self, key: str, value: object) -> str:
        """The name; raises SettingsError naming the key."""
        if not isinstance(value, str):
            raise SettingsError(f"{key} must be a name; found {brief(value)}")
        return value


@dataclass(frozen=True)
class Several:
    """A key that PyRadiomics takes a list of numbers for, of one of these lengths (any length where there are none)."""

    number: Number
    lengths: tuple[int, ...] = ()

    def parse(self, key: str, value: object) -> list[float]:
        """The numbers; raises SettingsError naming the key."""
        if not isinstance(value, list | tuple):
            raise SettingsError(f"{key} must be a list; found {brief(value)}")
        if self.lengths and len(value) not in self.lengths:
            counts = " or ".join(map(str, self.lengths))
            raise SettingsError(f"{key} must be a list of {counts} numbers; found {brief(value)}")
        return [self.number.parse(key, each) for each in value]


INTERPOLATORS: Mapping[str, str] = {
    "sitkNearestNeighbor": "nearest",
    "sitkLinear": "linear",
    "sitkBSpline": "bspline",
    "sitkGaussian": "gaussian",
    "sitkLabelGaussian": "label_gaussian",
    "sitkHammingWindowedSinc": "hamming",
    "sitkCosineWindowedSinc": "cosine",
    "sitkWelchWindowedSinc": "welch",
    "sitkLanczosWindowedSinc": "lanczos",
    "sitkBlackmanWindowedSinc": "blackman",
}
"""In the order of SimpleITK's numbers, from 1."""
RENUMBERED = {23: "sitkBSpline"}
"""Numbers that SimpleITK gives today."""


@dataclass(frozen=True)
class Interpolator:
    """A key that PyRadiomics takes the name of an interpolator of SimpleITK for, or its number."""

    def parse(self, key: str, value: object) -> str:
        """Its name here; raises SettingsError naming the key."""
        names = tuple(INTERPOLATORS)
        if isinstance(value, int) and not isinstance(value, bool):
            value = {**dict(enumerate(names, 1)), **RENUMBERED}.get(value, value)
        return INTERPOLATORS[Choice(names).parse(key, value)]


Value = Number | Flag | Choice | Text | Several | Interpolator
POSITIVE = Number(whole=False, above=0)

TEXTURE: Mapping[str, Value] = {
    "binWidth": POSITIVE,
    "binCount": Number(low=1, high=65_535),
    "force2D": Flag(),
    "force2Ddimension": Number(low=0, high=2),
    "distances": Several(Number(above=0)),
    "gldm_a": Number(low=0),
    "symmetricalGLCM": Flag(),
    "weightingNorm": Choice(("manhattan", "euclidean", "infinity", "no_weighting")),
    "voxelArrayShift": Number(whole=False),
}
"""What PyRadiomics takes for the features; also for those of one image type alone, under imageType."""
GENERAL: Mapping[str, Value] = {
    "label": Number(above=0),
    "label_channel": Number(low=0),
    "minimumROISize": Number(above=0),
    "minimumROIDimensions": Number(low=1, high=3),
    "geometryTolerance": POSITIVE,
    "correctMask": Flag(),
    "additionalInfo": Flag(),
    "normalize": Flag(),
    "normalizeScale": POSITIVE,
    "removeOutliers": POSITIVE,
    "resampledPixelSpacing": Several(Number(whole=False, low=0), lengths=(2, 3)),
    "interpolator": Interpolator(),
    "padDistance": Number(low=0),
    "preCrop": Flag(),
    "resegmentRange": Several(Number(whole=False), lengths=(1, 2)),
    "resegmentMode": Choice(("absolute", "relative", "sigma")),
    "resegmentShape": Flag(),
}
FILTERS: Mapping[str, Value] = {
    "sigma": Several(POSITIVE),
    "start_level": Number(low=0),
    "level": Number(above=0),
    "wavelet": Text(),
    "gradientUseSpacing": Flag(),
    "lbp2DRadius": POSITIVE,
    "lbp2DSamples": Number(low=1, high=1024),
    "lbp2DMethod": Choice(("default", "ror", "uniform", "nri_uniform", "var")),
    "lbp3DLevels": Number(low=1, high=MOST_LEVELS),
    "lbp3DIcosphereRadius": POSITIVE,
    "lbp3DIcosphereSubdivision": Number(low=0, high=MOST_SUBDIVISIONS),
}
"""What PyRadiomics takes for image types: without effect as long as those are not asked for."""
MAPS: Mapping[str, Value] = {
    "kernelRadius": Number(above=0),
    "maskedKernel": Flag(),
    "initValue": Number(whole=False, nan=True),
    "voxelBatch": Number(above=0),
}
"""What PyRadiomics takes under voxelSetting: without effect on the features of regions."""
SETTING: Mapping[str, Value] = {**GENERAL, **TEXTURE, **FILTERS}
BELONG: Mapping[str, Mapping[str, Any]] = {
    "normalize": {"normalizeScale": 1, "removeOutliers": None},
    "resegmentRange": {"resegmentMode": "absolute", "resegmentShape": False},
    "force2D": {"force2Ddimension": 0},
}
"""Keys that only mean something together with another, and PyRadiomics' defaults for them."""
BIN_WIDTH, PAD = 25, 5
"""PyRadiomics' defaults."""
OF_MAPS: Mapping[str, Any] = {"kernelRadius": 1, "maskedKernel": True, "initValue": 0}
"""PyRadiomics' defaults under voxelSetting."""


def _number(value: object) -> float:
    """A number, also one that YAML takes for text (1e-6); NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
