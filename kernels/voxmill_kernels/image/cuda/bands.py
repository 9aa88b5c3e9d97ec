"""Weighted sums along an axis on a device."""

from math import prod

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.image.cuda.places import blocks
from voxmill_kernels.image.reading import readable
from voxmill_kernels.types import Floats

LANES = 32
"""Lines that a block works on, at most: a power of two."""
ROWS = 64
"""Sums of a line that a block makes: a multiple of the four that a thread makes together."""


def convolve(device: Device, box: Buffer, weights: Floats, axis: int, first: int, count: int) -> Buffer:
    """What the CPU's `convolve` makes, of a box that lies there and weights that lie here.

    Raises MemoryError where a block has no room for what a line needs.
    """
    made = device.empty((*box.shape[:axis], count, *box.shape[axis + 1 :]), "float32")
    lines, reach = prod(box.shape[:axis]) * prod(box.shape[axis + 1 :]), len(weights) - 1
    voxels = ROWS + 2 * reach
    lanes = _lanes(voxels, device.shared_bytes)
    tiles = -(-lines // lanes) * -(-count // ROWS)
    given = readable(box)
    sizes = [lines, box.shape[axis], prod(box.shape[axis + 1 :]), int(first), int(count), reach, lanes, ROWS]
    arguments = [given, device.upload(weights), made, *sizes]
    device.launch(f"convolve_{given.dtype.name}", tiles, arguments, shared=_bytes(lanes, voxels))
    return made


def add_quotient(device: Device, term: Buffer, divisor: float, total: Buffer) -> None:
    """What the CPU's `add_quotient` does, with arrays that lie there."""
    device.launch("add_quotient", blocks(device, total.size), [term, total, total.size, float(divisor)])


def _lanes(voxels: int, room: int) -> int:
    """How many lines a block has room for, that reads so many voxels of each."""
    lanes = LANES
    while lanes > 1 and _bytes(lanes, voxels) > room:
        lanes //= 2
    if _bytes(lanes, voxels) > room:
        raise MemoryError(f"{voxels} voxels of a line need {_bytes(lanes, voxels)} bytes of a block, which has {room}")
    return lanes


def _bytes(lanes: int, voxels: int) -> int:
    """Where lines begin and end, their voxels in double, their sums in single precision."""
    return 16 * lanes + (lanes + 1) * (8 * voxels + 4 * ROWS)
