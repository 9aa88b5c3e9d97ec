"""Whether files hold what a store has of them, where their times or names say that they may have changed."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from voxmill.discovery.cases import ImageSource, MaskSource
from voxmill.errors import InputError
from voxmill.passing import Unreachable
from voxmill.store import StoredImage
from voxmill.volume import Image, Mask, Volume


@dataclass(frozen=True)
class Reading:
    """How files are read into a store: allow_gaps as read_image has it, threshold as read_mask has it."""

    allow_gaps: bool
    threshold: float


def is_same(
    image: ImageSource, masks: Collection[MaskSource], stored: StoredImage, how: Reading, *, whole: bool
) -> bool:
    """Whether the files of an image, and of these masks of it, hold what the store has.

    whole: whether the image itself may have changed, and not its masks alone. Raises Unreachable where they cannot be
    looked at now.
    """
    try:
        volume = image.read(allow_gaps=how.allow_gaps).volume if whole or image.is_unlooked_at else None
        if volume is not None and not _is_image(volume, image, stored):
            return False
        return all(_is_mask(mask, volume or stored, stored.mask(mask.name), how) for mask in masks)
    except Unreachable:
        raise
    except InputError:
        return False


def _is_image(volume: Volume, image: ImageSource, stored: StoredImage) -> bool:
    """Whether voxels, place, uptake values and what was told of the header before are the same."""
    told, known = json.loads(json.dumps(dict(image.attributes))), stored.about.attributes
    is_told = all(known.get(name) == value for name, value in told.items())
    return is_told and (volume.digest, _factor(volume)) == (stored.digest, _factor(stored))


def _factor(image: Volume | StoredImage) -> float | None:
    """That of uptake values; how it came about is told in the words of today."""
    return None if image.suv is None else image.suv.factor


def _is_mask(mask: MaskSource, image: Image, stored: Mask, how: Reading) -> bool:
    """Whether labels, place and names of regions are the same."""
    found = mask.read(image, threshold=how.threshold).mask
    return (found.digest, _names(found)) == (stored.digest, _names(stored))


def _names(mask: Mask) -> list[tuple[int, int, str | None]]:
    return [(one.layer, one.label, one.name) for one in mask.segments]
