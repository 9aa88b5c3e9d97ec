"""Where the voxels of an output lie in its input.

ITK walks along the lines of the output: `x` of `length` voxels along, a line that begins at `start` is at
`start + (x / length) * step` in the input, in voxels.
"""

from typing import NamedTuple

import numpy as np

from voxmill_kernels.image.box import Index
from voxmill_kernels.types import Bools, Floats


class Lines(NamedTuple):
    """Where the lines of an output lie in its input: `width` voxels of each, from the one that is `first`.

    `starts` and `steps` (lines, 3) are z, y, x of the first voxel of a whole line and how far it is from there to the
    end of all its `length` voxels, in voxels of the input.
    """

    starts: Floats
    steps: Floats
    length: int
    first: int
    width: int


def positions(lines: Lines) -> Floats:
    """Where the voxels of lines lie in the input, z, y, x in voxels: (lines x width, 3)."""
    places = (np.arange(lines.first, lines.first + lines.width) / lines.length)[:, np.newaxis]
    return (lines.starts[:, np.newaxis] + places * lines.steps[:, np.newaxis]).reshape(-1, 3)


def within(positions: Floats, shape: Index) -> Bools:
    """Which positions (n, 3) lie within an image of this shape, half a voxel around included."""
    return np.asarray(((positions >= -0.5) & (positions < np.array(shape) - 0.5)).all(axis=1))
