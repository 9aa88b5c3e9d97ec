"""The dictionaries that a script for PyRadiomics fills → our settings."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from voxmill.errors import SettingsError, brief, nearest
from voxmill.pyradiomics.logs import logger
from voxmill.pyradiomics_keys import INTERPOLATORS, MAPS, SETTING, TEXTURE, Flag
from voxmill.settings import Settings

DEFAULTS: Mapping[str, Any] = {
    "minimumROIDimensions": 2,
    "minimumROISize": None,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "preCrop": False,
    "padDistance": 5,
    "distances": [1],
    "force2D": False,
    "force2Ddimension": 0,
    "resegmentRange": None,
    "label": 1,
    "additionalInfo": True,
}
"""What PyRadiomics' extractor begins with, in its order."""


def settings_of(
    setting: Mapping[str, Any], image_types: Mapping[str, Any], features: Mapping[str, Any], **changes: object
) -> Settings:
    """The settings of an extraction; `changes` go before `setting`.

    Raises SettingsError as Settings.from_pyradiomics does. A setting that PyRadiomics would pass over without a word is
    passed over with a warning.
    """
    sections = {
        "setting": with_sigmas(known(setting)) | changes,
        "imageType": {name: with_sigmas(known(own or {})) for name, own in image_types.items()},
        "featureClass": {family: plain(names) for family, names in features.items()},
    }
    return Settings.from_pyradiomics(sections)


def check(parameters: Mapping[str, Any], *, name: str = "") -> None:
    """Raise SettingsError for parameters that Settings.from_pyradiomics refuses, naming their file if there is one.

    LoG may be the only image type, without a sigma: a script may still give it one.
    """
    images = parameters.get("imageType")
    if isinstance(images, Mapping) and list(images) == ["LoG"]:
        parameters = {**parameters, "imageType": {"Original": {}, **images}}
    try:
        Settings.from_pyradiomics(parameters)
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}" if name else str(error)) from None


def with_images(image_types: Mapping[str, Any], setting: Mapping[str, Any]) -> dict[str, Any]:
    """The image types but LoG without a sigma above 0, which has no images; a warning says so."""
    own = plain({**setting, **(image_types.get("LoG") or {})}).get("sigma") or []
    if "LoG" not in image_types or not isinstance(own, list) or not all(map(_is_skipped, own)):
        return dict(image_types)
    logger.warning("LoG has no effect: no sigma above 0 is given")
    return {name: values for name, values in image_types.items() if name != "LoG"}


def with_sigmas(given: dict[str, Any]) -> dict[str, Any]:
    """Settings without what is no sigma, which a parameter file may not have, and PyRadiomics skips elsewhere."""
    sigmas = plain(given.get("sigma"))
    if not isinstance(sigmas, list):
        return given
    for sigma in filter(_is_skipped, sigmas):
        logger.warning("sigma must be greater than 0.0: %s has no effect", sigma)
    return given | {"sigma": [one for one in sigmas if not _is_skipped(one)]}


def _is_skipped(sigma: object) -> bool:
    return isinstance(sigma, int | float) and sigma <= 0


def settings_of_class(setting: Mapping[str, Any], family: str, names: list[str], label: object) -> Settings:
    """The settings of one feature class on an image that is measured as it is."""
    texture = {key: value for key, value in known(setting).items() if key in TEXTURE}
    sections = {
        "setting": {**texture, "label": plain(label), "minimumROIDimensions": 1},
        "featureClass": {family: names},
    }
    return Settings.from_pyradiomics(sections)


def known(setting: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of regions or image types, as a parameter file has them; each unknown one is a warning."""
    for key in setting:
        if key not in SETTING and key not in MAPS:
            logger.warning("setting %s is unknown and has no effect%s", brief(key), nearest(str(key), SETTING))
    return {key: _written(key, plain(value)) for key, value in setting.items() if key in SETTING}


def _written(key: str, value: object) -> object:
    """A value as a parameter file has it, of what PyRadiomics takes from scripts beyond that."""
    if key == "interpolator":
        return _named(value)
    if key == "wavelet":
        return _wavelet(value)
    return bool(value) if isinstance(SETTING[key], Flag) and isinstance(value, int | float) else value


def _wavelet(value: object) -> object:
    """The name of a wavelet, also of one of PyWavelets' own, in its letters."""
    if isinstance(value, str):
        return value.lower()
    import pywt

    if not isinstance(value, pywt.Wavelet) or value.name not in pywt.wavelist():
        return value
    return value.name if value.filter_bank == pywt.Wavelet(value.name).filter_bank else value


def plain(value: object) -> Any:
    """The value as a parameter file has it: numbers and lists of Python in place of NumPy's, and of ranges."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple | range) else value


def _named(interpolator: object) -> object:
    """The name of an interpolator that is one of SimpleITK's numbers, which differ from version to version."""
    if isinstance(interpolator, bool) or not isinstance(interpolator, int):
        return interpolator
    import SimpleITK as sitk

    return next((name for name in INTERPOLATORS if getattr(sitk, name) == interpolator), interpolator)
