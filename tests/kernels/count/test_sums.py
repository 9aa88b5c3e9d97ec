"""Sums equal those that NumPy takes of the matrices, and counts of counts those of the single cells."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kernel_cases import VOLUMES, Volume, batch_of, blocks, read_only, swept, volumes
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.sums import FEW, GlcmSums, SizeSums, sum_glcm, sum_glcm_as_is, sum_sizes
from voxmill_kernels.types import Array, Counts, Ints, Sums

# Around FEW, where the tally turns into a list, and so large that products need an int64.
CELL_COUNTS = st.sampled_from([0, 0, 0, 1, 2, 3, FEW // 2, FEW - 1, FEW, FEW + 1, 70_000, 200_000_000])


@st.composite
def level_numbers(draw: st.DrawFn, levels: int) -> Ints:
    drawn = draw(st.sets(st.integers(1, 60), min_size=levels, max_size=levels))
    return read_only(np.array(sorted(drawn), dtype=np.int64))


@st.composite
def co_occurrences(draw: st.DrawFn) -> tuple[Counts, Ints]:
    """Matrices (offsets, levels, levels) and the numbers of their levels."""
    offsets, levels = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    matrix = draw(arrays(np.uint32, (offsets, levels, levels), elements=CELL_COUNTS, fill=st.just(0)))
    return read_only(matrix), draw(level_numbers(levels))


@st.composite
def sized_cells(draw: st.DrawFn) -> tuple[Cells, Ints]:
    """Cells of matrices (n, levels, sizes) and the numbers of their levels; sizes up to tens of thousands."""
    n, levels = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    counts = draw(arrays(np.uint32, (n, levels, 5), elements=CELL_COUNTS, fill=st.just(0)))
    sizes = np.sort(draw(arrays(np.int64, 5, elements=st.integers(1, 20_000), unique=True)))
    cells = cells_of(counts)
    size, matrix = read_only(sizes[cells.size - 1]), read_only(cells.matrix)
    return Cells(matrix, read_only(cells.level), size, read_only(cells.count), n), draw(level_numbers(levels))


def assert_tally(few: Ints, many: Sums, counts: Array) -> None:
    """`few` and `many` say how often each count occurs among the cells; all are in `many` where `few` has no room."""
    filled, first_large = counts[counts > 0], FEW if len(few) else 0
    assert len(few) <= FEW
    np.testing.assert_array_equal(few, np.bincount(filled[filled < first_large].astype(np.int64), minlength=len(few)))
    large = np.sort(filled[filled >= first_large])
    room_to_spare = len(many) - len(large)
    assert not many[:room_to_spare].any()
    np.testing.assert_array_equal(many[room_to_spare:], large)


def assert_sums_of_one(sums: GlcmSums, a: int, matrix: Array, numbers: Ints) -> None:
    """`matrix` is the one of offset `a`, int64; a symmetric one has one marginal."""
    i, j = np.meshgrid(numbers, numbers, indexing="ij")
    assert sums.total[a] == matrix.sum()
    np.testing.assert_array_equal(sums.marginals[a, 0], matrix.sum(axis=1))
    np.testing.assert_array_equal(sums.marginals[a, -1], matrix.sum(axis=0))
    for row, key in ((sums.plus[a], i + j), (sums.minus[a], abs(i - j))):
        expected = np.zeros(len(row), dtype=np.int64)
        np.add.at(expected, key, matrix)
        np.testing.assert_array_equal(row, expected)
    assert sums.product[a] == (i * j * matrix).sum()
    assert sums.squares[a] == (matrix**2).sum()
    assert sums.largest[a] == matrix.max()
    assert_tally(sums.few[a], sums.many[a], matrix)


def assert_glcm_sums(matrix: Counts, numbers: Ints) -> None:
    sums = sum_glcm(read_only(matrix), numbers)
    assert sums.plus.shape == (len(matrix), 2 * numbers[-1] + 1)
    assert sums.minus.shape == (len(matrix), numbers[-1])
    for a, one_way in enumerate(matrix.astype(np.int64)):
        assert_sums_of_one(sums, a, one_way + one_way.T, numbers)
    as_is = sum_glcm_as_is(read_only(matrix), numbers)
    assert as_is.marginals.shape == (len(matrix), 2, len(numbers))
    for a, one_way in enumerate(matrix.astype(np.int64)):
        assert_sums_of_one(as_is, a, one_way, numbers)


def assert_size_sums(cells: Cells, numbers: Ints) -> None:
    sums: SizeSums = sum_sizes(cells, numbers)
    for a in range(cells.matrices):
        here = cells.matrix == a
        level, size, count = cells.level[here], cells.size[here], cells.count[here]
        assert sums.total[a] == count.sum()
        assert sums.voxels[a] == (count * size).sum()
        by_level = np.zeros((len(numbers), 2), dtype=np.int64)
        np.add.at(by_level, level, np.stack([count, count * size**2], axis=1))
        np.testing.assert_array_equal(sums.by_level[a], by_level)
        by_size = np.zeros((cells.size.max(initial=0) + 1, 2), dtype=np.int64)
        np.add.at(by_size, size, np.stack([count, count * numbers[level] ** 2], axis=1))
        np.testing.assert_array_equal(sums.by_size[a], by_size)
        assert_tally(sums.few[a], sums.many[a], count)


@given(drawn=co_occurrences())
def test_glcm_sums(drawn: tuple[Counts, Ints]) -> None:
    assert_glcm_sums(*drawn)


@given(volume=volumes())
def test_glcm_sums_of_drawn_regions(volume: Volume) -> None:
    assert_glcm_sums(swept(volume).glcm, *batch_of(volume).numbers)


@pytest.mark.parametrize("volume", [VOLUMES["many levels"], blocks()], ids=["many levels", "blocks"])
def test_glcm_sums_of_large_regions(volume: Volume) -> None:
    assert_glcm_sums(swept(volume).glcm, *batch_of(volume).numbers)


def test_blocks_have_counts_that_are_listed() -> None:
    matrix = swept(blocks()).glcm
    assert (matrix + matrix.transpose(0, 2, 1) > FEW).sum() > 20


@given(drawn=sized_cells())
def test_size_sums(drawn: tuple[Cells, Ints]) -> None:
    assert_size_sums(*drawn)


@given(volume=volumes())
def test_size_sums_of_zones(volume: Volume) -> None:
    assert_size_sums(swept(volume).glszm, *batch_of(volume).numbers)


def test_many_large_counts_come_in_ascending_order() -> None:
    counts = np.random.default_rng(5).integers(FEW - 5, FEW + 40, (1, 30, 30)).astype(np.uint32)
    assert_glcm_sums(counts, np.arange(1, 31))
    assert_size_sums(cells_of(counts[0]), np.arange(1, 31))


@given(drawn=co_occurrences(), factor=st.sampled_from([0.1, 3.7, 1e-9]))
def test_weighted_sums_are_shares(drawn: tuple[Counts, Ints], factor: float) -> None:
    counts, numbers = drawn
    weighted, counted = sum_glcm_as_is(read_only(counts * factor), numbers), sum_glcm_as_is(counts, numbers)
    total = np.maximum(counted.total, 1)
    assert weighted.total.tolist() == (counted.total > 0).tolist()
    for name, scale in (("marginals", total), ("plus", total), ("minus", total), ("squares", total.astype(float) ** 2)):
        expected = (getattr(counted, name).T / scale).T
        np.testing.assert_allclose(getattr(weighted, name), expected, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(weighted.product * total, counted.product, rtol=1e-13)
    np.testing.assert_allclose(weighted.largest * total, counted.largest, rtol=1e-13)
    np.testing.assert_allclose((weighted.many.T * total).T, counted.many, rtol=1e-13)


@given(drawn=sized_cells())
def test_sums_of_weighted_sizes(drawn: tuple[Cells, Ints]) -> None:
    """Half of every count: no rounding."""
    cells, numbers = drawn
    weighted = sum_sizes(replace(cells, count=read_only(cells.count / 2)), numbers)
    counted = sum_sizes(cells, numbers)
    for name in ("total", "voxels", "by_level", "by_size"):
        np.testing.assert_array_equal(2 * getattr(weighted, name), getattr(counted, name))
    for a in range(cells.matrices):
        assert_tally(weighted.few[a], weighted.many[a], cells.count[cells.matrix == a] / 2)


def test_cells_of_weighted_matrices_are_those_of_counts() -> None:
    counts = np.random.default_rng(2).integers(0, 3, (2, 4, 5)).astype(np.uint32)
    ours, expected = cells_of(read_only(counts / 2)), cells_of(read_only(counts))
    for name in ("matrix", "level", "size"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(expected, name))
    np.testing.assert_array_equal(2 * ours.count, expected.count)
    assert ours.matrices == 2


def test_sums_of_no_matrices() -> None:
    none = read_only(np.zeros((0, 2, 2), dtype=np.uint32))
    for sums in (sum_glcm(none, np.array([1, 3])), sum_glcm_as_is(none, np.array([1, 3]))):
        assert sums.plus.shape == (0, 7)
        assert len(sums.total) == len(sums.marginals) == len(sums.many) == 0


def test_sums_of_no_cells() -> None:
    none = read_only(np.zeros(0, dtype=np.int64))
    sums = sum_sizes(Cells(none, none, none, none), read_only(np.array([3])))
    assert sums.total.tolist() == sums.voxels.tolist() == [0]
    assert not sums.few.any()
    assert not sums.many.any()
