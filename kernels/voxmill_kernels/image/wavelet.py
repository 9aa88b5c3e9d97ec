"""One pass of an undecimated wavelet transform: a convolution along one axis, bit for bit PyWavelets'.

PyWavelets is loaded where a filter of its is asked for: the convolution takes any taps.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from voxmill_kernels.array import device_of
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Ints

BLOCK = 1024
"""Sums that are kept near while all taps are added."""


@lru_cache
def names() -> tuple[str, ...]:
    """The wavelets that have filters, all orthogonal or biorthogonal, by PyWavelets' names."""
    import pywt

    return tuple(pywt.wavelist(kind="discrete"))


@lru_cache
def length(name: str) -> int:
    """How many taps the filters of a wavelet have: an even number for all that PyWavelets has."""
    import pywt

    return int(pywt.Wavelet(name).dec_len)


@lru_cache
def taps(name: str, dtype: np.dtype[Any], *, high: bool) -> Array:
    """The decomposition filter of a wavelet, low-pass or high-pass, as it is used for images of float32 or float64.

    It is what PyWavelets makes of an impulse: its taps in float32 are not all those in float64, rounded.
    """
    import pywt

    count = length(name)
    impulse = np.zeros(2 * count, dtype=dtype)
    impulse[count // 2] = 1
    ((low_pass, high_pass),) = pywt.swt(impulse, name, level=1)
    found: Array = (high_pass if high else low_pass)[:count]
    found.flags.writeable = False
    return found


def convolve(box: Array, filter_taps: Array, axis: int, inner: int) -> Array:
    """The sums of tap times voxel: made[i] = Σ_j taps[j] · box[i + F - 1 - j] along an axis, F the number of taps.

    `box` (z, y, x) and taps are float32 both or float64 both, and so are the sums; the box holds F - 1 voxels more
    along the axis than what is made. Taps are added in the order of PyWavelets' convolution: the first one first,
    except where the voxels of the first n lie beyond the end of the image, back at its start; these n come before all
    others, the n-th first. `inner` is the first i where that is so, n = 1; it may be negative. Of a box on a device the
    sums lie there too.
    """
    device = device_of(box)
    if device is not None:
        from voxmill_kernels.image.cuda.wavelet import convolve as convolve_there

        return convolve_there(device, box, filter_taps, axis, inner)
    shape = list(box.shape)
    shape[axis] -= len(filter_taps) - 1
    made = np.empty(shape, dtype=box.dtype)
    step = int(np.prod(shape[axis + 1 :]))
    outer = int(np.prod(shape[:axis]))
    lines = np.ascontiguousarray(box).reshape(outer, box.shape[axis] * step)
    _convolve(lines, filter_taps, step, inner, made.reshape(outer, shape[axis] * step))
    return made


@njit
def _convolve(lines: Array, filter_taps: Array, step: int, inner: int, made: Array) -> None:
    """Lines in which neighbours along the axis lie `step` apart: all sums before `inner` at once, then one by one."""
    stop = made.shape[1] // step
    middle = min(max(inner, 0), stop)
    order = np.empty(filter_taps.shape[0], dtype=np.int64)
    begin, end = 0, middle * step
    for i in range(middle, stop + 1):
        beyond = max(i - inner, 0)
        for tap in range(order.shape[0]):
            order[tap] = beyond - 1 - tap if tap < beyond else tap
        for line in range(made.shape[0]):
            _add(lines[line], filter_taps, order, step, begin, made[line, begin:end])
        begin, end = end, end + step


@njit
def _add(line: Array, filter_taps: Array, order: Ints, step: int, begin: int, made: Array) -> None:
    """The sums that begin at an index, two taps at a time, which leaves their order as it is."""
    last = filter_taps.shape[0] - 1
    for start in range(0, made.shape[0], BLOCK):
        sums = made[start : start + BLOCK]
        for i in range(sums.shape[0]):
            sums[i] = 0
        for tap in range(0, last, 2):
            one, two = order[tap], order[tap + 1]
            first, second = filter_taps[one], filter_taps[two]
            near = line[begin + start + (last - one) * step :]
            far = line[begin + start + (last - two) * step :]
            for i in range(sums.shape[0]):
                sums[i] = sums[i] + first * near[i] + second * far[i]
