"""Slow, obvious oracles of image types: each voxel by its definition.

Plain loops; arrays are containers only. Definitions are those of PyRadiomics 3.0.1 (module imageoperations and the
page "Image Processing" of its documentation). Sums are exact, rounded once. Images are indexed z, y, x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import copysign, exp, fsum, hypot, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Floats = NDArray[np.float64]


def wavelet_pass(image: Image, taps: Sequence[float], axis: int) -> Floats:
    """A filter along an axis of a periodic image: out[i] = Σ_j taps[j] · image[i + F/2 − j]."""
    made, size = np.empty(image.shape), image.shape[axis]
    for index in np.ndindex(image.shape):
        terms = []
        for j, tap in enumerate(taps):
            place = list(index)
            place[axis] = (index[axis] + len(taps) // 2 - j) % size
            terms.append(tap * float(image[tuple(place)]))
        made[index] = fsum(terms)
    return made


def even(image: Image) -> Image:
    """An image with the first voxel once more at the end of every axis of odd length."""
    shape = [size + size % 2 for size in image.shape]
    made = np.empty(shape, dtype=image.dtype)
    for index in np.ndindex(*shape):
        made[index] = image[tuple(i % size for i, size in zip(index, image.shape, strict=True))]
    return made


def bands(
    image: Image,
    low: Sequence[float],
    high: Sequence[float],
    axes: Sequence[int],
    *,
    start_level: int,
    levels: int,
) -> dict[str, Floats]:
    """All bands of an image by PyRadiomics' names, each level from the approximation before it."""
    inside, all_low = tuple(map(slice, image.shape)), "L" * len(axes)
    approximation, found = even(image), {}
    for level in range(1 - start_level, levels + 1):
        prefix = "wavelet" if level == 1 else f"wavelet{level}"
        made = {}
        for letters in map("".join, product("LH", repeat=len(axes))):
            band = approximation
            for letter, axis in zip(letters, axes, strict=True):
                band = wavelet_pass(band, low if letter == "L" else high, axis)
            made[letters] = band
        approximation = made.pop(all_low)
        if level > 0:
            found.update({f"{prefix}-{letters}": band[inside] for letters, band in made.items()})
        if level == levels:
            found[f"{prefix}-{all_low}"] = approximation[inside]
    return found


def gradient(image: Image, spacing_zyx: Sequence[float]) -> Floats:
    """The length of the gradient by central differences; the voxels of a border go on beyond it."""
    made = np.empty(image.shape)
    for index in np.ndindex(image.shape):
        slopes = []
        for axis, size in enumerate(image.shape):
            before, after = list(index), list(index)
            before[axis], after[axis] = max(index[axis] - 1, 0), min(index[axis] + 1, size - 1)
            rise = float(image[tuple(after)]) - float(image[tuple(before)])
            slopes.append(rise / (2 * spacing_zyx[axis]))
        made[index] = hypot(*slopes)
    return made


def largest(image: Image) -> float:
    """The largest absolute intensity."""
    return max(abs(float(voxel)) for voxel in image.flat)


def square(image: Image) -> Floats:
    """x² / max|x|."""
    scale = largest(image)
    return _each(image, lambda x: x * x / scale)


def square_root(image: Image) -> Floats:
    """√(|x| · max|x|) with the sign of x."""
    scale = largest(image)
    return _each(image, lambda x: copysign(sqrt(abs(x) * scale), x))


def logarithm(image: Image) -> Floats:
    """log(|x| + 1) · max|x| / log(max|x| + 1) with the sign of x."""
    scale = largest(image)
    return _each(image, lambda x: copysign(log(abs(x) + 1) * scale / log(scale + 1), x))


def exponential(image: Image) -> Floats:
    """exp(x · log(max|x|) / max|x|)."""
    scale = largest(image)
    return _each(image, lambda x: exp(x * log(scale) / scale))


def _each(image: Image, function: Callable[[float], float]) -> Floats:
    made = np.empty(image.shape)
    for index, voxel in np.ndenumerate(image):
        made[index] = function(float(voxel))
    return made
