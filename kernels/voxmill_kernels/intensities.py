"""The intensities of a region: gathered from its box, and as a distribution.

An image that lies on a device is worked on there: intensities stay there, the box and distributions come here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from voxmill_kernels.array import device_of, namespace, to_host
from voxmill_kernels.device import Device
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Binary, Floats, Ints

BINS = 65_536


@dataclass(frozen=True)
class Distribution:
    """The intensities of a region in ascending order, with how often each occurs.

    values: (n,) float64; each once for an image of whole numbers, otherwise one per voxel. counts: (n,) int64.
    """

    values: Floats
    counts: Ints


def gather(image: Array, labels: Array, label: int, voxels: int) -> tuple[Binary, Array]:
    """Where a region lies, and what its intensities are.

    `image` and `labels` are boxes of one shape, z, y, x; `voxels` is how often `label` occurs. Gives the box within one
    layer of outside, 0 outside and 1 inside, and the intensities (voxels,) in its order, of the image's type.
    Labels and box are NumPy arrays; of an image on a device the intensities are there too.
    """
    depth, height, width = labels.shape
    box = np.zeros((depth + 2, height + 2, width + 2), dtype=np.int8)
    device = device_of(image)
    if device is not None:
        np.equal(labels, label, out=box[1:-1, 1:-1, 1:-1], casting="unsafe")
        return box, _taken(image, box, device)
    values = np.empty(voxels, dtype=image.dtype)
    _gather(image, labels, label, box, values)
    return box, values


@njit
def _gather(image: Array, labels: Array, label: int, box: Binary, values: Array) -> None:
    depth, height, width = labels.shape
    voxel = 0
    for z in range(depth):
        for y in range(height):
            row, inside, intensities = labels[z, y], box[z + 1, y + 1], image[z, y]
            for x in range(width):
                if row[x] == label:
                    inside[x + 1] = 1
                    values[voxel] = intensities[x]
                    voxel += 1


def gather_again(image: Array, box: Binary, voxels: int) -> Array:
    """The intensities of a region in another image, in the order of its box as `gather` gives it: (voxels,)."""
    device = device_of(image)
    if device is not None:
        return _taken(image, box, device)
    values = np.empty(voxels, dtype=image.dtype)
    _gather_again(image, box, values)
    return values


@njit
def _gather_again(image: Array, box: Binary, values: Array) -> None:
    depth, height, width = image.shape
    voxel = 0
    for z in range(depth):
        for y in range(height):
            inside, intensities = box[z + 1, y + 1], image[z, y]
            for x in range(width):
                if inside[x + 1] == 1:
                    values[voxel] = intensities[x]
                    voxel += 1


def _taken(image: Array, box: Binary, device: Device) -> Array:
    from voxmill_kernels.mask.cuda.intensities import take

    return take(image, box[1:-1, 1:-1, 1:-1], device)


def ends(values: Array) -> tuple[Any, Any]:
    """The lowest and the highest of intensities, as NumPy's scalars of their type."""
    low, high = values.min(), values.max()
    device = device_of(values)
    if device is not None:
        low, high = device.download(namespace(values).stack([low, high]))
    return low, high


def distribution(values: Array) -> Distribution:
    """The distribution of the intensities of a region: by an exact histogram for whole numbers, otherwise by a sort."""
    if values.dtype.kind in "iu":
        low, high = map(int, ends(values))
        if high - low < max(BINS, values.size):
            present, counts = _counted(values, low, high - low + 1)
            return Distribution((present + low).astype(np.float64), counts)
    return _one_by_one(to_host(namespace(values).sort(values)))


def _counted(values: Array, low: int, bins: int) -> tuple[Ints, Ints]:
    """Which whole numbers occur, less `low`, ascending, and how often each does."""
    device = device_of(values)
    if device is not None:
        from voxmill_kernels.mask.cuda.intensities import count_values

        return count_values(values, low, bins, device)
    histogram = np.zeros(bins, dtype=np.int64)
    _count(values, low, histogram)
    present = np.flatnonzero(histogram)
    return present, histogram[present]


def _one_by_one(ascending: Array) -> Distribution:
    """Zeros lose their signs, by which a sort may or may not order them."""
    return Distribution(np.add(ascending, 0.0, dtype=np.float64), np.ones(ascending.size, dtype=np.int64))


@njit
def _count(values: Array, low: int, histogram: Ints) -> None:
    for value in values:
        histogram[np.int64(value) - low] += 1
