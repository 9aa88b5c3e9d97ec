"""Area and volume of the mesh: against PyRadiomics, by hand, and under what must not change them."""

from itertools import permutations
from types import ModuleType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel_cases import masks, padded
from voxmill_kernels.shape.cubes import surface_vectors
from voxmill_kernels.shape.mesh import area_and_volume
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Bools, Spacing

SPACING = (2.1, 0.7, 1.3)


def mesh(inside: Bools, spacing: Spacing = SPACING) -> tuple[float, float]:
    extent = scan(padded(inside))
    return area_and_volume(extent.codes, extent.places, spacing)


@given(inside=masks())
def test_area_and_volume_are_pyradiomics(radiomics: ModuleType, inside: Bools) -> None:
    area, volume, _ = radiomics.cShape.calculate_coefficients(np.pad(inside, 1), np.array(SPACING))
    assert mesh(inside) == pytest.approx((area, volume), rel=1e-12, abs=1e-12)


def test_one_voxel_is_an_octahedron() -> None:
    area, volume = mesh(np.ones((1, 1, 1), dtype=bool), (1.0, 1.0, 1.0))
    assert area == pytest.approx(np.sqrt(3), rel=1e-15)
    assert volume == pytest.approx(1 / 6, rel=1e-15)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 3), (2, 2, 2), (5, 3, 4)])
def test_volume_of_a_box_is_that_of_its_voxels_less_cut_edges(shape: tuple[int, int, int]) -> None:
    """Each edge is cut by a prism of an eighth of a voxel per step; a corner keeps a twenty-fourth of its eighth."""
    z, y, x = shape
    steps = 4 * ((z - 1) + (y - 1) + (x - 1))
    expected = z * y * x - steps / 8 - 8 * (1 / 8 - 1 / 48)
    assert mesh(np.ones(shape, dtype=bool), (1.0, 1.0, 1.0))[1] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 3), (2, 2, 2), (5, 3, 4)])
def test_area_of_a_box(shape: tuple[int, int, int]) -> None:
    """Faces of what lies between voxel centres, a slope along each edge, a triangle at each corner."""
    z, y, x = (n - 1 for n in shape)
    expected = 2 * (z * y + z * x + y * x) + 4 * (z + y + x) * np.sqrt(0.5) + 8 * np.sqrt(3) / 8
    assert mesh(np.ones(shape, dtype=bool), (1.0, 1.0, 1.0))[0] == pytest.approx(expected, rel=1e-14)


def has_gaps(inside: Bools) -> bool:
    """Whether the vectors of all triangles do not add up to nothing, as those of a closed surface do."""
    codes, crosses, _ = surface_vectors()
    counts = scan(padded(inside)).codes
    return bool((counts[codes][:, np.newaxis] * crosses).sum(axis=0).any())


moves = {"before": st.tuples(*[st.integers(0, 3)] * 3), "after": st.integers(0, 2)}


@given(inside=masks(max_side=4), **moves)
def test_moving_a_region_changes_no_area(inside: Bools, before: tuple[int, int, int], after: int) -> None:
    moved = np.pad(inside, [(n, after) for n in before])
    assert mesh(moved)[0] == mesh(inside)[0]


@given(inside=masks(max_side=3), **moves)
def test_moving_a_region_changes_no_volume(inside: Bools, before: tuple[int, int, int], after: int) -> None:
    """Not promised where the mesh has gaps, which is PyRadiomics' way; the last step rounds."""
    assume(not has_gaps(inside))
    moved = np.pad(inside, [(n, after) for n in before])
    assert mesh(moved)[1] == pytest.approx(mesh(inside)[1], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_swapping_axes_of_a_box_swaps_nothing(order: tuple[int, int, int]) -> None:
    inside = np.ones((2, 3, 5), dtype=bool)
    z, y, x = (SPACING[axis] for axis in order)
    assert mesh(inside.transpose(order).copy(), (z, y, x)) == pytest.approx(mesh(inside), rel=1e-13)


@given(inside=masks(max_side=4), factor=st.sampled_from([0.5, 2.0, 8.0]))
def test_scaling_scales(inside: Bools, factor: float) -> None:
    z, y, x = SPACING
    area, volume = mesh(inside)
    scaled = mesh(inside, (z * factor, y * factor, x * factor))
    assert scaled == pytest.approx((area * factor**2, volume * factor**3), rel=1e-14)


def test_two_regions_apart_add_up() -> None:
    one, other = np.ones((2, 3, 1), dtype=bool), np.ones((1, 2, 4), dtype=bool)
    both = np.zeros((2, 3, 8), dtype=bool)
    both[:, :, :1] = one
    both[:1, :2, 4:] = other
    assert mesh(both) == pytest.approx(np.add(mesh(one), mesh(other)), rel=1e-13)


def test_a_hole_takes_its_volume_away() -> None:
    block = np.ones((5, 5, 5), dtype=bool)
    hollow = block.copy()
    hollow[2, 2, 2] = False
    area, volume = mesh(block)
    hollow_area, hollow_volume = mesh(hollow)
    hole_area, hole_volume = mesh(np.ones((1, 1, 1), dtype=bool))
    assert (hollow_area, hollow_volume) == pytest.approx((area + hole_area, volume - hole_volume), rel=1e-13)
