"""Entropies equal that of the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive_features
from kernel_cases import read_only
from voxmill_kernels.count.cells import cells_of
from voxmill_kernels.count.sums import FEW, sum_sizes
from voxmill_kernels.features.entropy import entropy, tallied_entropy

counted = st.lists(st.sampled_from([0, 1, 2, 7, FEW - 1, FEW, 5000, 3_000_000]), min_size=1, max_size=12).filter(any)


@given(counts=counted)
def test_entropy(counts: list[int]) -> None:
    ours = entropy(read_only(np.array(counts)), sum(counts))
    assert ours == pytest.approx(naive_features.entropy(counts), rel=1e-12, abs=1e-15)


@given(counts=counted)
def test_tallied_entropy(counts: list[int]) -> None:
    cells = cells_of(read_only(np.array([counts], dtype=np.uint32)))
    sums = sum_sizes(cells, read_only(np.array([1])))
    ours = tallied_entropy(read_only(sums.few[0]), read_only(sums.many[0]), sums.total[0])
    assert ours == pytest.approx(naive_features.entropy(counts), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("count", [1, FEW - 1, FEW, 10**9])
def test_one_count_has_no_entropy(count: int) -> None:
    counts = read_only(np.array([0, count, 0]))
    assert entropy(counts, count) == 0.0


@pytest.mark.parametrize("bits", [1, 3, 6])
def test_equal_counts_have_that_many_bits(bits: int) -> None:
    assert entropy(read_only(np.full(2**bits, 5)), 5 * 2**bits) == bits
