"""Checks of the oracles of matrices and shape: by hand, against IBSI and PyRadiomics.

The phantom's matrices and values are those of the IBSI 1 reference manual.
"""

from __future__ import annotations

import math
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import naive
from naive_cases import PHANTOM, PHANTOM_SPACING, VOLUMES, Levels

small_levels = arrays(np.int8, array_shapes(min_dims=3, max_dims=3, max_side=4), elements=st.integers(0, 4))
volumes = pytest.mark.parametrize("levels", VOLUMES.values(), ids=VOLUMES.keys())


def filled(matrix: Levels) -> dict[tuple[int, int], int]:
    """The cells that are not 0 by row and column, both counted from 1."""
    cells = np.ndenumerate(matrix)
    return {(row + 1, column + 1): int(n) for (row, column), n in cells if n}


def cells(text: str) -> dict[tuple[int, int], int]:
    """The same from lines of a row and its "column:count"."""
    rows = [line.split() for line in text.strip().splitlines()]
    pairs = [(row, cell.split(":")) for row, *rest in rows for cell in rest]
    return {(int(row), int(column)): int(n) for row, (column, n) in pairs}


# Neighbourhoods


def test_directions_are_half_of_the_neighbours_in_descending_order() -> None:
    assert len(naive.DIRECTIONS) == 13
    assert naive.DIRECTIONS[0] == (1, 1, 1)
    assert naive.DIRECTIONS[-1] == (0, 0, 1)
    assert list(naive.DIRECTIONS) == sorted(naive.DIRECTIONS, reverse=True)
    assert not {(-z, -y, -x) for z, y, x in naive.DIRECTIONS} & set(naive.DIRECTIONS)


def test_directions_of_a_distance_have_that_chebyshev_length() -> None:
    assert len(naive.directions(2)) == (5**3 - 3**3) // 2
    assert all(max(map(abs, offset)) == 2 for offset in naive.directions(2))
    assert naive.directions(2)[0] == (2, 2, 2)
    assert naive.directions(2)[-1] == (0, 0, 2)


# Matrices


def test_glcm_counts_one_way() -> None:
    levels = np.array([[[1, 2, 2, 0, 1]]])
    assert naive.glcm(levels, offsets=[(0, 0, 1)]).tolist() == [[[0, 1], [0, 1]]]
    assert naive.glcm(levels, offsets=[(0, 0, -1)]).tolist() == [[[0, 0], [1, 1]]]
    assert naive.glcm(levels, offsets=[(0, 0, 3)]).tolist() == [[[0, 0], [1, 0]]]


def test_glcm_of_the_phantom() -> None:
    counts = naive.glcm(PHANTOM)
    along_z = counts[naive.DIRECTIONS.index((1, 0, 0))]
    both_ways = counts.sum(axis=0) + counts.sum(axis=0).T
    assert filled(along_z + along_z.T) == cells("""
        1 1:66 4:5 6:1
        3 6:1
        4 1:5 4:16
        6 1:1 3:1 6:8
    """)
    assert filled(both_ways) == cells("""
        1 1:536 3:14 4:105 6:61
        3 1:14 4:5 6:6
        4 1:105 3:5 4:64 6:28
        6 1:61 3:6 4:28 6:16
    """)


def test_glrlm_of_the_phantom() -> None:
    counts = naive.glrlm(PHANTOM)
    assert filled(counts[naive.DIRECTIONS.index((1, 0, 0))]) == cells("""
        1 1:1 2:6 3:3 4:7
        3 1:1
        4 1:4 2:2 4:2
        6 1:1 2:1 4:1
    """)
    assert filled(counts.sum(axis=0)) == cells("""
        1 1:190 2:140 3:31 4:18 5:3
        3 1:13
        4 1:149 2:24 3:1 4:2
        6 1:78 2:3 3:1 4:1
    """)


def test_glrlm_keeps_a_direction_with_two_voxels_of_any_level_on_a_line() -> None:
    counts = naive.glrlm(np.array([[[1, 0, 2]]]))
    assert filled(counts[-1]) == {(1, 1): 1, (2, 1): 1}
    assert not counts[:-1].any()


def test_glrlm_zeroes_directions_without_two_voxels_on_a_line() -> None:
    assert not naive.glrlm(np.array([[[1, 0, 0], [0, 0, 1]]])).any()


def test_glszm_of_the_phantom() -> None:
    assert filled(naive.glszm(PHANTOM)) == cells("""
        1 50:1
        3 1:1
        4 2:1 14:1
        6 7:1
    """)


def test_glszm_joins_over_a_corner() -> None:
    levels = np.zeros((2, 2, 3), np.uint8)
    levels[0, 0, 0] = levels[1, 1, 1] = levels[0, 0, 2] = 2
    assert naive.glszm(levels).tolist() == [[0, 0, 0], [0, 0, 1]]


def test_gldm_of_the_phantom() -> None:
    assert filled(naive.gldm(PHANTOM)) == cells("""
        1 5:2 6:2 7:1 8:6 9:4 10:6 11:5 12:5 13:3 14:2 15:5 16:3 17:3 18:2 21:1
        3 1:1
        4 2:2 4:2 5:6 6:4 7:2
        6 2:1 3:4 4:1 5:1
    """)


def test_gldm_counts_levels_within_alpha() -> None:
    levels = np.array([[[1, 2, 4]]])
    assert filled(naive.gldm(levels)) == {(1, 1): 1, (2, 1): 1, (4, 1): 1}
    assert filled(naive.gldm(levels, alpha=1)) == {(1, 2): 1, (2, 2): 1, (4, 1): 1}
    far = naive.gldm(levels, alpha=3, offsets=naive.directions(2))
    assert filled(far) == {(1, 2): 1, (2, 1): 1, (4, 2): 1}
    assert far.shape == (4, 99)


def test_ngtdm_of_the_phantom() -> None:
    matrix = naive.ngtdm(PHANTOM)
    assert matrix[:, 0].tolist() == [50, 0, 1, 16, 0, 7]
    assert matrix[:, 2].tolist() == [1, 2, 3, 4, 5, 6]
    expected = [39.946954, 0, 0.2, 20.825401, 0, 24.127005]
    assert matrix[:, 1] == pytest.approx(expected, abs=5e-7)


def test_ngtdm_counts_a_voxel_without_neighbours() -> None:
    levels = np.array([[[1, 2, 5, 0, 3]]])
    assert naive.ngtdm_fractions(levels) == [1, Fraction(1), 0, 0, 3]
    assert naive.ngtdm(levels).tolist() == [*([1, 1, 1], [1, 1, 2], [1, 0, 3], [0, 0, 4], [1, 3, 5])]


@settings(max_examples=25, deadline=None)
@given(small_levels)
def test_every_voxel_is_counted_once(levels: Levels) -> None:
    voxels = np.count_nonzero(levels)
    zones = naive.glszm(levels)
    assert naive.gldm(levels).sum() == voxels
    assert naive.ngtdm(levels)[:, 0].sum() == voxels
    assert (zones.sum(axis=0) * range(1, zones.shape[1] + 1)).sum() == voxels
    for runs in naive.glrlm(levels):
        lengths = runs.sum(axis=0) * range(1, runs.shape[1] + 1)
        assert lengths.sum() == voxels or not runs.any()


@settings(max_examples=25, deadline=None)
@given(small_levels)
def test_the_box_around_the_region_does_not_matter(levels: Levels) -> None:
    padded = np.pad(levels, 1)
    longest = max(levels.shape)
    assert np.array_equal(naive.glcm(padded), naive.glcm(levels))
    assert np.array_equal(naive.glrlm(padded)[:, :, :longest], naive.glrlm(levels))
    assert np.array_equal(naive.glszm(padded), naive.glszm(levels))
    assert np.array_equal(naive.gldm(padded), naive.gldm(levels))
    assert naive.ngtdm_fractions(padded) == naive.ngtdm_fractions(levels)


# Levels, boxes and shape


@given(arrays(np.float64, 5, elements=st.floats(-3, 3)), st.sets(st.integers(-2, 2)))
def test_discretise_is_numpy_digitize(values: naive.Floats, edges: set[int]) -> None:
    ascending = np.array(sorted(edges), np.float64)
    values[0] = ascending[0] if edges else 0
    levels = naive.discretise(values, ascending)
    assert np.array_equal(levels, np.digitize(values, ascending))


def test_boxes_of_each_label() -> None:
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[0, 1, 2] = labels[2, 1, 4] = 7
    labels[1, 3, 0] = 2
    assert naive.boxes(labels) == {
        7: ((0, 1, 2), (3, 2, 5), 2),
        2: ((1, 3, 0), (2, 4, 1), 1),
    }


def test_diameters_of_one_voxel_are_its_sides() -> None:
    mask = np.ones((1, 1, 1), bool)
    assert naive.diameters(mask, (5.0, 3.0, 2.0)) == (3.0, 5.0, 5.0, 5.0)


def test_diameters_of_a_row_of_voxels() -> None:
    mask = np.ones((1, 1, 4), bool)
    across = math.hypot(9, 3)
    assert naive.diameters(mask, (1.0, 1.0, 1.0)) == (4.0, 4.0, 1.0, 4.0)
    assert naive.diameters(mask, (9.0, 1.0, 1.0)) == (4.0, across, 9.0, across)


def test_covariance_of_two_voxels() -> None:
    mask = np.array([[[1, 0]], [[0, 1]]])
    expected = [[4.0, 0, 6.0], [0, 0, 0], [6.0, 0, 9.0]]
    assert naive.covariance(mask, (4.0, 1.0, 6.0)).tolist() == expected


def test_axes_of_the_phantom() -> None:
    voxels = np.count_nonzero(PHANTOM)
    # The published lengths are those of the sample covariance; PyRadiomics takes the population's.
    sample = naive.covariance(PHANTOM, PHANTOM_SPACING) * voxels / (voxels - 1)
    lengths = [float(f"{4 * math.sqrt(value):.3g}") for value in np.linalg.eigvalsh(sample)]
    assert lengths == [8.54, 9.31, 11.4]


def test_largest_diameter_of_the_phantom() -> None:
    longest = naive.diameters(PHANTOM, PHANTOM_SPACING)[3]
    assert float(f"{longest:.3g}") == 13.1


# PyRadiomics


IN_3D = (False, 0)  # force2D and the dimension that it would leave out


@pytest.fixture
def c_matrices(radiomics: ModuleType) -> ModuleType:
    found: ModuleType = radiomics.cMatrices
    return found


def in_order(offsets: tuple[naive.Offset, ...], angles: Levels) -> list[int]:
    """Where PyRadiomics' angles stand in `offsets`.

    It leaves out those that are longer than the box, and keeps the order of the rest.
    """
    index = [offsets.index(tuple(angle)) for angle in angles.tolist()]
    assert index == sorted(index)
    return index


def assert_same_directions(ours: Levels, theirs: Levels, index: list[int]) -> None:
    assert np.array_equal(ours[index], np.moveaxis(theirs[0], -1, 0))
    assert not np.delete(ours, index, axis=0).any()


@volumes
@pytest.mark.parametrize("distance", [1, 2])
def test_glcm_is_that_of_pyradiomics(c_matrices: ModuleType, levels: Levels, distance: int) -> None:
    if max(levels.shape) <= distance:
        pytest.skip("PyRadiomics raises where no offset fits into the box")
    offsets = naive.directions(distance)
    theirs, angles = c_matrices.calculate_glcm(levels, levels > 0, np.array([distance]), levels.max(), *IN_3D)
    index = in_order(offsets, angles)
    assert_same_directions(naive.glcm(levels, offsets=offsets), theirs, index)


@volumes
def test_glrlm_is_that_of_pyradiomics(c_matrices: ModuleType, levels: Levels) -> None:
    theirs, angles = c_matrices.calculate_glrlm(levels, levels > 0, levels.max(), max(levels.shape), *IN_3D)
    index = in_order(naive.DIRECTIONS, angles)
    assert_same_directions(naive.glrlm(levels), theirs, index)


@volumes
def test_glszm_is_that_of_pyradiomics(c_matrices: ModuleType, levels: Levels) -> None:
    mask = levels > 0
    theirs = c_matrices.calculate_glszm(levels, mask, levels.max(), mask.sum(), *IN_3D)
    assert np.array_equal(naive.glszm(levels), theirs[0])


@volumes
@pytest.mark.parametrize("alpha, distance", [(0, 1), (1, 1), (2, 2)])
def test_gldm_is_that_of_pyradiomics(c_matrices: ModuleType, levels: Levels, alpha: int, distance: int) -> None:
    if max(levels.shape) <= distance:
        pytest.skip("PyRadiomics raises where no offset fits into the box")
    theirs = c_matrices.calculate_gldm(levels, levels > 0, np.array([distance]), levels.max(), alpha, *IN_3D)
    ours = naive.gldm(levels, alpha=alpha, offsets=naive.directions(distance))
    assert filled(ours) == filled(theirs[0])


@volumes
@pytest.mark.parametrize("distance", [1, 2])
def test_ngtdm_is_that_of_pyradiomics(c_matrices: ModuleType, levels: Levels, distance: int) -> None:
    if max(levels.shape) <= distance:
        pytest.skip("PyRadiomics raises where no offset fits into the box")
    theirs = c_matrices.calculate_ngtdm(levels, levels > 0, np.array([distance]), levels.max(), *IN_3D)
    ours = naive.ngtdm(levels, offsets=naive.directions(distance))
    np.testing.assert_allclose(ours, theirs[0], rtol=1e-13, atol=0)


@volumes
def test_diameters_are_those_of_pyradiomics(radiomics: ModuleType, levels: Levels) -> None:
    spacing = (3.0, 0.7, 1.3)
    padded = np.pad(levels > 0, 1)
    _, _, theirs = radiomics.cShape.calculate_coefficients(padded, np.array(spacing))
    np.testing.assert_allclose(naive.diameters(levels, spacing), theirs, rtol=1e-13)
