"""PyRadiomics' parameter files → our settings."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from voxmill.errors import NEAR, SettingsError, brief, likeness, nearest
from voxmill.image_types import most_samples
from voxmill.pyradiomics_keys import (
    BELONG,
    BIN_WIDTH,
    IMAGE_TYPES,
    MAPS,
    OF_MAPS,
    PAD,
    SECTIONS,
    SETTING,
    TEXTURE,
    Value,
)
from voxmill_kernels.features.catalogue import FAMILIES

MEASURING = {
    "distances": "distances",
    "gldm_a": "gldm_alpha",
    "symmetricalGLCM": "glcm_symmetric",
    "weightingNorm": "weighting",
    "voxelArrayShift": "voxel_array_shift",
}
"""What decides how a region is measured: its names here."""
RENAMED = {
    "minimumROIDimensions": "min_region_dimensions",
    "geometryTolerance": "grid_tolerance",
    "additionalInfo": "diagnostics",
}
"""The same setting here, under another name."""
ORDINALS = ("first", "second", "third")
IMAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Original": ("original", {}),
    "LoG": ("log", {"sigma": "sigma_mm"}),
    "Wavelet": ("wavelet", {"wavelet": "wavelet", "start_level": "start_level", "level": "levels"}),
    "Square": ("square", {}),
    "SquareRoot": ("squareroot", {}),
    "Logarithm": ("logarithm", {}),
    "Exponential": ("exponential", {}),
    "Gradient": ("gradient", {"gradientUseSpacing": "use_spacing"}),
    "LBP2D": ("lbp2d", {"lbp2DRadius": "radius", "lbp2DSamples": "samples", "lbp2DMethod": "method"}),
    "LBP3D": (
        "lbp3d",
        {"lbp3DLevels": "levels", "lbp3DIcosphereRadius": "radius", "lbp3DIcosphereSubdivision": "subdivision"},
    ),
}
"""Image types by PyRadiomics' names: ours, and the names of their settings, theirs and ours."""


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
    _refuse_unknown("imageType", image_types, IMAGE_TYPES)
    _refuse_unknown("featureClass", classes, FAMILIES)
    given = _parse("setting", setting, SETTING)
    maps = _parse("voxelSetting", voxels, MAPS)
    images, remarks = _images(image_types, given)
    features: Any = {name: names or "all" for name, names in classes.items()} or "all"
    if given.get("force2D") and not classes:  # without classes PyRadiomics asks for shape2D too, which needs force2D
        features = list(FAMILIES)
    return {**_settings(given), "images": images, "features": features, "notes": [*_notes(given, maps), *remarks]}


def _section(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = parameters.get(name)
    if section is not None and not isinstance(section, Mapping):
        raise SettingsError(f"{name} holds names with values; found {brief(section)}")
    return section or {}


def _refuse_unknown(section: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise SettingsError for the first key that PyRadiomics does not have either."""
    for key in given:
        if key not in known:
            raise SettingsError(f"{section}: unknown key {brief(key)}{nearest(str(key), known)}")


def _parse(section: str, given: Mapping[str, Any], known: Mapping[str, Value]) -> dict[str, Any]:
    """The values of a section; null is PyRadiomics' default, but an interpolator that is null resamples nothing."""
    _refuse_unknown(section, given, known)
    found = {key: known[key].parse(f"{section}.{key}", value) for key, value in given.items() if value is not None}
    return {"interpolator": None, **found} if "interpolator" in given else found


def _images(image_types: Mapping[str, Any], general: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Our image types, in the order given, and notes; `general` are the keys that hold for all of them."""
    images: dict[str, Any] = {}
    notes: list[str] = []
    for name in image_types or ("Original",):
        ours, renamed = IMAGES[name]
        section = _section(image_types, name)
        own = _parse(f"imageType.{name}", section, SETTING)
        _refuse_other_label(name, own, general)
        both = {key: value for key, value in general.items() if key not in section} | own
        before = _measuring(general)
        after = _measuring(both)
        changed = {key: after.get(key) for key in (*before, *after) if after.get(key) != before.get(key)}
        images[ours] = changed | {renamed[key]: both[key] for key in renamed if key in both}
        if name == "LBP2D":
            _refuse_many_samples(both)
            if "force2Ddimension" in both:  # which counts here without force2D, too
                images[ours]["axis"] = ORDINALS[both["force2Ddimension"]]
        idle = [key for key in own if key not in {**TEXTURE, **renamed} and own[key] != general.get(key)]
        notes += [f"imageType.{name} ({', '.join(idle)}): without effect on this image type alone"] if idle else []
    return images, notes + _only_sigmas(images)


def _refuse_other_label(name: str, own: Mapping[str, Any], general: Mapping[str, Any]) -> None:
    """There, another label would be measured in the box of the region."""
    label, others = general.get("label", 1), own.get("label")
    if others not in (None, label):
        raise SettingsError(
            f"imageType.{name}.label is {others}, and the label that is measured is {label}, in all images; "
            f"leave it out under imageType"
        )


def _refuse_many_samples(given: Mapping[str, Any]) -> None:
    method, samples = given.get("lbp2DMethod", "uniform"), given.get("lbp2DSamples", 0)
    if samples > most_samples(method):
        raise SettingsError(
            f"imageType.LBP2D: lbp2DSamples must be at most {most_samples(method)} by lbp2DMethod {method}; "
            f"found {samples}"
        )


def _only_sigmas(images: dict[str, Any]) -> list[str]:
    """Leave LoG out where no sigma is given, with a note; one that is given twice counts once.

    Raises SettingsError where it is the only image type.
    """
    if "log" not in images:
        return []
    given = images["log"].get("sigma_mm")
    if given:
        images["log"]["sigma_mm"] = list({str(sigma): sigma for sigma in given}.values())
        return []
    del images["log"]
    if not images:
        raise SettingsError("imageType.LoG is the only image type, and has no sigma; give it one, as sigma: [1.0, 3.0]")
    return ["imageType.LoG has no effect: no sigma is given"]


def _measuring(given: Mapping[str, Any]) -> dict[str, Any]:
    """What decides how a region is measured: of all image types, or of one."""
    values: dict[str, Any] = {ours: given[theirs] for theirs, ours in MEASURING.items() if theirs in given}
    if "binCount" in given:
        values["discretise"] = {"bin_count": given["binCount"]}
    elif "binWidth" in given:
        values["discretise"] = {"bin_width": given["binWidth"]}
    if given.get("force2D"):
        values["slice_axis"] = ORDINALS[given.get("force2Ddimension", 0)]
    return values


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {ours: given[theirs] for theirs, ours in RENAMED.items() if theirs in given}
    if "minimumROISize" in given:  # PyRadiomics wants more voxels than this
        values["min_region_voxels"] = max(2, int(given["minimumROISize"]) + 1)
    values["mask_on_other_grid"] = "resample" if given.get("correctMask") else "error"
    labels = {"labels": [given.get("label", 1)], "label_channel": given.get("label_channel", 0)}
    return {**values, **_measuring(given), **_steps(given), **labels}


def _steps(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    margin = given.get("padDistance", PAD)
    if given.get("normalize"):
        values["normalise"] = {"scale": given.get("normalizeScale", 1), "outliers": given.get("removeOutliers")}
    interpolator = given.get("interpolator", "bspline")
    if "resampledPixelSpacing" in given and interpolator is not None:
        spacing = given["resampledPixelSpacing"]
        values["resample"] = {"spacing_mm": spacing, "interpolator": interpolator, "margin_voxels": margin}
    elif given.get("preCrop"):
        values["crop"] = {"margin_voxels": margin}
    if "resegmentRange" in given:
        values["resegment"] = {
            "range": sorted(given["resegmentRange"]),
            "mode": given.get("resegmentMode", "absolute"),
            "shape": "resegmented" if given.get("resegmentShape") else "clipped",
        }
    return values


def _notes(given: Mapping[str, Any], maps: Mapping[str, Any]) -> Iterator[str]:
    """What PyRadiomics does without a word."""
    if "binCount" in given and given.get("binWidth", BIN_WIDTH) != BIN_WIDTH:
        yield "binCount goes before binWidth, which has no effect"
    if "resampledPixelSpacing" in given and given.get("interpolator", "") is None:
        yield "resampledPixelSpacing has no effect: interpolator is null"
    if given.get("preCrop") and "resampledPixelSpacing" in given and given.get("interpolator", "") is not None:
        yield "preCrop has no effect: resampling crops by itself"
    if given.get("correctMask") and "resampledPixelSpacing" in given and given.get("interpolator", "") is not None:
        yield "correctMask has no effect: resampling takes a mask on any grid"
    if given.get("padDistance", PAD) != PAD and "resampledPixelSpacing" not in given and not given.get("preCrop"):
        yield "padDistance: without effect, since neither resampledPixelSpacing nor preCrop is set"
    for name, defaults in BELONG.items():
        idle = _changed(given, defaults)
        if idle and not given.get(name):
            yield f"{', '.join(idle)}: without effect, since {name} is not set"
    idle = [key for key in maps if maps[key] != OF_MAPS.get(key)]
    if idle:
        yield f"voxelSetting ({', '.join(idle)}): for voxel maps, without effect on the features of regions"


def _changed(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """The keys that have another value than their default."""
    return [key for key, default in defaults.items() if given.get(key, default) != default]
