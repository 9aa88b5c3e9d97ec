"""Values in another type, the same bytes here and on a device."""

import numpy as np
from numpy.typing import DTypeLike

from voxmill_kernels.array import device_of
from voxmill_kernels.types import Array


def in_type(values: Array, dtype: DTypeLike, *, copy: bool = True) -> Array:
    """What `values.astype` gives, in order on a device; a copy, or `values` themselves where nothing is to be changed.

    CuPy's own makes 0 of numbers of single precision that are below the normal ones, whichever way it casts.
    """
    device = device_of(values)
    if device is None:
        return values.astype(dtype, copy=copy)
    if {values.dtype, np.dtype(dtype)} == {np.dtype(np.float32), np.dtype(np.float64)}:
        from voxmill_kernels.image.cuda import floats

        return floats.in_type(device, values, np.dtype(dtype))
    return values.astype(dtype, order="C", copy=copy)
