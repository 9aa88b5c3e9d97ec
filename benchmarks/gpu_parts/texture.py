"""All texture features of a batch, from what was counted on a device or on the CPU."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.sums import GlcmSums, SizeSums, sum_glcm, sum_sizes
from voxmill_kernels.count.sweep import Matrices
from voxmill_kernels.features.cuda.mcc import mean_correlations
from voxmill_kernels.features.glcm import glcm_features
from voxmill_kernels.features.gldm import gldm_features
from voxmill_kernels.features.glrlm import glrlm_features
from voxmill_kernels.features.glszm import glszm_features
from voxmill_kernels.features.ngtdm import ngtdm_features
from voxmill_kernels.features.sizes import size_features
from voxmill_kernels.types import Counts, Floats, Ints

TOGETHER = 16
"""So many regions, at most, a thread takes at a time: to hand them over one by one takes as long as a part of them."""


@dataclass(frozen=True)
class Texture:
    """What the features of one region are computed from. glcm: whole matrices, or MCC; NaN where that is not wanted."""

    pairs: GlcmSums
    glcm: Counts | float
    dependences: Cells
    runs: Cells
    zones: Cells
    ngtdm: Ints
    numbers: Ints
    voxels: Ints


def from_device(counted: Counted, batch: Batch, *, mcc: bool) -> list[Texture]:
    """What comes back of a batch: sums and cells, and MCC where it is wanted."""
    glcm = mean_correlations(counted).tolist() if mcc else repeat(math.nan, len(batch))
    sums = (counted.pair_sums(), glcm, counted.dependences(), counted.runs(), counted.zones(), counted.ngtdm())
    return [Texture(*one) for one in zip(*sums, batch.numbers, batch.counts, strict=True)]


def from_cpu(matrices: Sequence[Matrices], batch: Batch) -> list[Texture]:
    """The same from the matrices of the CPU."""
    numbers = zip(matrices, batch.numbers, batch.counts, strict=True)
    return [
        Texture(sum_glcm(m.glcm, n), m.glcm, cells_of(m.gldm), cells_of(m.glrlm), m.glszm, m.ngtdm, n, voxels)
        for m, n, voxels in numbers
    ]


def features(regions: Sequence[Texture], threads: int) -> list[Floats]:
    """The values of GLCM, GLDM, GLRLM, GLSZM and NGTDM of each region, by so many threads."""
    if threads == 1:
        return _features_of(regions)
    some = max(1, min(TOGETHER, len(regions) // threads))
    parts = [regions[first : first + some] for first in range(0, len(regions), some)]
    with ThreadPoolExecutor(threads) as pool:
        return list(chain.from_iterable(pool.map(_features_of, parts)))


def _features_of(regions: Sequence[Texture]) -> list[Floats]:
    return list(map(_features, regions))


def _features(region: Texture) -> Floats:
    dependences, runs, zones = (_sized(one, region) for one in (region.dependences, region.runs, region.zones))
    return np.concatenate(
        [
            glcm_features(region.pairs, region.glcm, region.numbers),
            gldm_features(dependences[0]),
            glrlm_features(runs[0], runs[1].total),
            glszm_features(zones[0]),
            ngtdm_features(region.ngtdm, region.voxels, region.numbers),
        ]
    )


def _sized(cells: Cells, region: Texture) -> tuple[Floats, SizeSums]:
    sums = sum_sizes(cells, region.numbers)
    return size_features(cells, sums, region.numbers), sums
