"""Weighted matrices: those of all directions added up to one, by how far each direction leads in mm (weightingNorm)."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from voxmill_kernels.types import Array, Floats, Ints, Spacing

NORMS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "manhattan": sum,
    "euclidean": lambda sides: math.sqrt(sum(side * side for side in sides)),
    "infinity": max,
}
"""The length of an offset whose sides are so long."""
EQUAL = "no_weighting"


def weigh_pairs(matrices: Array, offsets: Ints, spacing: Spacing, norm: str, *, symmetric: bool) -> Floats:
    """Co-occurrence matrices (offsets, …) as one (1, …): each times exp(-d²) for the length d of its offset in mm.

    `norm` is one of NORMS, or EQUAL for the weight 1. A `symmetric` one has its transpose added. As in PyRadiomics
    3.0.1, glcm.
    """
    lengths = _lengths(offsets, spacing, norm)
    one_way = _add(matrices, lengths if norm == EQUAL else [math.exp(-(d * d)) for d in lengths])
    return one_way + one_way.transpose(0, 2, 1) if symmetric else one_way


def weigh_runs(matrices: Array, offsets: Ints, spacing: Spacing, norm: str) -> Floats:
    """Run length matrices (offsets, …) as one (1, …): each times the length of its offset in mm.

    `norm` is one of NORMS, or EQUAL for the weight 1. As in PyRadiomics 3.0.1, glrlm, whose manual says otherwise.
    """
    return _add(matrices, _lengths(offsets, spacing, norm))


def _lengths(offsets: Ints, spacing: Spacing, norm: str) -> list[float]:
    return [1.0 if norm == EQUAL else NORMS[norm](sides) for sides in (np.abs(offsets) * spacing).tolist()]


def _add(matrices: Array, weights: Sequence[float]) -> Floats:
    total = np.zeros((1, *matrices.shape[1:]))
    for weight, matrix in zip(weights, matrices, strict=True):
        total[0] += weight * matrix
    return total
