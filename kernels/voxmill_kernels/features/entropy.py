"""Entropies of whole numbers."""

import math

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Sums


@njit
def entropy(counts: Sums, total: float) -> float:
    """Entropy in bits of a distribution given by counts (any shape, 1D) that add up to `total`."""
    result = 0.0
    for index in range(counts.shape[0]):
        if counts[index] > 0:
            share = counts[index] / total
            result -= share * math.log2(share)
    return result


@njit
def tallied_entropy(few: Counts, many: Sums, total: float) -> float:
    """Entropy in bits of cells given by how often each count occurs (see count.sums) that add up to `total`."""
    result = 0.0
    for count in range(1, few.shape[0]):
        if few[count] > 0:
            share = count / total
            result -= few[count] * (share * math.log2(share))
    for index in range(many.shape[0]):
        if many[index] > 0:
            share = many[index] / total
            result -= share * math.log2(share)
    return result
