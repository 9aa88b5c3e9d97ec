"""The maximal correlation that a device finds is the CPU's, to the last bit; on the host, without a race."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import DTypeLike

from cuda_host import DeviceFailedError, HostArray, HostDevice, HostProcess, running
from kernel_cases import Volume, batch_of, read_only, volumes
from voxmill_kernels.count.cuda.counted import Counted
from voxmill_kernels.count.cuda.counting import count
from voxmill_kernels.count.cuda.layout import BOX, Layout
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sums import sum_glcm
from voxmill_kernels.count.sweep import GLRLM, sweep
from voxmill_kernels.device import Device
from voxmill_kernels.features.cuda import mcc
from voxmill_kernels.features.cuda.mcc import UNKNOWN, mean_correlations
from voxmill_kernels.features.glcm import glcm_features
from voxmill_kernels.features.mcc import mean_maximal_correlation
from voxmill_kernels.types import Counts, Floats


def random_counts(levels: int, density: float, seed: int) -> Counts:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 100, (levels, levels)) * (generator.random((levels, levels)) < density)
    counts[0, 0] += 1
    return counts.astype(np.uint32)


def chain(levels: int) -> Counts:
    """Levels in a row that hardly meet: all eigenvalues are close to 1, and closer to each other."""
    return (np.diag(np.full(levels, 1_000_000)) + np.eye(levels, k=1, dtype=np.int64)).astype(np.uint32)


def blocks(*sizes: int) -> Counts:
    """Levels that never meet: 1 is an eigenvalue more than once."""
    matrix = np.zeros((sum(sizes), sum(sizes)), dtype=np.uint32)
    start = 0
    for size in sizes:
        matrix[start : start + size, start : start + size] = random_counts(size, 1.0, size)
        start += size
    return matrix


def few_of(levels: int) -> Counts:
    """Of many levels every fourth has pairs."""
    matrix = np.zeros((levels, levels), dtype=np.uint32)
    matrix[::4, ::4] = random_counts(len(matrix[::4]), 0.6, 8)
    return matrix


NAMED = {
    "one level": np.full((1, 1), 5, dtype=np.uint32),
    "no pairs": np.zeros((3, 3), dtype=np.uint32),
    "one level of three": np.diag([0, 4, 0]).astype(np.uint32),
    "two levels": random_counts(2, 1.0, 1),
    "thirteen levels": random_counts(13, 0.5, 2),
    "many levels": random_counts(61, 0.4, 3),
    "few pairs": random_counts(50, 0.03, 4),
    "levels without pairs": few_of(39),
    "opposite levels": np.fliplr(np.diag(np.arange(1, 8))).astype(np.uint32),
    "independent levels": np.outer(np.arange(1, 18), np.arange(1, 18)).astype(np.uint32),
    "close levels": np.triu(np.tril(random_counts(20, 1.0, 5), 1)),
    "large counts": np.array([[4_000_000_000, 7], [1, 3_999_999_999]], dtype=np.uint32),
    "blocks": blocks(9, 1, 3),
    "a short chain": chain(6),
    "a long chain": chain(100),
}


def counted(device: Device, stacks: Sequence[Counts]) -> Counted:
    """As if these matrices (offsets, levels, levels) had been counted, one stack for each box."""
    boxes, shapes = np.zeros(len(stacks), dtype=BOX), np.array([stack.shape for stack in stacks])
    boxes["levels"], cells = shapes[:, 1], shapes.prod(axis=1)
    boxes["pairs"], none = np.cumsum(cells) - cells, np.zeros(0, dtype=np.int64)
    layout = Layout(boxes, none, none, int(shapes[0, 0]), {"pairs": shapes}, none)
    return Counted(device, layout, {"glcm": device.upload(np.concatenate([stack.ravel() for stack in stacks]))})


def expected(stacks: Sequence[Counts]) -> Floats:
    """What the CPU's features have."""
    found = np.full(len(stacks), np.nan)
    for box, stack in enumerate(stacks):
        totals = stack.sum(axis=(1, 2), dtype=np.int64)
        if totals.any():
            found[box] = mean_maximal_correlation(read_only(stack), totals) if stack.shape[1] > 1 else 1.0
    return found


def assert_as_the_cpu(device: Device, stacks: Sequence[Counts]) -> None:
    np.testing.assert_array_equal(mean_correlations(counted(device, stacks)), expected(stacks), strict=True)


def assert_volumes_as_the_cpu(device: Device, drawn: Sequence[Volume]) -> None:
    """All features of GLCM with it."""
    batch = batch_of(*drawn)
    found = count(device, batch, directions(1))
    matrices = [each.glcm for each in sweep(batch, directions(1))]
    correlations = mean_correlations(found)
    np.testing.assert_array_equal(correlations, expected(matrices), strict=True)
    for sums, ours, matrix, numbers in zip(found.pair_sums(), correlations, matrices, batch.numbers, strict=True):
        known = glcm_features(sum_glcm(matrix, numbers), matrix, numbers)
        np.testing.assert_array_equal(glcm_features(sums, float(ours), numbers), known, strict=True)


STACKS = [matrix[np.newaxis] for matrix in NAMED.values()]


@pytest.mark.parametrize("threads", [1, 3, 4])
def test_named_matrices(plain: HostProcess, threads: int) -> None:
    assert_as_the_cpu(HostDevice(plain, threads=threads), STACKS)


def test_named_matrices_under_sanitizers(host: HostProcess) -> None:
    """With three threads, of which none alone has to do with the same part of all vectors."""
    chosen = ("no pairs", "one level of three", "thirteen levels", "many levels", "levels without pairs")
    assert_as_the_cpu(HostDevice(host, threads=3), [NAMED[name][np.newaxis] for name in chosen])


@settings(max_examples=30)
@given(st.lists(arrays(np.uint32, st.integers(1, 9).map(lambda n: (2, n, n)), elements=st.sampled_from([0, 0, 1, 90]))))
def test_drawn_matrices(plain: HostProcess, stacks: list[Counts]) -> None:
    """Two of each box: the mean is over those that hold pairs."""
    if stacks:
        assert_as_the_cpu(HostDevice(plain), stacks)


@settings(max_examples=5)
@given(st.lists(volumes(max_side=4), min_size=1, max_size=2))
def test_drawn_regions(plain: HostProcess, drawn: list[Volume]) -> None:
    assert_volumes_as_the_cpu(HostDevice(plain), drawn)


def test_a_matrix_that_needs_another_search_is_left_to_the_cpu(plain: HostProcess) -> None:
    device = HostDevice(plain)
    stacks = [NAMED[name][np.newaxis] for name in ("two levels", "a short chain", "a long chain")]
    found = mcc._launched(device, mcc._table(counted(device, stacks)), counted(device, stacks).buffers["glcm"])
    assert (device.download(found) == UNKNOWN).tolist() == [False, True, True]


@pytest.mark.parametrize("cells", [1, 200, 5000])
def test_matrices_of_which_some_are_worked_on_at_a_time(plain: HostProcess, cells: int) -> None:
    """Whatever memory there is: one matrix there is always room for."""
    assert_as_the_cpu(HostDevice(plain, free=8 * mcc.SHARE * cells), STACKS[:9])


def test_a_matrix_that_is_too_large_for_a_block_is_left_to_the_cpu(plain: HostProcess) -> None:
    """Of all of these a block has room for 13 levels, and no kernel runs where there is room for none."""
    assert_as_the_cpu(HostDevice(plain, shared_bytes=int(mcc._shared(np.array([13]))[0])), STACKS)
    assert_as_the_cpu(HostDevice(shared_bytes=0), STACKS)


def test_no_matrices_were_wanted(plain: HostProcess) -> None:
    found = count(HostDevice(plain), batch_of(np.ones((2, 2, 2), dtype=np.int64)), directions(1), wanted=GLRLM)
    np.testing.assert_array_equal(mean_correlations(found), [np.nan])


def test_a_race_is_found(thread_sanitizer: Path) -> None:
    with (
        running(thread_sanitizer, "WITHOUT_BARRIERS") as process,
        pytest.raises(DeviceFailedError, match="data race"),
    ):
        assert_as_the_cpu(HostDevice(process), [NAMED["thirteen levels"][np.newaxis]])


class ShortDevice(HostDevice):
    """One whose buffers lack their last number."""

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> HostArray:
        assert isinstance(shape, int)
        return super().empty(max(0, shape - 1), dtype)


def test_a_number_outside_a_buffer_is_found(address_sanitizer: Path) -> None:
    with (
        running(address_sanitizer) as process,
        pytest.raises(DeviceFailedError, match="heap-buffer-overflow"),
    ):
        assert_as_the_cpu(ShortDevice(process), [NAMED["thirteen levels"][np.newaxis]])


@pytest.mark.gpu
def test_named_matrices_on_a_gpu(gpu: Device) -> None:
    assert_as_the_cpu(gpu, STACKS)


@pytest.mark.gpu
@pytest.mark.parametrize("levels", [2, 32, 64, 300])
def test_regions_on_a_gpu(gpu: Device, levels: int) -> None:
    drawn = np.random.default_rng(7).integers(0, levels + 1, (20, 12, 14, 16))
    assert_volumes_as_the_cpu(gpu, [read_only(volume) for volume in drawn])
