"""The arena of a batch on a device: the grey levels of all its boxes put in their places at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.array import namespace
from voxmill_kernels.count.cuda.layout import check_sizes
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.mask.cuda.places import places_of
from voxmill_kernels.types import Array, Ints

VOXELS = 1 << 10
"""How many voxels there are for a block."""
REGION = ("first", "places", "start", "height", "width")
"""What a kernel knows of a region; `arena.cu` says what the columns mean."""


@dataclass(frozen=True)
class Frame:
    """An arena before anything stands in it.

    table: (boxes, 3) int64: offset of each box, its height and its width, with the border. length, dtype: of the arena.
    """

    table: Ints
    length: int
    dtype: DTypeLike
    border: int


def arena_of(boxes: Sequence[tuple[Buffer, Array]], frame: Frame, device: Device) -> Buffer:
    """The arena with the levels of regions, given by their indices (there) and by where they are (here) as in `pack`.

    Raises ValueError for boxes that are too large for a device.
    """
    check_sizes(np.array([inside.shape for _, inside in boxes]) + 2 * frame.border, frame.border)
    arena = device.zeros(frame.length, frame.dtype)
    places, begins = _joined_places([inside for _, inside in boxes], device)
    indices = [levels.astype(arena.dtype, copy=False) for levels, _ in boxes]
    ends = np.cumsum([len(levels) for levels in indices])
    regions = np.column_stack([[0, *ends[:-1]], begins, frame.table])
    known = [places, device.upload(regions.ravel()), len(regions), frame.border, arena]
    arguments = [_joined(indices), int(ends[-1]), *known]
    device.launch(f"place_levels{8 * arena.dtype.itemsize}", -(-int(ends[-1]) // VOXELS), arguments)
    return arena


def _joined_places(insides: Sequence[Array], device: Device) -> tuple[Buffer, list[int]]:
    """Places of all regions, those of one that occurs again only once, and where those of each begin."""
    parts: dict[int, Buffer] = {}
    begins: dict[int, int] = {}
    found, length = [], 0
    for inside in insides:
        places = places_of(inside, device)
        if id(places) not in parts:
            parts[id(places)], begins[id(places)] = places, length
            length += len(places)
        found.append(begins[id(places)])
    return _joined(list(parts.values())), found


def _joined(parts: Sequence[Buffer]) -> Buffer:
    return parts[0] if len(parts) == 1 else namespace(parts[0]).concatenate(parts)
