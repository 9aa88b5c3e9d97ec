"""The recursive Gaussian of ITK as finite tables.

Farnebäck and Westin, "Improving Deriche-style recursive Gaussian filters" (J Math Imaging Vis 26, 2006), whose
coefficients ITK's RecursiveGaussianImageFilter has: the Gaussian and its second derivative at k voxels are sums of
(a cos(w k / sigma) + b sin(w k / sigma)) exp(l k / sigma). Computed in decimal numbers, so that a table has the same
bytes on every processor.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from functools import lru_cache
from math import ceil

import numpy as np

from voxmill_kernels.types import Floats

CUT = 13
"""How many sigma a table reaches: what lies beyond adds up to 1e-8 of the whole, less than float32 rounds to."""
GONE = 45
"""How many sigma away nothing is left: less than 1e-26 of the whole."""
LEAST = 0.05
"""The smallest sigma, in voxels: ITK's own coefficients have 1e-4 of rounding here, and soon nothing else below."""
DIGITS = 60
TERMS = 200

SPREADS = ((Decimal("-1.3932"), Decimal("0.6681")), (Decimal("-1.3732"), Decimal("2.0787")))
"""l and w of both terms."""
SMOOTH = ((Decimal("1.3530"), Decimal("1.8151")), (Decimal("-0.3531"), Decimal("0.0902")))
"""a and b of both terms of the Gaussian."""
CURVED = ((Decimal("-1.3563"), Decimal("5.2318")), (Decimal("0.3446"), Decimal("-2.2355")))
"""a and b of both terms of its second derivative, but for a share of the Gaussian that makes its sum 0."""


def reach(sigma: float) -> int:
    """How many voxels a table reaches to either side."""
    return ceil(CUT * sigma)


@lru_cache(maxsize=64)
def table(sigma: float, order: int) -> Floats:
    """The weights of the middle and of the voxels 1, 2, ... away, for sigma in voxels: (reach + 1,).

    Order 0, the Gaussian: they sum to 1. Order 2, its second derivative, per voxel squared: they sum to 0, and their
    second moment is 2. What lies beyond the reach is added to the last weight, as if the voxel there went on for ever.
    """
    with localcontext(prec=DIGITS):
        smooth, curved = _responses(Decimal(sigma))
        whole = _normalised(smooth, curved, order)
        kept = reach(sigma)
        weights = [*whole[:kept], sum(whole[kept:])]
        return np.array([float(weight) for weight in weights])


def _normalised(smooth: list[Decimal], curved: list[Decimal], order: int) -> list[Decimal]:
    """The response of an order, every weight of it."""
    total = _total(smooth)
    if order == 0:
        return [one / total for one in smooth]
    share = _total(curved) / total
    flat = [bent - share * one for bent, one in zip(curved, smooth, strict=True)]
    moment = sum(away * away * one for away, one in enumerate(flat))
    return [one / moment for one in flat]


def _total(weights: list[Decimal]) -> Decimal:
    return weights[0] + 2 * sum(weights[1:])


def _responses(sigma: Decimal) -> tuple[list[Decimal], list[Decimal]]:
    """The Gaussian and its second derivative, not normalised, up to where nothing is left."""
    waves = [_wave(decay / sigma, frequency / sigma) for decay, frequency in SPREADS]
    places = range(ceil(GONE * sigma) + 1)
    smooth, curved = [], []
    for _, *parts in zip(places, *waves, strict=False):
        smooth.append(sum(a * cosine + b * sine for (a, b), (cosine, sine) in zip(SMOOTH, parts, strict=True)))
        curved.append(sum(a * cosine + b * sine for (a, b), (cosine, sine) in zip(CURVED, parts, strict=True)))
    return smooth, curved


def _wave(decay: Decimal, frequency: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """exp(decay * k) times cosine and sine of frequency * k, for k = 0, 1, ..."""
    cosine, sine = (decay.exp() * part for part in _cosine_and_sine(frequency))
    real, imaginary = Decimal(1), Decimal(0)
    while True:
        yield real, imaginary
        real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine


def _cosine_and_sine(angle: Decimal) -> tuple[Decimal, Decimal]:
    """By their series: angles up to 42 need less than 200 terms."""
    sums, term = [Decimal(0), Decimal(0)], Decimal(1)
    for number in range(TERMS):
        sums[number % 2] += term if number % 4 < 2 else -term
        term *= angle / (number + 1)
    return sums[0], sums[1]
