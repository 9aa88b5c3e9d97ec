"""Where the voxels of a region lie in its box: found here, and sent to a device once for all images of the region."""

import weakref
from typing import TypeAlias

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Array, Binary

_Memory: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
_KEPT: dict[_Memory, tuple[Device, Buffer]] = {}
"""Places by the memory of their box: where it begins, its shape and its strides."""


def places_of(inside: Array, device: Device) -> Buffer:
    """The places of a region in its box (z, y, x; not 0 inside), on a device: (voxels,), ascending, int32 or int64.

    They are kept there as long as the array that owns the box lives; nobody may change it meanwhile.
    """
    memory = inside.ctypes.data, inside.shape, inside.strides
    kept = _KEPT.get(memory)
    if kept is not None and kept[0] is device:
        return kept[1]
    places = device.upload(_places(inside))
    owner = inside if inside.base is None else inside.base
    if isinstance(owner, np.ndarray):
        _KEPT[memory] = device, places
        weakref.finalize(owner, _KEPT.pop, memory, None).atexit = False
    return places


def box_there(box: Binary, device: Device) -> Buffer:
    """The box of a region within one layer of outside, 0 and 1, on a device: made there, of the places that it has."""
    inside = box[1:-1, 1:-1, 1:-1]
    line, made = device.zeros(inside.size, box.dtype), device.zeros(box.shape, box.dtype)
    line[places_of(inside, device)] = 1
    made[1:-1, 1:-1, 1:-1] = line.reshape(inside.shape)
    return made


def _places(inside: Array) -> Array:
    """In 32 bits where they fit."""
    narrow = inside.size <= np.iinfo(np.int32).max
    return np.flatnonzero(inside != 0).astype(np.int32 if narrow else np.int64)
