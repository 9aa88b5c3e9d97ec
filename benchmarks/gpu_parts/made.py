"""Regions, batches and images from fixed seeds."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle, islice

import numpy as np

from voxmill_kernels.count.arena import Batch
from voxmill_kernels.count.packing import pack
from voxmill_kernels.intensities import distribution, gather
from voxmill_kernels.levels import Levels, bin_edges, discretise
from voxmill_kernels.types import Array, Ints
from workloads import Case, Shape, synthetic

BIN_WIDTH = 25
DIFFERENT = 8
"""How many regions of a batch are not alike: more would take long to make, and cost the same."""
WIDEST, MARGIN = 1.15 * 1.5, 4


def case(voxels: int, seed: int = 0) -> Case:
    """A CT-like region in the smallest volume that has room for it."""
    side = 2 * (math.ceil((3 * voxels / (4 * math.pi)) ** (1 / 3) * WIDEST) + MARGIN)
    return synthetic(voxels, seed=seed, shape=(side, side, side))


@lru_cache(maxsize=64)
def discretised(voxels: int, seed: int = 0) -> tuple[Levels, Array]:
    """The grey levels of a region (bin width 25), and where it lies in its box."""
    made = case(voxels, seed)
    places = np.nonzero(made.labels)
    box = tuple(slice(int(one.min()), int(one.max()) + 1) for one in places)
    inside, values = gather(made.image[box], made.labels[box], 1, voxels)
    return discretise(values, distribution(values), bin_edges(values, width=BIN_WIDTH)), inside[1:-1, 1:-1, 1:-1]


def batch(voxels: int, regions: int) -> Batch:
    """So many regions of so many voxels."""
    return pack(list(islice(cycle(discretised(voxels, seed) for seed in range(min(DIFFERENT, regions))), regions)))


def batch_of(volumes: Sequence[Ints], border: int = 1) -> Batch:
    """Regions that are given as volumes of grey levels, 0 outside."""
    return pack([(_levels(volume), volume > 0) for volume in volumes], border=border)


def _levels(volume: Ints) -> Levels:
    numbers, indices, counts = np.unique(volume[volume > 0], return_inverse=True, return_counts=True)
    return Levels((indices.ravel() + 1).astype(np.uint16), numbers.astype(np.int64), counts.astype(np.int64))


def named() -> dict[str, Ints]:
    """Regions with something special to each; one has too many levels for 8 bits."""
    generator = np.random.default_rng(1)
    noise = generator.integers(0, 33, (20, 24, 28))
    return {
        "one voxel": np.full((1, 1, 1), 3),
        "one level": np.ones((33, 34, 35), dtype=np.int64),
        "long runs": np.sort(generator.integers(0, 5, (12, 14, 120)), axis=2),
        "no neighbours": np.where(np.indices((9, 9, 9)).sum(axis=0) % 4 == 0, 7, 0),
        "missing levels": np.where(noise % 3 == 0, noise * 7, 0),
        "noise": noise,
        "sparse": np.where(generator.random((20, 24, 28)) < 0.05, noise + 1, 0),
        "300 levels": generator.integers(0, 301, (18, 20, 22)),
    }


def drawn(seed: int) -> list[Ints]:
    """Regions of any shape up to 12 voxels wide, of few and many levels, full and with holes."""
    generator = np.random.default_rng(seed)
    volumes = []
    for _ in range(generator.integers(1, 9)):
        shape = generator.integers(1, 13, 3)
        levels = generator.integers(1, generator.choice([2, 6, 40, 300]) + 1, shape)
        volume = np.where(generator.random(shape) < generator.choice([0.1, 0.6, 1.0]), levels, 0)
        volume.flat[generator.integers(volume.size)] = 1
        volumes.append(volume)
    return volumes


@lru_cache(maxsize=8)
def volume(shape: Shape) -> Array:
    """A CT-like volume of int16, noise and edges all over."""
    generator = np.random.default_rng(2)
    made = (30 * generator.standard_normal(shape, dtype=np.float32)).astype(np.int16)
    z, y, x = np.ogrid[tuple(map(slice, shape))]
    made += np.where((z // 16 + y // 16 + x // 16) % 2 == 0, -700, 40).astype(np.int16)
    return made
