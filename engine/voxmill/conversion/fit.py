"""What will matter when an image is measured in its mask, said already when they are converted."""

from itertools import product

import numpy as np

from voxmill.errors import InputError
from voxmill.grid import MAX_SHEAR, Grid
from voxmill.volume import Image, Mask, require_same_dimensions


def shear_notes(grid: Grid) -> tuple[str, ...]:
    """A note on axes that are not at right angles; none where they are."""
    if grid.shear <= MAX_SHEAR:
        return ()
    return (
        f"its axes are not at right angles (cosine {grid.shear:.4f}): it can be measured only with the setting "
        "resample, which brings image and mask onto a grid with square axes",
    )


def fit_notes(image: Image, mask: Mask) -> tuple[str, ...]:
    """A note on a mask that lies on another grid than its image; none where it lies on the same.

    Raises InputError where it has other dimensions, or regions and none of them reaches the image.
    """
    require_same_dimensions(image, mask)
    if image.grid.matches(mask.grid):
        return ()
    if mask.segments and not any(_meet(image.grid, mask.grid.crop(one.box)) for one in mask.segments):
        raise InputError(
            f"{mask.name}: no region of it lies in the image (image: {image.grid}; mask: {mask.grid}); give the image "
            "that it was drawn on"
        )
    return ("a mask lies on another grid, and goes to the nearest voxels when the image is measured",)


def _meet(image: Grid, box: Grid) -> bool:
    """Whether a box reaches an image, by its corners in voxels of the image."""
    ends = [(-0.5, size - 0.5) for size in box.shape]
    corners = image.indices(box.points(list(product(*ends))))
    is_before = corners.max(axis=0) < -0.5
    is_after = corners.min(axis=0) > np.asarray(image.shape) - 0.5
    return not (is_before | is_after).any()
