"""Numbers of single precision in double and the other way, and those in double as whole ones, on a device."""

from typing import Any

import numpy as np

from voxmill_kernels.cuda.device import Buffer, Device
from voxmill_kernels.image.cuda.places import blocks


def in_type(device: Device, values: Buffer, dtype: np.dtype[Any]) -> Buffer:
    """What NumPy's `astype` makes of float32 for float64, or of float64 for float32."""
    given, made = values.astype(values.dtype, order="C", copy=False), device.empty(values.shape, dtype)
    device.launch("widen" if dtype == np.float64 else "narrow", blocks(device, made.size), [given, made, made.size])
    return made


def to_whole(device: Device, values: Buffer, dtype: np.dtype[Any], *, rounded: bool) -> Buffer:
    """What the CPU's `to_type` makes of numbers for a type of whole ones."""
    given, made = values.astype(np.float64, order="C", copy=False), device.empty(values.shape, dtype)
    arguments = [given, made, made.size, int(rounded)]
    device.launch(f"to_whole_{dtype.name}", blocks(device, made.size), arguments)
    return made
