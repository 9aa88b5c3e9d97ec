"""Length of the gradient on a device."""

from math import prod

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.cuda.floats import in_type
from voxmill_kernels.image.cuda.places import blocks
from voxmill_kernels.types import Spacing


def magnitude(device: Device, box: Buffer, factors: Spacing) -> Buffer:
    """What the CPU's `magnitude` makes of a box that lies there; `factors` are for differences along z, y and x."""
    depth, height, width = (size - 2 for size in box.shape)
    made, count = device.empty((depth, height, width), np.float32), prod((depth, height, width))
    given = [in_type(device, box, np.float64, copy=False), made, count, height, width]
    device.launch("gradient", blocks(device, count), [*given, *map(float, factors)])
    return made
