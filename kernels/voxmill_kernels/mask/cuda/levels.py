"""The grey levels of a region whose intensities lie on a device."""

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Array, Floats

VALUES = 1 << 10
"""How many values there are for a block."""


def digitise(values: Buffer, edges: Floats, table: Array, device: Device) -> Buffer:
    """What `table` has for the level of each value, (voxels,) of the table's type, uint8 or uint16.

    Levels lie between `edges` as those of the CPU's `discretise` do; the table has one more for level 0, unused.
    """
    last = len(edges) - 1
    per_width = float((last - 1) / (edges[last - 1] - edges[0])) if last > 1 else 0.0
    indices = device.empty(values.shape, table.dtype)
    known = [device.upload(edges), last, per_width, device.upload(table[1:].astype(np.uint16))]
    arguments = [values, values.size, *known, indices, int(table.itemsize == 1)]
    device.launch(f"digitise_{values.dtype}", -(-values.size // VALUES), arguments)
    return indices
