"""Length of the gradient by central differences, bit for bit ITK's GradientMagnitudeImageFilter."""

import math

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Singles, Spacing


def magnitude(box: Floats, spacing: Spacing) -> Singles:
    """The square root of the sum of squared differences per mm along x, y and z, added in this order.

    `box` (z, y, x) holds one voxel more at either end of every axis than what is made. Of a box on a device the lengths
    lie there too.
    """
    z, y, x = spacing
    factors = (0.5 * (1 / z), 0.5 * (1 / y), 0.5 * (1 / x))
    device = device_of(box)
    if device is not None:
        from voxmill_kernels.image.cuda.gradient import magnitude as magnitude_there

        return magnitude_there(device, box, factors)
    return _magnitude(box, factors)


@njit
def _magnitude(box: Floats, factors: Spacing) -> Singles:
    depth, height, width = box.shape[0] - 2, box.shape[1] - 2, box.shape[2] - 2
    made = np.empty((depth, height, width), dtype=np.float32)
    up, along, across = factors
    for z in range(depth):
        for y in range(height):
            row = box[z + 1, y + 1]
            left, right = row[:width], row[2:]
            front, back = box[z + 1, y, 1:-1], box[z + 1, y + 2, 1:-1]
            below, above = box[z, y + 1, 1:-1], box[z + 2, y + 1, 1:-1]
            line = made[z, y]
            for x in range(width):
                dx = across * right[x] - across * left[x]
                dy = along * back[x] - along * front[x]
                dz = up * above[x] - up * below[x]
                line[x] = math.sqrt(dx * dx + dy * dy + dz * dz)
    return made
