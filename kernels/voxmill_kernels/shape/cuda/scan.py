"""One pass over the box of a region on a device, for what its shape is computed from."""

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.shape.scanned import Scanned
from voxmill_kernels.types import Array, Ints

TILE = 1 << 13
"""How many places of a box a block looks at, at most."""
MOST_THREADS = 256
"""Of a block."""
CODES, MOMENTS = 256, 10
"""`surface.cu` says what a kernel counts by code, four numbers of each, and which the moments are."""
SHARED = 4 * 4 * CODES + 8 * MOMENTS * MOST_THREADS
"""Bytes: a block's own counts have 32 bits, the moments of its threads 64."""
HIGHEST = np.iinfo(np.int32).max
SECOND_MOMENTS = ((0, 3, 4), (3, 1, 5), (4, 5, 2))
"""Which of the products that a kernel gives is that of each two axes."""


def scan_there(box: Buffer, device: Device) -> Scanned:
    """What the CPU's `scan` gives of a box on a device: brought here, all of it at once."""
    depth, height, width = box.shape
    ends = np.cumsum([4 * depth * height, 4 * depth * width, 4 * CODES + MOMENTS])
    found = device.zeros(int(ends[-1]), np.int64)
    along_x, along_y, tally = _parts(found, ends)
    tile = min(TILE, (1 << 32) // max(box.shape))  # no sum over a tile needs more than 32 bits
    blocks = -(-(depth - 1) * height * width // tile)
    arguments = [box, depth, height, width, tile, tally, along_x, along_y]
    device.launch("scan_surface", blocks, arguments, shared=SHARED)
    along_x, along_y, tally = _parts(device.download(found), ends)
    cubes, places, moments = np.split(tally, [CODES, 4 * CODES])
    return Scanned(
        codes=cubes,
        places=places.reshape(CODES, 3),
        along_x=_ends(along_x.reshape(2, 2 * depth, 2 * height)),
        along_y=_ends(along_y.reshape(2, 2 * depth, 2 * width)),
        voxels=int(moments[0]),
        sums=moments[1:4],
        products=moments[4:][np.array(SECOND_MOMENTS)],
    )


def _parts(found: Buffer, ends: Ints) -> tuple[Buffer, Buffer, Buffer]:
    """Numbers of 32 bits on the lines along x and along y, and those of 64 bits: where these parts end."""
    along_x, along_y, tally = map(int, ends)
    return found[:along_x].view(np.int32), found[along_x:along_y].view(np.int32), found[along_y:tally]


def _ends(kept: Array) -> Array:
    """First and last places of lines, as the CPU has them, of what a kernel keeps of them."""
    return np.stack([HIGHEST - kept[0], kept[1] - 1])
