"""Which neighbours of a voxel are looked at."""

import numpy as np

from voxmill_kernels.types import Ints


def directions(*distances: int, across: int | None = None) -> Ints:
    """Half of all offsets z, y, x at these Chebyshev distances: of each pair ±offset the one that leads forward.

    Shape (n, 3), 13 for distance 1, none for no distance; in PyRadiomics' order, from (d, d, d) down to (0, 0, 1).
    `across` is an axis (0, 1, 2 for z, y, x) that none of them moves along: neighbours in one slice only.
    """
    farthest = max(distances, default=0)
    reach = [0 if axis == across else farthest for axis in range(3)]
    cube = farthest - np.indices([2 * farthest + 1] * 3).reshape(3, -1).T
    forward = cube[: len(cube) // 2]
    chosen = np.isin(np.abs(forward).max(axis=1), distances) & (np.abs(forward) <= reach).all(axis=1)
    return np.ascontiguousarray(forward[chosen], dtype=np.int64)
