"""Which parts of the settings play a part in what is measured: the others are not told of."""

from collections.abc import Callable

from voxmill.cohort.words import IMAGES, listed
from voxmill.settings import Settings

SHAPES = ("shape", "shape2D")
TEXTURES = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
BINNED = ("Entropy", "Uniformity")
"""Features of first order that are of grey levels."""
SHIFTED = ("Energy", "RootMeanSquared", "TotalEnergy")
"""Those that square intensities, with a shift."""


def has_shape(settings: Settings) -> bool:
    """Whether the shape of regions is measured."""
    return any(family in SHAPES for family in settings.features)


def textures(settings: Settings) -> list[str]:
    """The families of texture that are measured."""
    return [family for family in settings.features if family in TEXTURES]


def first_order(settings: Settings, names: tuple[str, ...]) -> list[str]:
    """Those features of first order that are measured, of these."""
    return [name for name in settings.features.get("firstorder", ()) if name in names]


def has_levels(settings: Settings) -> bool:
    """Whether something is measured of grey levels."""
    return bool(textures(settings) or first_order(settings, BINNED))


def has_values(settings: Settings) -> bool:
    """Whether more than shape is measured."""
    return any(family not in SHAPES for family in settings.features)


def has_filters(settings: Settings) -> bool:
    """Whether something is measured in a filtered image."""
    return has_values(settings) and any(name != "original" for name in settings.images)


def uses_intensities(settings: Settings) -> bool:
    """Whether intensities decide anything."""
    return has_values(settings) or settings.resegment is not None


def by_image(settings: Settings, say: Callable[[Settings], str]) -> str:
    """What is to be said of the settings that hold in an image; where images differ, with those that it is true of."""
    images: dict[str, list[str]] = {}
    for name in settings.images:
        images.setdefault(say(settings.of_image(name)), []).append(IMAGES[name])
    if len(images) == 1:
        return next(iter(images))
    return "; ".join(f"{said} ({listed(names)} images)" for said, names in images.items())
