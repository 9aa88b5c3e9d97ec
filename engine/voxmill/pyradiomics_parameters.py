"""PyRadiomics' parameter files → our settings: an explicit table of its keys."""

from collections.abc import Mapping
from typing import Any

from voxmill.errors import SettingsError, nearest

SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")

# the same setting here, under another name
RENAMED = {
    "minimumROIDimensions": "min_region_dimensions",
    "geometryTolerance": "grid_tolerance",
    "voxelArrayShift": "voxel_array_shift",
    "label_channel": "label_channel",
}
TRANSLATED = ("binWidth", "binCount", "label", "minimumROISize")

# accepted with this value, which asks for nothing
NEUTRAL: Mapping[str, Any] = {
    "correctMask": False,
    "normalize": False,
    "resampledPixelSpacing": None,
    "resegmentRange": None,
    "force2D": False,
    "distances": [1],
    "gldm_a": 0,
    "weightingNorm": None,
    "symmetricalGLCM": True,
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
    "force2Ddimension",
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
KNOWN = (*RENAMED, *TRANSLATED, *NEUTRAL, *DEPENDENT)


def translate(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a PyRadiomics parameter file as a mapping for `Settings.parse`.

    Raises SettingsError for a key that PyRadiomics does not have, and for what is not supported yet.
    """
    for section in parameters:
        if section not in SECTIONS:
            raise SettingsError(f"unknown section {section!r}{nearest(str(section), list(SECTIONS))}")
    if parameters.get("voxelSetting"):
        raise SettingsError("voxelSetting is not supported yet: leave it out")
    _check_image_types(parameters.get("imageType") or {"Original": None})
    return {**_settings(parameters.get("setting") or {}), "features": _features(parameters.get("featureClass") or {})}


def _settings(setting: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in setting.items():
        if key not in KNOWN:
            raise SettingsError(f"setting: unknown key {key!r}{nearest(str(key), list(KNOWN))}")
        if key in NEUTRAL and value != NEUTRAL[key]:
            raise SettingsError(f"setting.{key}: {value!r} is not supported yet, only {NEUTRAL[key]!r}")
    given = {key: value for key, value in setting.items() if value is not None}
    values: dict[str, Any] = {ours: given[theirs] for theirs, ours in RENAMED.items() if theirs in given}
    if "binCount" in given:  # wins over binWidth, as in PyRadiomics
        values["discretise"] = {"bin_count": given["binCount"]}
    elif "binWidth" in given:
        values["discretise"] = {"bin_width": given["binWidth"]}
    if "minimumROISize" in given:  # PyRadiomics wants more voxels than this
        values["min_region_voxels"] = max(2, given["minimumROISize"] + 1)
    return {**values, "labels": [given.get("label", 1)]}


def _check_image_types(image_types: Mapping[str, Any]) -> None:
    for name, custom in image_types.items():
        if name != "Original":
            raise SettingsError(f"imageType.{name} is not supported yet, only Original")
        if custom:
            raise SettingsError(f"imageType.Original: settings of its own ({', '.join(custom)}) are not supported yet")


def _features(classes: Mapping[str, Any]) -> object:
    """Null and an empty list both mean all features of a class."""
    if "shape2D" in classes:
        raise SettingsError("featureClass.shape2D is not supported yet: leave it out")
    return {family: names or "all" for family, names in classes.items()} or "all"
