"""The step resample: an image on another grid, as ITK interpolates; labels by the nearest voxel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Window
from voxmill.operators.operator import At, Exactness, Facts, Form, MoreNeededError, OnHost, Operator
from voxmill.operators.sampling import Sampling
from voxmill.steps import Resample
from voxmill_kernels.image import sample
from voxmill_kernels.image.box import Box, BoxTooSmallError
from voxmill_kernels.image.floats import in_type
from voxmill_kernels.image.lines import Lines, positions, within
from voxmill_kernels.image.reading import readable_type
from voxmill_kernels.image.spline import HALO, coefficients

HALOS: Mapping[str, int] = {"nearest": 0, "linear": 1, "bspline": 2}
"""How many voxels beyond those around a position an interpolator looks at."""
BY_ITK: Mapping[str, str] = {
    "gaussian": "sitkGaussian",
    "label_gaussian": "sitkLabelGaussian",
    "hamming": "sitkHammingWindowedSinc",
    "cosine": "sitkCosineWindowedSinc",
    "welch": "sitkWelchWindowedSinc",
    "lanczos": "sitkLanczosWindowedSinc",
    "blackman": "sitkBlackmanWindowedSinc",
}
"""Interpolators that SimpleITK applies itself, by its names."""
ITK_HALO = 8
"""More voxels than any of those looks at."""
OF_THE_WHOLE = ("gaussian", "label_gaussian")


def resampling(step: Resample, dtype: np.dtype[Any], target: Grid) -> tuple[Operator, ...]:
    """The operators that bring an image of this type onto a grid, one after the other."""
    whole = dtype.kind in "iu"
    made = Form(target, np.dtype(np.float64) if whole and step.rounding == "none" else dtype)
    rounded = whole and step.rounding == "nearest"
    if step.interpolator in BY_ITK:
        return (ByItk(made, step.interpolator, rounded),)
    interpolate = Interpolate(made, step.interpolator, rounded)
    return (Coefficients(), interpolate) if step.interpolator == "bspline" else (interpolate,)


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of the cubic B-spline through the voxels, mirrored at the borders, as ITK finds them.

    To the bit: certain for whole numbers of up to 16 bits; of others, where no voxel exceeds both 65,536 and 1024 times
    the largest of the window. On a device a float64 copy of the box is held beside it.
    """

    exactness = Exactness.BYTES
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, float64."""
        del facts
        return Form(source.grid, np.dtype(np.float64))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and a halo, which is enough but for long stretches of one value."""
        return (window.grow((HALO, HALO, HALO)).clip(source.grid.shape),)

    def bytes_there(self, window: Window, source: Form) -> int:
        """A copy of the box, of float64; beside it, the box in order, or the part of the copy that is left along x."""
        (held,) = self.needs(window, source)
        along_x = held.size // held.shape[2] * window.shape[2]
        return 8 * held.size + max(source.dtype.itemsize * held.size, 8 * along_x)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The coefficients of the window; raises MoreNeededError where its halo leaves a bit of them open."""
        del facts
        box = Box(boxes[0], at.given[0].start, at.source.grid.shape)
        try:
            return coefficients(box, at.window.start, at.window.stop)
        except BoxTooSmallError as error:
            raise MoreNeededError(str(error)) from None


@dataclass(frozen=True)
class OntoGrid:
    """What interpolators have in common: the grid and the type that they make, and how whole numbers are made."""

    made: Form
    interpolator: str
    rounded: bool

    exactness = Exactness.BYTES
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The new grid, in the type that is wanted."""
        del source, facts
        return self.made


@dataclass(frozen=True)
class Interpolate(OntoGrid):
    """An image on another grid, to the bit as ITK makes it on x86-64; 0 outside of the image.

    Of `bspline` the input is coefficients. Whole numbers are cut off toward zero, as ITK does, or rounded, halves away
    from zero. On a device two of float64, of the window's shape, are held beside the box, and what is made.
    """

    on_device = True

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The voxels around the positions of the window."""
        return (Sampling(source.grid, self.made.grid).window(window, HALOS[self.interpolator]),)

    def bytes_there(self, window: Window, source: Form) -> int:
        """What is interpolated; before that the lines and the box in order, as it is read; then what it becomes."""
        (held,) = self.needs(window, source)
        read = source.dtype if self.interpolator == "nearest" else readable_type(source.dtype)
        found, as_float = (read.itemsize, 8) if self.interpolator == "nearest" else (8, 0)
        lines = 48 * window.shape[0] * window.shape[1]
        cast = (0 if self.made.dtype.kind == "f" else as_float) + self.made.dtype.itemsize
        return found * window.size + max(read.itemsize * held.size + lines, cast * window.size)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The intensities of the window."""
        del facts
        box = Box(boxes[0], at.given[0].start, at.source.grid.shape)
        lines = lines_of(Sampling(at.source.grid, self.made.grid), at.window)
        return cast(self._sampler(at)(box, lines), self.made.dtype, rounded=self.rounded).reshape(at.window.shape)

    def _sampler(self, at: At) -> Callable[[Box, Lines], NDArray[Any]]:
        flat = at.source.grid.dimensions == 2
        return {
            "nearest": sample.nearest,
            "linear": sample.linear,
            "bspline": lambda box, lines: sample.cubic(box, lines, flat=flat),
        }[self.interpolator]


@dataclass(frozen=True)
class ByItk(OnHost, OntoGrid):
    """An image on another grid by an interpolator of SimpleITK, asked voxel by voxel; 0 outside of the image.

    A resampling of the box would find its positions rounded otherwise than one of the whole image, and such
    interpolators give whole numbers at voxels, which are cut off. Asked itself, it gives the same bits in both; the
    Gaussian ones only in the whole image, since where they end is rounded by how far from its start they are.
    """

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The voxels around the positions of the window; of the Gaussian ones, all."""
        if self.interpolator in OF_THE_WHOLE:
            return (Window.whole(source.grid.shape),)
        return (Sampling(source.grid, self.made.grid).window(window, ITK_HALO),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The intensities of the window."""
        del facts
        rank, given = at.source.grid.dimensions, at.given[0]
        places = positions(lines_of(Sampling(at.source.grid, self.made.grid), at.window))
        inside = within(places, at.source.grid.shape)
        values = np.zeros(len(places))
        values[inside] = _evaluate(boxes[0], (places[inside] - given.start)[:, 3 - rank :], self.interpolator)
        return cast(values, self.made.dtype, rounded=self.rounded).reshape(at.window.shape)


def _evaluate(box: NDArray[Any], positions: NDArray[np.float64], interpolator: str) -> list[float]:
    """What an interpolator of SimpleITK gives at positions in a box (n, 2 or 3), z, y, x in voxels."""
    if len(positions) == 0:
        return []
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(box if positions.shape[1] == 3 else box[0])
    method = getattr(sitk, BY_ITK[interpolator])
    return [image.EvaluateAtContinuousIndex(position, method) for position in positions[:, ::-1].tolist()]


def cast(values: NDArray[Any], dtype: np.dtype[Any], *, rounded: bool) -> NDArray[Any]:
    """Interpolated values in another type: whole numbers cut off toward zero, or rounded, halves away from zero.

    Infinite ones stay so, where ITK gives the largest number of the type.
    """
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return in_type(values, dtype, copy=False)
    return sample.to_type(values, dtype, rounded=rounded)


def lines_of(sampling: Sampling, window: Window) -> Lines:
    """The lines of a window of a target, for the samplers."""
    starts, steps = sampling.lines(window)
    return Lines(starts, steps, sampling.target.shape[2], window.start[2], window.shape[2])


def nearest_labels(
    labels: NDArray[Any], number: int, mask: Grid, box: Window, target: Grid
) -> tuple[Window, NDArray[np.uint8]]:
    """Where a label lies on another grid: a window of it that holds all of the label, and 0 and 1 there.

    `labels` are those of the box of the label in the mask.
    """
    window, sampling = _around(mask, box, target), Sampling(mask, target)
    seen = sampling.window(window, 0).join(box)
    inside = np.zeros(seen.shape, dtype=np.uint8)
    inside[box.within(seen).slices] = labels == number
    found = sample.nearest(Box(inside, seen.start, mask.shape), lines_of(sampling, window))
    return window, found.reshape(window.shape)


def _around(mask: Grid, box: Window, target: Grid) -> Window:
    """The voxels of a target whose positions can lie in a box of a mask."""
    ends = zip(box.start, box.stop, strict=True)
    corners = np.stack(np.meshgrid(*[np.array(end) - 0.5 for end in ends]), axis=-1).reshape(-1, 3)
    places = target.indices(mask.points(corners))
    low, high = np.floor(places.min(axis=0)).astype(int).tolist(), np.ceil(places.max(axis=0)).astype(int).tolist()
    return Window((low[0], low[1], low[2]), (high[0] + 1, high[1] + 1, high[2] + 1)).clip(target.shape)
