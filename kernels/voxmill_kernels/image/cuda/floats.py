"""Numbers of single precision in double and the other way, and those in double as whole ones, on a device."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.cuda.places import blocks


def in_type(device: Device, values: Buffer, dtype: DTypeLike, *, copy: bool = True) -> Buffer:
    """What the CPU's `in_type` makes.

    CuPy's own makes 0 of numbers of single precision that are below the normal ones, whichever way it casts.
    """
    if {values.dtype, np.dtype(dtype)} != {np.dtype(np.float32), np.dtype(np.float64)}:
        return values.astype(dtype, order="C", copy=copy)
    given, made = values.astype(values.dtype, order="C", copy=False), device.empty(values.shape, dtype)
    device.launch("widen" if dtype == np.float64 else "narrow", blocks(device, made.size), [given, made, made.size])
    return made


def to_whole(device: Device, values: Buffer, dtype: np.dtype[Any], *, rounded: bool) -> Buffer:
    """What the CPU's `to_type` makes of numbers for a type of whole ones."""
    given, made = values.astype(np.float64, order="C", copy=False), device.empty(values.shape, dtype)
    arguments = [given, made, made.size, int(rounded)]
    device.launch(f"to_whole_{dtype.name}", blocks(device, made.size), arguments)
    return made
