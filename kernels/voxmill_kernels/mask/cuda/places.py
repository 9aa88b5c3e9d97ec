"""Where the voxels of a region lie in its box: found here, and sent to a device once for all images of the region."""

import weakref
from typing import TypeAlias

import numpy as np

from voxmill_kernels.cuda.device import Buffer, Device
from voxmill_kernels.types import Array

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


def _places(inside: Array) -> Array:
    """In 32 bits where they fit."""
    narrow = inside.size <= np.iinfo(np.int32).max
    return np.flatnonzero(inside != 0).astype(np.int32 if narrow else np.int64)
