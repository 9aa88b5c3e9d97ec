"""Values in another type, the same bytes here and on a device."""

from numpy.typing import DTypeLike

from voxmill_kernels.array import device_of
from voxmill_kernels.types import Array


def in_type(values: Array, dtype: DTypeLike, *, copy: bool = True) -> Array:
    """What `values.astype` gives, in order on a device: a copy, or `values` themselves where nothing changes."""
    if device := device_of(values):
        from voxmill_kernels.image.cuda import floats

        return floats.in_type(device, values, dtype, copy=copy)
    return values.astype(dtype, copy=copy)
