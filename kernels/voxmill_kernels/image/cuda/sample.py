"""Values of an image between its voxels, on a device: a box lies there, lines lie there or here."""

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.box import Box
from voxmill_kernels.image.cuda.floats import in_type
from voxmill_kernels.image.cuda.places import blocks
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.image.reading import readable
from voxmill_kernels.types import Floats

LANES = 32
"""Threads that share a line, at most: those of a warp have the same line, and neighbours in it."""
KEPT = 256 * 16 * 8
"""Bytes in which a block keeps weights of the cubic spline, and their places: eight each for at most 256 threads."""


def nearest(device: Device, box: Box, lines: Lines) -> Buffer:
    """What the CPU's `nearest` makes."""
    voxels = box.voxels.astype(box.voxels.dtype, order="C", copy=False)
    made = device.empty((len(lines.starts), lines.width), voxels.dtype)
    return _sampled(device, f"nearest{8 * voxels.dtype.itemsize}", box._replace(voxels=voxels), lines, made)


def linear(device: Device, box: Box, lines: Lines) -> Buffer:
    """What the CPU's `linear` makes."""
    voxels = readable(box.voxels)
    made = device.empty((len(lines.starts), lines.width), np.float64)
    return _sampled(device, f"linear_{voxels.dtype.name}", box._replace(voxels=voxels), lines, made)


def cubic(device: Device, coefficients: Box, lines: Lines, *, flat: bool) -> Buffer:
    """What the CPU's `cubic` makes."""
    voxels = in_type(device, coefficients.voxels, np.float64, copy=False)
    made = device.empty((len(lines.starts), lines.width), np.float64)
    return _sampled(device, "cubic_flat" if flat else "cubic", coefficients._replace(voxels=voxels), lines, made)


def _sampled(device: Device, kernel: str, box: Box, lines: Lines, made: Buffer) -> Buffer:
    """What a kernel makes of a box in order, in its place; 0 where the box is empty."""
    if not box.voxels.size:
        made.fill(0)
        return made
    number, lanes = len(lines.starts), min(LANES, lines.width)
    along = [number, lines.length, lines.first, lines.width, lanes]
    geometry = np.array([*along, *box.start, *box.shape, *box.voxels.shape[1:]], dtype=np.int32)
    given = [box.voxels, *(_there(device, numbers) for numbers in (lines.starts, lines.steps))]
    shared = KEPT if kernel.startswith("cubic") else 0
    device.launch(kernel, blocks(device, number * lanes), [*given, device.upload(geometry), made], shared=shared)
    return made


def _there(device: Device, numbers: Floats | Buffer) -> Buffer:
    """Numbers on the device."""
    return numbers if device_of(numbers) else device.upload(numbers)
