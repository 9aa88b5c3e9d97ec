"""Sums of powers of many real numbers, as if their terms were added exactly, as long as no sum on the way overflows.

What rounding takes from a sum is kept and added at the end: TwoSum of Knuth, in the cascade of Ogita, Rump and Oishi
(SIAM J Sci Comput 26, 2005). Terms are made and added a block at a time, in LANES sums, so that all of it is vectors.
"""

import math

import numpy as np

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Ints

LANES = 32
BLOCK = 64 * LANES
"""Terms that are kept near."""


@njit
def power_sum(values: Floats, counts: Ints, about: float, power: int) -> float:
    """Σ count (value - about)^power, for a power from 1 on; no finite number where a sum of terms is beyond all."""
    return _power_sum(values, counts, about, power, False)  # noqa: FBT003


@njit
def distance_sum(values: Floats, counts: Ints, about: float) -> float:
    """Σ count |value - about|."""
    return _power_sum(values, counts, about, 1, True)  # noqa: FBT003


@njit
def _power_sum(values: Floats, counts: Ints, about: float, power: int, absolute: bool) -> float:  # noqa: FBT001
    sums, rests, terms = np.zeros(LANES), np.zeros(LANES), np.empty(min(BLOCK, values.shape[0]))
    whole = rest = 0.0
    for start in range(0, values.shape[0], BLOCK):
        some, times = values[start : start + BLOCK], counts[start : start + BLOCK]
        for place in range(some.shape[0]):
            away = abs(some[place] - about) if absolute else some[place] - about
            terms[place] = away * times[place]
        for _ in range(1, power):
            for place in range(some.shape[0]):
                terms[place] *= some[place] - about
        many = some.shape[0] // LANES * LANES
        for row in range(0, many, LANES):
            for lane in range(LANES):
                sums[lane], lost = _two_sum(sums[lane], terms[row + lane])
                rests[lane] += lost
        for place in range(many, some.shape[0]):
            whole, lost = _two_sum(whole, terms[place])
            rest += lost
    for lane in range(LANES if values.shape[0] >= LANES else 0):
        whole, lost = _two_sum(whole, sums[lane])
        rest += rests[lane] + lost
    return whole if math.isinf(whole) else whole + rest


@njit
def _two_sum(one: float, other: float) -> tuple[float, float]:
    """The sum, rounded, and what rounding took from it."""
    rounded = one + other
    part = rounded - one
    return rounded, (one - (rounded - part)) + (other - part)
