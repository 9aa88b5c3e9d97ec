"""Whether a device works: kernels are compiled and launched there, and what they count comes back."""

import numpy as np

from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.packing import pack
from voxmill_kernels.device import Device
from voxmill_kernels.levels import Levels


def count_pairs_of_two(device: Device) -> int:
    """How many pairs of neighbours two voxels make, as the device counts them; raises what it raises."""
    ones = np.ones(2, dtype=np.int64)
    levels = Levels(np.array([1, 2], dtype=np.uint8), np.array([1, 2]), ones)
    batch = pack([(levels, np.ones((1, 1, 2), dtype=np.int8))])
    (sums,) = count(device, batch, directions(1)).pair_sums()
    return int(sums.total.sum())
