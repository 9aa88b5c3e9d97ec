"""Neighbouring grey tone difference features (IBSI family IPET)."""

import numpy as np

from voxmill_kernels.features.feature import table
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Floats, Ints

FEATURES = table(
    "ngtdm",
    "PyRadiomics 3.0.1, ngtdm; IBSI 1 manual, neighbourhood grey tone difference, 3D (KOBO)",
    ("Busyness", "NQ30", "1", "Σ p_i s_i / ΣΣ |i p_i - j p_j|; 0 where the divisor is 0"),
    ("Coarseness", "QCDE", "1", "1 / Σ p_i s_i; 1,000,000 where the sum is 0"),
    ("Complexity", "HDEZ", "1", "ΣΣ |i - j| (p_i s_i + p_j s_j) / (p_i + p_j) / N"),
    ("Contrast", "65HE", "1", "ΣΣ p_i p_j (i - j)² / (n (n - 1)) Σ s_i / N, n the levels; 0 for one level"),
    ("Strength", "1X9X", "1", "ΣΣ (p_i + p_j)(i - j)² / Σ s_i; 0 where the divisor is 0"),
)


def ngtdm_features(differences: Ints, voxels: Ints, numbers: Ints) -> Floats:
    """The values of FEATURES, in its order, from the NGTDM of whole numbers (see count.sweep).

    `voxels` are those of each level, `numbers` the level numbers i.
    """
    return np.array(_ngtdm(voxels, differences, numbers))


@njit
def _ngtdm(voxels: Ints, differences: Ints, numbers: Ints) -> tuple[float, ...]:
    """The divisor of Busyness is of whole numbers, so that it is 0 where all i p_i are equal."""
    levels = numbers.shape[0]
    total = 0
    for i in range(levels):
        total += voxels[i]
    p, s = np.empty(levels), np.zeros(levels)
    difference = 0.0
    for i in range(levels):
        p[i] = voxels[i] / total
        for near in range(1, differences.shape[1]):
            s[i] += differences[i, near] / near
        difference += s[i]
    spread = contrast = complexity = strength = coarse = 0.0
    for i in range(levels):
        coarse += p[i] * s[i]
        for j in range(levels):
            away = float(abs(numbers[i] - numbers[j]))
            spread += float(abs(numbers[i] * voxels[i] - numbers[j] * voxels[j]))
            contrast += p[i] * p[j] * away * away
            complexity += away * (p[i] * s[i] + p[j] * s[j]) / (p[i] + p[j])
            strength += (p[i] + p[j]) * away * away
    return (
        coarse / (spread / total) if spread != 0.0 else 0.0,
        1 / coarse if coarse != 0.0 else 1e6,
        complexity / total,
        contrast / (levels * (levels - 1)) * difference / total if levels > 1 else 0.0,
        strength / difference if difference != 0.0 else 0.0,
    )
