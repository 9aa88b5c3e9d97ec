"""Features of run lengths, zones and dependences equal those of the definition.

Relative differences up to 1e-12 come of sums in another order; an absolute 1e-12 is for the variances, where the
rounding of a mean stays behind.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
import naive_features
import naive_regions
from kernel_cases import VOLUMES, Volume, batch_of, by_name, occurring, read_only, swept, volumes
from voxmill_kernels.count.cells import Cells, cells_of
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sums import sum_sizes
from voxmill_kernels.count.weighting import EQUAL, NORMS, weigh_runs
from voxmill_kernels.features import gldm, glrlm, glszm
from voxmill_kernels.features.sizes import NAMES, size_features
from voxmill_kernels.types import Floats, Ints


def measured_cells(cells: Cells, numbers: Ints) -> Floats:
    return size_features(cells, sum_sizes(cells, numbers), numbers)


def measured_runs(volume: Volume) -> dict[str, float]:
    cells, (numbers,) = cells_of(swept(volume).glrlm), batch_of(volume).numbers
    values = glrlm.glrlm_features(measured_cells(cells, numbers), sum_sizes(cells, numbers).total)
    return by_name(glrlm.FEATURES, values)


def measured_zones(volume: Volume) -> dict[str, float]:
    values = measured_cells(swept(volume).glszm, *batch_of(volume).numbers)
    return by_name(glszm.FEATURES, glszm.glszm_features(values))


def measured_dependences(volume: Volume) -> dict[str, float]:
    values = measured_cells(cells_of(swept(volume).gldm), *batch_of(volume).numbers)
    return by_name(gldm.FEATURES, gldm.gldm_features(values))


@given(volume=volumes(max_side=4), norm=st.sampled_from([*NORMS, EQUAL]))
def test_weighted_runs(volume: Volume, norm: str) -> None:
    (numbers,), spacing = batch_of(volume).numbers, (1.3, 0.7, 0.9)
    weights = [1.0 if norm == EQUAL else naive.length(offset, spacing, norm) for offset in naive.DIRECTIONS]
    counts = occurring(volume, naive.glrlm(volume), axis=1)
    matrix = np.sum([weight * one for weight, one in zip(weights, counts, strict=True)], axis=0)
    cells = cells_of(read_only(weigh_runs(swept(volume).glrlm, directions(1), spacing, norm)))
    values = glrlm.glrlm_features(measured_cells(cells, numbers), sum_sizes(cells, numbers).total)
    if not counts.any():
        assert np.isnan(values).all()
        return
    ours = naive_regions.generic("glrlm", by_name(glrlm.FEATURES, values))
    voxels = float((matrix * np.arange(1, matrix.shape[1] + 1)).sum())
    expected = naive_features.size_matrix_features(matrix, numbers, voxels)
    for name, value in ours.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


FAMILIES: dict[str, tuple[Callable[[Volume], dict[str, float]], Callable[[Volume], dict[str, float]]]] = {
    "glrlm": (measured_runs, naive_regions.glrlm_features),
    "glszm": (measured_zones, lambda volume: naive_regions.size_features(volume, naive.glszm(volume))),
    "gldm": (measured_dependences, naive_regions.gldm_features),
}
families = pytest.mark.parametrize("family", FAMILIES)


def assert_equals_definition(family: str, volume: Volume) -> None:
    measure, define = FAMILIES[family]
    ours, expected = naive_regions.generic(family, measure(volume)), define(volume)
    if not expected:
        assert np.isnan(list(ours.values())).all()
        return
    assert ours.keys() <= expected.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


@families
@pytest.mark.parametrize("name", VOLUMES)
def test_named_regions(family: str, name: str) -> None:
    assert_equals_definition(family, VOLUMES[name])


@families
@given(volume=volumes(max_side=4))
def test_drawn_regions(family: str, volume: Volume) -> None:
    assert_equals_definition(family, volume)


def test_large_counts_and_sizes() -> None:
    matrix = np.zeros((3, 30_000), dtype=np.uint32)
    matrix[[0, 0, 1, 2, 2], [0, 29_999, 700, 0, 12]] = [5000, 2, 70_000, 1, 1024]
    numbers = read_only(np.array([2, 40, 300]))
    cells = cells_of(read_only(matrix))
    ours = dict(zip(NAMES, measured_cells(cells, numbers)[0].tolist(), strict=True))
    voxels = int((cells.count * cells.size).sum())
    expected = naive_features.size_matrix_features(matrix, numbers, voxels)
    assert ours == pytest.approx(expected, rel=1e-12)


def test_an_empty_matrix_is_undefined() -> None:
    cells = cells_of(read_only(np.zeros((2, 3), dtype=np.uint32)))
    assert np.isnan(measured_cells(cells, np.array([1, 2]))).all()


def test_runs_without_a_line_of_two_are_undefined() -> None:
    assert np.isnan(list(measured_runs(VOLUMES["far apart"]).values())).all()
