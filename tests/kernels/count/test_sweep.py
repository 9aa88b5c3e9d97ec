"""The sweep in strips: where strips end changes nothing, and planes of several strips count as the definition says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import naive
from kernel_cases import Volume, batch_of, dense, occurring, read_only, swept, volumes
from voxmill_kernels.count import sweep as sweep_module
from voxmill_kernels.count.offsets import directions
from voxmill_kernels.count.sweep import STRIP, Matrices, sweep
from voxmill_kernels.count.zones import SMALL_ZONE


def assert_same(one: Matrices, other: Matrices) -> None:
    for family in ("glcm", "gldm", "ngtdm", "glrlm"):
        np.testing.assert_array_equal(getattr(one, family), getattr(other, family))
    for part in ("level", "size", "count"):
        np.testing.assert_array_equal(getattr(one.glszm, part), getattr(other.glszm, part))


def assert_equals_definition(volume: Volume) -> None:
    ours = swept(volume)
    glcm = occurring(volume, occurring(volume, naive.glcm(volume), axis=1), axis=2)
    np.testing.assert_array_equal(ours.glcm, glcm)
    np.testing.assert_array_equal(ours.gldm, occurring(volume, naive.gldm(volume)))
    np.testing.assert_array_equal(ours.glrlm, occurring(volume, naive.glrlm(volume), axis=1))
    glszm = occurring(volume, naive.glszm(volume))
    np.testing.assert_array_equal(dense(ours.glszm, len(glszm))[0], glszm)
    assert_ngtdm_equals_definition(volume, ours.ngtdm)


def assert_ngtdm_equals_definition(volume: Volume, differences: NDArray[np.int64]) -> None:
    expected = occurring(volume, naive.ngtdm(volume))[:, 1]
    divided = (differences[:, 1:] / np.arange(1, differences.shape[1])).sum(axis=1)
    np.testing.assert_allclose(divided, expected, rtol=1e-12)


def drawn_plane(shape: tuple[int, int, int], seed: int) -> Volume:
    """Levels in patches, with holes."""
    generator = np.random.default_rng(seed)
    coarse = generator.choice([0, 1, 1, 2, 5], [-(-side // 3) for side in shape])
    fine = np.kron(coarse, np.ones((3, 3, 3), dtype=np.int64))[: shape[0], : shape[1], : shape[2]]
    fine[generator.random(shape) < 0.2] = 2
    return fine


@given(volume=volumes(), strip=st.integers(1, 60))
def test_where_strips_end_does_not_matter(volume: Volume, strip: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_module, "STRIP", strip)
        in_strips = swept(volume)
    assert_same(in_strips, swept(volume))


@pytest.mark.parametrize("shape", [(2, 70, 75), (1, 2, STRIP + 100)])
def test_planes_and_rows_larger_than_a_strip(shape: tuple[int, int, int]) -> None:
    assert_equals_definition(read_only(drawn_plane(shape, 1)))


def test_strips_without_any_voxel_of_the_region() -> None:
    volume = np.zeros((2, 200, 70), dtype=np.int64)
    volume[:, :10, 3:20] = drawn_plane((2, 10, 17), 2)
    volume[1, -4:, -30:] = drawn_plane((1, 4, 30), 3)[0]
    assert_equals_definition(read_only(volume))


def test_zones_around_the_size_from_which_they_are_listed() -> None:
    volume = np.zeros((1, 12, SMALL_ZONE + 10), dtype=np.int64)
    for row, length in enumerate([SMALL_ZONE - 1, SMALL_ZONE, SMALL_ZONE, SMALL_ZONE + 1, 3]):
        volume[0, 2 * row, :length] = 1 + row % 2
    assert_equals_definition(read_only(volume))


@pytest.mark.parametrize("alpha", [0, 1, 70_000])
def test_large_level_numbers(alpha: int) -> None:
    """Sums of neighbours, and differences, that no uint16 holds."""
    volume = read_only(np.random.default_rng(4).choice([0, 1, 40_000, 65_534, 65_535], (4, 4, 5)))
    ours = swept(volume, alpha=alpha)
    np.testing.assert_array_equal(ours.gldm, occurring(volume, naive.gldm(volume, alpha=alpha)))
    assert_ngtdm_equals_definition(volume, ours.ngtdm)


def test_offsets_beyond_the_border_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets of up to 2 voxels lead out of a border of 1"):
        sweep(batch_of(read_only(np.ones((2, 2, 2), dtype=np.int64))), directions(2))
