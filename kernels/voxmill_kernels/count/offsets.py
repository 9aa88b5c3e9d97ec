"""Which neighbours of a voxel are looked at."""

from itertools import product

import numpy as np

from voxmill_kernels.types import Ints


def directions(distance: int = 1) -> Ints:
    """Half of all offsets z, y, x at this Chebyshev distance: of each pair ±offset the one that leads forward.

    Shape (13, 3) for distance 1; in PyRadiomics' order, from (1, 1, 1) down to (0, 0, 1).
    """
    reach = range(distance, -distance - 1, -1)
    forward = [
        offset for offset in product(reach, repeat=3) if max(map(abs, offset)) == distance and offset > (0, 0, 0)
    ]
    return np.array(forward, dtype=np.int64)
