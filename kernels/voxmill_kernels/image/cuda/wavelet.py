"""One pass of an undecimated wavelet transform on a device."""

from math import prod

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.cuda.places import blocks
from voxmill_kernels.types import Array


def convolve(device: Device, box: Buffer, filter_taps: Array, axis: int, inner: int) -> Buffer:
    """What the CPU's `convolve` makes, of a box that lies there and taps that lie here."""
    shape = list(box.shape)
    shape[axis] -= len(filter_taps) - 1
    made = device.empty(shape, box.dtype)
    given = [box.astype(box.dtype, order="C", copy=False), device.upload(filter_taps), made]
    sizes = [prod(shape), prod(shape[axis + 1 :]), shape[axis], len(filter_taps), int(inner)]
    device.launch(f"convolve{8 * np.dtype(box.dtype).itemsize}", blocks(device, prod(shape)), [*given, *sizes])
    return made
