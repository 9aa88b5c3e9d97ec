"""Boxes in the types that kernels read: those that they are compiled for."""

from typing import Any

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.types import COMPILED, Array


def readable(box: Array) -> Array:
    """A box, in order, in the first that holds all its numbers of the types that kernels are compiled for."""
    dtype = readable_type(box.dtype)
    if device_of(box):
        return box.astype(dtype, order="C", copy=False)
    return np.require(box, dtype, ["C", "W"])


def readable_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which boxes of a type are read."""
    return np.dtype(next(one for one in COMPILED if np.can_cast(dtype, one)))
