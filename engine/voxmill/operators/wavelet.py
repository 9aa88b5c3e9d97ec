"""The image type wavelet: passes along one axis each, and the chains of them that make PyRadiomics' bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Grid, Index, Window
from voxmill.operators.crop import Crop
from voxmill.operators.operator import At, Exactness, Facts, Form, Operator
from voxmill_kernels.array import namespace
from voxmill_kernels.image.wavelet import convolve, length, taps


@dataclass(frozen=True)
class EvenWrap:
    """An image whose length along an axis is odd, longer by one voxel: the first one again (numpy.pad, mode wrap)."""

    axis: int

    exactness = Exactness.EQUAL
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The grid with one more voxel at the end of the axis, the same type."""
        del facts
        shape = list(source.grid.shape)
        shape[self.axis] += 1
        return Form(Grid((shape[0], shape[1], shape[2]), source.grid.affine, source.grid.dimensions), source.dtype)

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window itself, and the first voxels where it holds them again."""
        return self._ring(window, source).windows(window)

    def bytes_there(self, window: Window, source: Form) -> int:
        """What is put together, or taken around the end; none where the box is handed on."""
        within = window.stop[self.axis] <= source.grid.shape[self.axis]
        return 0 if within else window.size * source.dtype.itemsize

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The box, and the first voxels behind it where they are wanted."""
        del facts
        return self._ring(at.window, at.source).join(boxes)

    def _ring(self, window: Window, source: Form) -> "_Ring":
        return _Ring(self.axis, source.grid.shape[self.axis], window.start[self.axis], window.stop[self.axis])


@dataclass(frozen=True)
class Pass:
    """One pass of a wavelet's low or high filter along an axis, undecimated, around the ends: pywt.swt of level 1.

    The axis has an even length. float32 stays so, everything else becomes float64. Taps are summed in PyWavelets'
    order.
    """

    axis: int
    wavelet: str
    high: bool

    exactness = Exactness.BYTES
    on_device = True
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        """The same grid, in floating point."""
        del facts
        return Form(source.grid, np.dtype(np.float32 if source.dtype == np.float32 else np.float64))

    def needs(self, window: Window, source: Form) -> tuple[Window, ...]:
        """The window and half a filter to either side along the axis, around the ends of the image."""
        return self._ring(window, source).windows(window)

    def bytes_there(self, window: Window, source: Form) -> int:
        """The box around the ends, in order and in the type of the sums; beside it, as given, or what is made."""
        ring, given, made = self._ring(window, source), source.dtype.itemsize, self.form(source, {}).dtype.itemsize
        joined = window.size // window.shape[self.axis] * (ring.stop - ring.start)
        return made * joined + max(made * window.size, given * joined)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        """The filtered box."""
        ring, dtype = self._ring(at.window, at.source), self.form(at.source, facts).dtype
        filter_taps = taps(self.wavelet, dtype, high=self.high)
        inner = ring.size - ring.stop + at.window.shape[self.axis]
        return convolve(ring.join(boxes).astype(dtype, copy=False), filter_taps, self.axis, inner)

    def _ring(self, window: Window, source: Form) -> "_Ring":
        after = length(self.wavelet) // 2
        start = window.start[self.axis] - (after - 1)
        return _Ring(self.axis, source.grid.shape[self.axis], start, window.stop[self.axis] + after)


@dataclass(frozen=True)
class _Ring:
    """Indices along an axis of this size, from `start` to before `stop`, that go around at its ends."""

    axis: int
    size: int
    start: int
    stop: int

    def windows(self, window: Window) -> tuple[Window, ...]:
        """The windows of the image that hold these indices, in their order; the whole axis where they go all around."""
        length, first = self.stop - self.start, self.start % self.size
        if length >= self.size:
            return (self._along(window, 0, self.size),)
        if first + length <= self.size:
            return (self._along(window, first, first + length),)
        return (self._along(window, first, self.size), self._along(window, 0, first + length - self.size))

    def join(self, boxes: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The voxels of these indices, from the boxes of their windows."""
        xp, joined = namespace(boxes[0]), boxes[0]
        if len(boxes) > 1:
            joined = xp.concatenate(boxes, axis=self.axis)
        elif self.stop - self.start >= self.size and (self.start, self.stop) != (0, self.size):
            joined = joined.take(xp.arange(self.start, self.stop) % self.size, axis=self.axis)
        return joined

    def _along(self, window: Window, start: int, stop: int) -> Window:
        starts, stops = list(window.start), list(window.stop)
        starts[self.axis], stops[self.axis] = start, stop
        return Window((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2]))


def deepest(wavelet: str, *, shape: Index, axes: Sequence[int]) -> int:
    """The last level that averages over no more voxels than the longest of these axes has; the first one always does.

    A level repeats the undilated filter: level 3 of one of F taps averages over 3 (F - 1) + 1 voxels.
    """
    return max(1, (max(shape[axis] for axis in axes) - 1) // (length(wavelet) - 1))


def too_deep(wavelet: str, level: int, *, shape: Index, axes: Sequence[int]) -> str | None:
    """Why levels up to this one cannot all be made, None where they can: beyond `deepest` they say nothing more."""
    last, longest = deepest(wavelet, shape=shape, axes=axes), max(shape[axis] for axis in axes)
    if level <= last:
        return None
    span = level * (length(wavelet) - 1) + 1
    return (
        f"levels above {last}: level {level} of {wavelet} averages over {span} voxels, and the image has {longest}; "
        "choose fewer levels, or a smaller start level"
    )


def bands(
    wavelet: str, *, shape: Index, start_level: int = 0, levels: int = 1, axes: Sequence[int] = (2, 1, 0)
) -> dict[str, tuple[Operator, ...]]:
    """The chains of operators that make the bands of an image of this shape, by PyRadiomics' names, in its order.

    `levels` levels after the first `start_level` ones: of each every band with a high pass, then the approximation of
    the last. A name has a letter per axis, in the order of `axes` (0, 1, 2 for z, y, x; without the axis across
    slices where work is in slices). Every level repeats the same filters on the approximation before it, of the image
    made even along these axes once (PyRadiomics 3.0.1, imageoperations.getWaveletImage).
    """
    odd = [axis for axis in axes if shape[axis] % 2]
    approximation: tuple[Operator, ...] = tuple(map(EvenWrap, odd))
    cut = (Crop(Window.whole(shape)),) if odd else ()
    low, *highs = map("".join, product("LH", repeat=len(axes)))
    found: dict[str, tuple[Operator, ...]] = {}
    for _ in range(start_level):
        approximation += _passes(wavelet, axes, low)
    for level in range(1, levels + 1):
        for letters in highs:
            found[f"{_prefix(level)}-{letters}"] = (*approximation, *_passes(wavelet, axes, letters), *cut)
        approximation += _passes(wavelet, axes, low)
    return {**found, f"{_prefix(levels)}-{low}": (*approximation, *cut)}


def _passes(wavelet: str, axes: Sequence[int], letters: str) -> tuple[Pass, ...]:
    return tuple(Pass(axis, wavelet, high=letter == "H") for axis, letter in zip(axes, letters, strict=True))


def _prefix(level: int) -> str:
    return "wavelet" if level == 1 else f"wavelet{level}"
