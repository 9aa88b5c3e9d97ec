"""Points of an icosphere and harmonics on it equal their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive_lbp
from voxmill_kernels.image.sphere import harmonics, icosphere


@pytest.mark.parametrize("subdivision, count", [(0, 12), (1, 42), (2, 162), (3, 642)])
@pytest.mark.parametrize("radius", [1.0, 2.7])
def test_points(subdivision: int, count: int, radius: float) -> None:
    found = icosphere(subdivision, radius)
    assert found.shape == (count, 3)
    expected = np.array(list(naive_lbp.icosphere(subdivision, radius)))
    assert len(expected) == count
    distances = np.linalg.norm(found[:, None] - expected, axis=2)
    assert distances.min(axis=1).max() < 1e-14 * radius
    assert len(set(distances.argmin(axis=1).tolist())) == count


def test_points_of_an_axis_lie_on_it() -> None:
    """Their samples are voxels themselves, inside of an image also where the voxel beside them is its last one."""
    points = icosphere(1, 1.0)
    assert sorted(points[np.abs(points).max(axis=1) == 1].tolist()) == [
        [-1, 0, 0],
        [0, -1, 0],
        [0, 0, -1],
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
    ]


@given(st.integers(0, 2), st.floats(0.1, 20), st.integers(0, 8))
def test_kernels_of_levels(subdivision: int, radius: float, level: int) -> None:
    points = icosphere(subdivision, radius)
    parts, signs = harmonics(points, level)
    azimuth, polar = np.arccos(np.clip(points[:, 2] / radius, -1, 1)), np.arctan2(points[:, 1], points[:, 0])
    expected = np.zeros((len(points), len(points)), dtype=complex)
    for m in range(-level, level + 1):
        angles = zip(azimuth.tolist(), polar.tolist(), strict=True)
        values = np.array([naive_lbp.harmonic(m, level, *angle) for angle in angles])
        expected += np.outer(values, values)
    np.testing.assert_allclose((parts * signs) @ parts.T, expected, rtol=0, atol=1e-10)
