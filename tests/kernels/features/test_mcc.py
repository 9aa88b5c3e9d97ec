"""The maximal correlation equals what NumPy's eigenvalues give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from kernel_cases import read_only
from voxmill_kernels.features.mcc import maximal_correlation, mean_maximal_correlation
from voxmill_kernels.types import Counts


def second_eigenvalue(matrix: NDArray[np.integer]) -> float:
    """The second largest |eigenvalue| of p(i, j) / √(p(i) p(j)) over the levels that occur; 0 when there is one."""
    symmetric = matrix.astype(np.float64) + matrix.T
    marginal = symmetric.sum(axis=1)
    symmetric, marginal = symmetric[np.ix_(marginal > 0, marginal > 0)], marginal[marginal > 0]
    values = np.linalg.eigvalsh(symmetric / np.sqrt(np.outer(marginal, marginal)))
    sizes = np.sort(np.abs(values))
    return float(sizes[-2]) if len(sizes) > 1 else 0.0


def second_singular_value(matrix: NDArray[np.integer]) -> float:
    """The second largest of p(i, j) / √(p(i) p(j)) over the levels that occur; 0 when there is one i, or one j."""
    rows, columns = matrix.sum(axis=1, dtype=np.float64), matrix.sum(axis=0, dtype=np.float64)
    filled = matrix[np.ix_(rows > 0, columns > 0)]
    values = np.linalg.svd(filled / np.sqrt(np.outer(rows[rows > 0], columns[columns > 0])), compute_uv=False)
    return float(values[1]) if len(values) > 1 else 0.0


def assert_equals_numpy(matrix: NDArray[np.integer]) -> None:
    counts = read_only(matrix.astype(np.uint32))
    assert maximal_correlation(counts) == pytest.approx(second_eigenvalue(matrix), abs=1e-13)
    as_it_is = maximal_correlation(counts, symmetric=False)
    assert as_it_is == pytest.approx(second_singular_value(matrix), abs=1e-13)


@pytest.mark.parametrize("power", [-1060, -1030, -500, 900])
def test_weights_of_any_size(power: int) -> None:
    """Times a power of two: no rounding."""
    for levels in (2, 5, 33):
        counts = random_counts(levels, 0.5, levels)
        ours = maximal_correlation(read_only(counts * 2.0**power), symmetric=False)
        assert ours == pytest.approx(second_singular_value(counts), abs=1e-13)


def random_counts(levels: int, density: float, seed: int, highest: int = 100) -> Counts:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, highest, (levels, levels)) * (generator.random((levels, levels)) < density)
    counts[0, 0] += 1
    return counts.astype(np.uint32)


@pytest.mark.parametrize("levels", [2, 3, 5, 8, 33, 80])
@pytest.mark.parametrize("density", [1.0, 0.3, 0.05])
@pytest.mark.parametrize("seed", range(3))
def test_random_matrices(levels: int, density: float, seed: int) -> None:
    assert_equals_numpy(random_counts(levels, density, seed))


@given(matrix=arrays(np.uint32, st.integers(1, 7).map(lambda n: (n, n)), elements=st.sampled_from([0, 0, 1, 2, 90])))
def test_drawn_matrices(matrix: Counts) -> None:
    if matrix.any():
        assert_equals_numpy(matrix)


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (1, 1, 1, 1), (20, 1), (9, 9, 9)])
def test_blocks_without_pairs_between_them(sizes: tuple[int, ...]) -> None:
    """Levels that never meet: 1 is an eigenvalue more than once."""
    matrix = np.zeros((sum(sizes), sum(sizes)), dtype=np.int64)
    start = 0
    for seed, size in enumerate(sizes):
        matrix[start : start + size, start : start + size] = random_counts(size, 1.0, seed)
        start += size
    assert_equals_numpy(matrix)
    assert maximal_correlation(matrix.astype(np.uint32)) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("copies", [2, 3, 7])
@pytest.mark.parametrize("seed", range(6))
def test_like_blocks_with_few_pairs_between_them(copies: int, seed: int) -> None:
    """Eigenvalues in close groups: vectors of the search lose their right angles early."""
    generator = np.random.default_rng(seed)
    block = generator.integers(1, 50, (3, 3))
    matrix = np.kron(np.eye(copies, dtype=np.int64), 1000 * block)
    matrix[0, -1] += 1
    assert_equals_numpy(matrix)
    assert_equals_numpy(matrix + generator.integers(0, 2, matrix.shape))


@pytest.mark.parametrize("levels", [4, 27, 60])
@pytest.mark.parametrize("seed", range(6))
def test_levels_with_few_pairs_between_them(levels: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    matrix = np.diag(generator.integers(1, 100_000, levels))
    for i, j in generator.integers(0, levels, (levels, 2)):
        matrix[i, j] += 1
    assert_equals_numpy(matrix)


@pytest.mark.parametrize("levels", [5, 40, 65])
@pytest.mark.parametrize("seed", range(3))
def test_pairs_of_close_levels_only(levels: int, seed: int) -> None:
    counts = random_counts(levels, 1.0, seed)
    assert_equals_numpy(np.triu(np.tril(counts, 1)))


@pytest.mark.parametrize("levels", [12, 50, 200])
@pytest.mark.parametrize("count", [10_000, 1_000_000, 4_000_000_000])
@pytest.mark.parametrize("closed", [True, False])
def test_levels_in_a_row_that_hardly_meet(levels: int, count: int, closed: bool) -> None:  # noqa: FBT001
    """Large even objects that touch: all eigenvalues are close to 1, and closer to each other."""
    matrix = np.diag(np.full(levels, count)) + np.eye(levels, k=1, dtype=np.int64)
    matrix[-1, 0] += closed
    assert_equals_numpy(matrix)


@pytest.mark.parametrize("seed", range(20))
def test_blocks_that_hardly_meet(seed: int) -> None:
    """Close eigenvalues, of which a search that stops growing for a while would take the wrong one."""
    generator = np.random.default_rng(seed)
    blocks, size = int(generator.integers(2, 8)), int(generator.integers(4, 24))
    matrix = np.kron(np.eye(blocks, dtype=np.int64), generator.integers(1, 1000, (size, size)))
    for place in range(1, blocks):
        matrix[place * size - 1, place * size] += 1 + seed % 3
    assert_equals_numpy(matrix)


@pytest.mark.parametrize("levels", [40, 150])
def test_a_matrix_alone_and_among_others(levels: int) -> None:
    """Each direction is found as it would be alone, to the bit."""
    chain = (np.diag(np.full(levels, 1_000_000)) + np.eye(levels, k=1, dtype=np.int64)).astype(np.uint32)
    few = np.zeros_like(chain)
    few[:5, :5] = random_counts(5, 1.0, 2)
    matrices = np.stack([chain, random_counts(levels, 0.4, 1), few, random_counts(levels, 0.05, 3)])
    alone = [maximal_correlation(matrix) for matrix in matrices]
    assert mean_maximal_correlation(matrices, np.ones(4, dtype=np.int64)) == np.mean(alone)


@pytest.mark.parametrize("levels", [2, 5, 30])
def test_pairs_of_opposite_levels_only(levels: int) -> None:
    """A checkerboard: the eigenvalue of largest size is negative."""
    assert_equals_numpy(np.fliplr(np.diag(np.arange(1, levels + 1))))


@pytest.mark.parametrize("levels", [2, 3, 17])
def test_independent_levels(levels: int) -> None:
    """Outer products have no second eigenvalue."""
    share = np.arange(1, levels + 1)
    assert maximal_correlation(np.outer(share, share).astype(np.uint32)) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize("levels", [3, 12, 40])
@pytest.mark.parametrize("cell", [(0, 0), (0, 1), (-1, -1), (1, -1)])
def test_nearly_independent_levels(levels: int, cell: tuple[int, int]) -> None:
    share = np.arange(1, levels + 1)
    matrix = 1000 * np.outer(share, share)
    matrix[cell] += 3
    assert_equals_numpy(matrix)


def test_large_counts_next_to_small_ones() -> None:
    matrix = np.diag([3_000_000_000, 1, 2_000_000_000, 5])
    matrix[0, 1] = matrix[2, 3] = 1
    matrix[0, 2] = 7
    assert_equals_numpy(matrix)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_levels_does_not_matter(seed: int) -> None:
    matrix = random_counts(24, 0.4, seed)
    order = np.random.default_rng(seed).permutation(24)
    permuted = np.ascontiguousarray(matrix[np.ix_(order, order)])
    assert maximal_correlation(permuted) == pytest.approx(maximal_correlation(matrix), abs=1e-13)


def test_a_level_without_pairs_does_not_matter() -> None:
    matrix = random_counts(6, 1.0, 1)
    wide = np.insert(np.insert(matrix, 3, 0, axis=0), 3, 0, axis=1)
    assert maximal_correlation(wide) == maximal_correlation(matrix)


@pytest.mark.parametrize("matrix", [[[5]], [[0, 0], [0, 4]]])
def test_one_paired_level(matrix: list[list[int]]) -> None:
    assert maximal_correlation(read_only(np.array(matrix, dtype=np.uint32))) == 0.0
