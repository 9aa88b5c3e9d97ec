"""Components equal those of the definition, and those of SimpleITK."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive
from kernel_cases import masks, read_only
from voxmill_kernels.mask.components import component_at, components
from voxmill_kernels.types import Array, Bools

CONNECTIVITIES = (6, 18, 26)


@st.composite
def sparse(draw: st.DrawFn) -> Bools:
    """Regions that fall apart into many components."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    seed, density = draw(st.integers(0, 10_000)), draw(st.sampled_from([0.1, 0.3, 0.5]))
    return read_only(np.random.default_rng(seed).random(shape) < density)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@given(inside=masks() | sparse())
def test_components_are_those_of_the_definition(connectivity: int, inside: Bools) -> None:
    found = components(inside, connectivity=connectivity)
    expected = naive.components(inside, connectivity)
    assert [(one.voxels, one.first) for one in found] == [(len(members), members[0]) for members in expected]
    for one, members in zip(found, expected, strict=True):
        alone = np.zeros(inside.shape, dtype=np.uint8)
        alone[tuple(np.transpose(members))] = 1
        assert naive.boxes(alone) == {1: (one.start, one.stop, one.voxels)}
        np.testing.assert_array_equal(component_at(inside, one.first, connectivity=connectivity), alone)
        np.testing.assert_array_equal(component_at(inside, members[-1], connectivity=connectivity), alone)


@given(inside=sparse())
def test_a_component_is_whole_in_its_own_box(inside: Bools) -> None:
    for one in components(inside):
        box = tuple(slice(*ends) for ends in zip(one.start, one.stop, strict=True))
        first = tuple(at - start for at, start in zip(one.first, one.start, strict=True))
        drawn = component_at(inside[box], (first[0], first[1], first[2]))
        np.testing.assert_array_equal(drawn, component_at(inside, one.first)[box])


@pytest.mark.parametrize("connectivity", [6, 26])
@pytest.mark.parametrize("density", [0.05, 0.2, 0.3, 0.6])
def test_simpleitk_finds_as_many_of_the_same_size(connectivity: int, density: float) -> None:
    inside = read_only(np.random.default_rng(3).random((30, 31, 33)) < density)
    image = sitk.GetImageFromArray(inside.astype(np.uint8))
    labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(image, connectivity == 26))
    sizes = sorted(np.bincount(labels.ravel())[1:].tolist(), reverse=True)
    assert [one.voxels for one in components(inside, connectivity=connectivity)] == sizes


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.uint16, np.int64])
def test_any_type_of_whole_numbers(dtype: DTypeLike) -> None:
    inside: Array = np.zeros((2, 3, 4), dtype=dtype)
    inside[0, 0, :2] = inside[1, 2, 3] = 1
    (large, small) = components(read_only(inside))
    assert large == ((0, 0, 0), (1, 1, 2), 2, (0, 0, 0))
    assert small == ((1, 2, 3), (2, 3, 4), 1, (1, 2, 3))


def test_the_end_of_a_row_does_not_touch_the_start_of_the_next() -> None:
    inside = np.zeros((1, 2, 5), dtype=np.uint8)
    inside[0, 0, 4] = inside[0, 1, 0] = 1
    assert len(components(read_only(inside))) == 2


def test_a_view_of_a_volume() -> None:
    labels = (np.arange(6 * 7 * 8).reshape(6, 7, 8) % 5 == 0).astype(np.uint8)
    view = read_only(labels[::2, 1:, ::-1])
    assert components(view) == components(np.ascontiguousarray(view))


def test_nothing_has_no_components() -> None:
    assert components(read_only(np.zeros((2, 3, 4), dtype=np.uint8))) == []


def test_outside_there_is_no_component() -> None:
    with pytest.raises(ValueError, match=r"the voxel \(0, 0, 1\) lies outside of the region"):
        component_at(read_only(np.eye(2, dtype=np.uint8)[np.newaxis]), (0, 0, 1))
