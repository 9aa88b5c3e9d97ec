"""What tests of counting on a device share: the comparison with the CPU, which leaves nothing to tolerance."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from kernel_cases import VOLUMES, Volume, batch_of, blocks, volumes
from voxmill_kernels.count.cells import cells_of
from voxmill_kernels.count.cuda import tiles
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sums import sum_glcm
from voxmill_kernels.count.sweep import EVERYTHING, GLCM, sweep
from voxmill_kernels.device import Device

WIDE = [*VOLUMES.values(), blocks()]
"""Regions in one arena of 16 bits: one of them has 300 levels."""
NARROW = [volume for volume in WIDE if len(np.unique(volume)) < 256]
"""Those that fit into an arena of 8 bits."""


@dataclass(frozen=True)
class Task:
    """Arguments of a count."""

    distances: tuple[int, ...] = (1,)
    across: int | None = None
    alpha: int = 0
    wanted: int = EVERYTHING


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    distances = draw(st.sampled_from([(1,), (1,), (2,), (1, 3)]))
    across = draw(st.sampled_from([None, 0, 1, 2]))
    return Task(distances, across, draw(st.integers(0, 3)), draw(st.just(EVERYTHING) | st.integers(0, EVERYTHING)))


def regions(max_size: int = 3) -> st.SearchStrategy[list[Volume]]:
    return st.lists(volumes(max_side=4), min_size=1, max_size=max_size)


@contextmanager
def tiles_of(places: int, least: int | None = None) -> Iterator[None]:
    """Blocks look at so many places of a box at most, so that small boxes have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "MOST", places)
        patch.setattr(tiles, "LEAST", least or places)
        yield


def assert_counts_as_the_cpu(device: Device, volumes: list[Volume], task: Task, found: Counted | None = None) -> None:
    """Matrices, cells and sums of a batch (`found`, or counted here) are those of numba: values, shapes and types."""
    batch = batch_of(*volumes, border=max(task.distances))
    offsets = directions(*task.distances, across=task.across)
    found = found or count(device, batch, offsets, across=task.across, alpha=task.alpha, wanted=task.wanted)
    expected = sweep(batch, offsets, across=task.across, alpha=task.alpha, wanted=task.wanted)
    assert_same(found.matrices(), expected)
    assert_same(found.dependences(), [cells_of(matrices.gldm) for matrices in expected])
    assert_same(found.runs(), [cells_of(matrices.glrlm) for matrices in expected])
    if task.wanted & GLCM:
        sums = [sum_glcm(each.glcm, numbers) for each, numbers in zip(expected, batch.numbers, strict=True)]
        assert_same(found.pair_sums(), sums)


def assert_same(found: list[Any], expected: list[Any]) -> None:
    """Dataclasses of arrays are equal."""
    for one, other in zip(found, expected, strict=True):
        for part, known in zip(_leaves(astuple(one)), _leaves(astuple(other)), strict=True):
            np.testing.assert_array_equal(part, known, strict=True)


def _leaves(parts: tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        yield from _leaves(part) if isinstance(part, tuple) else [np.asarray(part)]
