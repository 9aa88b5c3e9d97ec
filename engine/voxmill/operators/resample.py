"""The step resample: an image on another grid, as ITK interpolates; labels by the nearest voxel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Window
from voxmill.operators.operator import At, Exactness, Facts, Form, Operator
from voxmill.steps import Resample

if TYPE_CHECKING:
    import SimpleITK

BY_ITK: Mapping[str, str] = {
    "bspline": "sitkBSpline",
    "linear": "sitkLinear",
    "nearest": "sitkNearestNeighbor",
    "gaussian": "sitkGaussian",
    "label_gaussian": "sitkLabelGaussian",
    "hamming": "sitkHammingWindowedSinc",
    "cosine": "sitkCosineWindowedSinc",
    "welch": "sitkWelchWindowedSinc",
    "lanczos": "sitkLanczosWindowedSinc",
    "blackman": "sitkBlackmanWindowedSinc",
}
"""Interpolators that SimpleITK applies itself, by its names."""
REACH = 40
"""More voxels than any of them looks at to either side."""


def resampling(step: Resample, dtype: np.dtype[Any], target: Grid) -> tuple[Operator, ...]:
    """The operators that bring an image of this type onto a grid, one after the other."""
    whole = dtype.kind in "iu"
    wanted = dtype if not whole or step.rounding != "none" else np.dtype(np.float64)
    rounded = whole and step.rounding == "nearest"
    return (ByItk(Form(target, wanted), BY_ITK[step.interpolator], rounded),)


@dataclass(frozen=True)
class ByItk:
    """An image on another grid, made by SimpleITK from the box that it needs.

    Whole numbers are cut off toward zero, as ITK does, or rounded, halves away from zero. Values are those of SimpleITK
    on the whole image but for the rounding of positions: a relative 1e-12.
    """

    made: Form
    interpolator: str
    rounded: bool

    exactness = Exactness.BOUND
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The new grid, in the type that is wanted."""
        del source, facts
        return self.made

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The voxels around the positions of the window."""
        return (reach(source.grid, self.made.grid, window, REACH),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The box on the new grid; 0 outside the image."""
        del facts
        import SimpleITK as sitk

        image = itk_image(boxes[0], at.source.grid.crop(at.given[0]))
        target = self.made.grid.crop(at.window)
        flat = target.dimensions
        resample = sitk.ResampleImageFilter()
        resample.SetSize([int(n) for n in target.shape[::-1][:flat]])
        resample.SetOutputSpacing(target.spacing[:flat])
        resample.SetOutputOrigin(target.origin[:flat])
        resample.SetOutputDirection(target.direction[:flat, :flat].ravel().tolist())
        resample.SetInterpolator(getattr(sitk, self.interpolator))
        if self.rounded or image.GetPixelID() != self.made.dtype:
            resample.SetOutputPixelType(
                sitk.sitkFloat64 if self.rounded or self.made.dtype.itemsize == 8 else image.GetPixelID()
            )
        found = sitk.GetArrayFromImage(resample.Execute(image)).reshape(target.shape)
        if self.rounded:
            info = np.iinfo(self.made.dtype)
            found = np.clip(np.trunc(found + np.copysign(0.5, found)), info.min, info.max)
        return found.astype(self.made.dtype, copy=False)


def reach(source: Grid, target: Grid, window: Window, halo: int) -> Window:
    """The voxels of a source around the positions of a window of a target."""
    ends = np.array(np.meshgrid(*zip(window.start, [n - 1 for n in window.stop], strict=True))).reshape(3, -1).T
    places = source.indices(target.points(ends))
    low = np.floor(places.min(axis=0)).astype(int) - halo
    high = np.ceil(places.max(axis=0)).astype(int) + 1 + halo
    return Window(tuple(low.tolist()), tuple(high.tolist())).clip(source.shape)


def itk_image(box: NDArray[Any], grid: Grid) -> "SimpleITK.Image":
    """A box as an image of SimpleITK."""
    import SimpleITK as sitk

    flat = grid.dimensions
    image = sitk.GetImageFromArray(box if flat == 3 else box[0])
    image.SetSpacing(grid.spacing[:flat])
    image.SetOrigin(grid.origin[:flat])
    image.SetDirection(grid.direction[:flat, :flat].ravel().tolist())
    return image


def nearest_labels(
    labels: NDArray[Any], number: int, mask: Grid, box: Window, target: Grid
) -> tuple[Window, NDArray[np.uint8]]:
    """Where a label lies on another grid: a window of it that holds all of the label, and 0 and 1 there."""
    import SimpleITK as sitk

    window = reach(target, mask, box, 2)
    image = itk_image((labels == number).astype(np.uint8), mask.crop(box))
    grid = target.crop(window)
    flat = grid.dimensions
    found = sitk.Resample(
        image,
        [int(n) for n in grid.shape[::-1][:flat]],
        sitk.Transform(flat, sitk.sitkIdentity),
        sitk.sitkNearestNeighbor,
        grid.origin[:flat],
        grid.spacing[:flat],
        grid.direction[:flat, :flat].ravel().tolist(),
    )
    return window, sitk.GetArrayFromImage(found).reshape(grid.shape)
