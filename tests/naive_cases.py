"""Small regions on which the oracles, and what is held against them, are checked."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Levels: TypeAlias = NDArray[np.integer[Any]]

# The digital phantom of the IBSI 1 reference manual (arXiv:1612.07003, CC BY 4.0).
PHANTOM: Levels = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [0, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)
PHANTOM_SPACING = (2.0, 2.0, 2.0)


def _drawn(shape: tuple[int, int, int], choices: list[int]) -> Levels:
    """Each voxel drawn from `choices`; both ends of the box hold the first of them."""
    levels = np.random.default_rng(7).choice(np.array(choices), shape)
    levels[0, 0, 0] = levels[-1, -1, -1] = choices[0]
    return levels


def _placed(shape: tuple[int, int, int], **levels: int) -> Levels:
    """Nothing but the named voxels: z0y1x2=3 puts level 3 at (0, 1, 2)."""
    region = np.zeros(shape, np.int64)
    for name, level in levels.items():
        region[tuple(int(index) for index in name[1::2])] = level
    return region


# Each fills its box and holds level 1, so that a bin width of 1 leaves its levels alone.
VOLUMES: dict[str, Levels] = {
    "phantom": PHANTOM,
    "full": _drawn((3, 4, 5), [1, 2, 3, 4, 5]),
    "ragged": _drawn((5, 4, 3), [1, 2, 3, 0, 0]),
    "missing levels": _drawn((4, 3, 4), [1, 3, 9, 0]),
    "flat": _drawn((3, 3, 3), [1, 0]),
    "one slice": _drawn((1, 5, 4), [1, 2, 3, 0]),
    "one column": _drawn((4, 1, 3), [1, 2]),
    "one line": _drawn((1, 1, 7), [1, 2, 4]),
    "two voxels": _placed((1, 1, 2), z0y0x0=1, z0y0x1=2),
    "far apart": _placed((3, 4, 5), z0y0x0=1, z2y3x4=2),
    "far apart on a diagonal": _placed((4, 4, 4), z0y0x0=1, z3y3x3=2),
    "gap on a line": _placed((3, 4, 3), z0y0x0=1, z2y0x0=4, z0y3x2=1),
}
