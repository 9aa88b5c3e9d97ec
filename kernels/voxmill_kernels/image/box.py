"""A part of an image that knows where it lies, so that kernels tell the image's borders from its own ends."""

from typing import NamedTuple

from voxmill_kernels.types import Array

Index = tuple[int, int, int]


class Box(NamedTuple):
    """A box of an image (z, y, x): its voxels, where it starts in the image, and the shape of the image."""

    voxels: Array
    start: Index
    shape: Index


class BoxTooSmallError(ValueError):
    """A box leaves open what lies before or after it; a larger one, at last the whole image, does not."""


def whole(image: Array) -> Box:
    """The box of a whole image."""
    depth, height, width = image.shape
    return Box(image, (0, 0, 0), (depth, height, width))
