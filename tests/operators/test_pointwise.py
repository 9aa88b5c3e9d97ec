"""Square, square root, logarithm, exponential: the definition, in every window; what cannot be scaled is refused."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import naive_images
import voxmill as vm
from image_cases import assert_a_window_is_that_of_the_whole, volumes, whole, windows
from voxmill.execute import derive
from voxmill.operators.pointwise import Exponential, Logarithm, Pointwise, Square, SquareRoot
from voxmill_kernels.types import Floats

ALL: Mapping[Pointwise, Callable[[Floats], Floats]] = {
    Square(): naive_images.square,
    SquareRoot(): naive_images.square_root,
    Logarithm(): naive_images.logarithm,
    Exponential(): naive_images.exponential,
}
operators = pytest.mark.parametrize("operator", ALL, ids=repr)


def filled(*voxels: float) -> vm.Volume:
    return vm.Volume(np.array(voxels).reshape(1, 1, -1), spacing=(1, 1, 1))


@operators
@given(source=volumes(), data=st.data())
def test_a_window_is_that_window_of_the_whole(operator: Pointwise, source: vm.Volume, data: st.DataObject) -> None:
    assume(source.array.any())
    assert_a_window_is_that_of_the_whole(source, [operator], data.draw(windows(source.grid.shape)))


@operators
@settings(max_examples=30)
@given(source=volumes(st.integers(1, 6)))
def test_as_defined(operator: Pointwise, source: vm.Volume) -> None:
    assume(source.array.any())
    found = whole(source, [operator])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, ALL[operator](source.array), rtol=1e-13)


@operators
def test_the_whole_image_says_how_to_scale(operator: Pointwise) -> None:
    """Its largest absolute intensity, here of a negative one, wherever that lies."""
    near, far = filled(1, 2, 3, -50), filled(1, 2, 3, -7)
    window = vm.Window((0, 0, 0), (1, 1, 3))
    assert (derive(near, operator).read(window) != derive(far, operator).read(window)).all()


@operators
def test_nothing_given_is_written_to(operator: Pointwise) -> None:
    source = filled(1, 2, -3)
    whole(source, [operator])
    assert source.array.tolist() == [[[1, 2, -3]]]


@pytest.mark.parametrize("operator", [Square(), Logarithm(), Exponential()], ids=repr)
def test_an_image_of_zeros_is_refused(operator: Pointwise) -> None:
    with pytest.raises(vm.InputError, match="largest absolute intensity is 0"):
        derive(filled(0, 0), operator)


def test_the_square_root_of_zeros_is_zero() -> None:
    assert whole(filled(0, 0), [SquareRoot()]).tolist() == [[[0, 0]]]


def test_the_exponential_of_ones_is_one() -> None:
    assert whole(filled(1, 0, -1), [Exponential()]).tolist() == [[[1, 1, 1]]]


@operators
@pytest.mark.parametrize("voxel", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(operator: Pointwise, voxel: float) -> None:
    with pytest.raises(vm.InputError, match="NaN or infinite"):
        derive(filled(1, voxel), operator)


@pytest.mark.parametrize("operator, voxel", [(SquareRoot(), 1e200), (Logarithm(), 1e-20), (Exponential(), 1e-320)])
def test_what_is_too_large_or_too_small_is_refused(operator: Pointwise, voxel: float) -> None:
    with pytest.raises(vm.InputError, match="cannot be scaled by"):
        derive(filled(voxel, 0), operator)
