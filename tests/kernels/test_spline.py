"""Spline coefficients of a window equal those that SimpleITK finds in the whole image, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_resampling
from itk_resampling import TYPES, decompose, noise, patches, windows
from kernel_cases import read_only
from voxmill_kernels.image.box import Box, BoxTooSmallError, whole
from voxmill_kernels.image.recursion import HORIZON
from voxmill_kernels.image.spline import HALO, SCIPY, _begin_between, _begin_whole, coefficients, scipy_coefficients
from voxmill_kernels.types import Array

CYCLES = -39987
"""Voxels of this value bring ITK's recursion into a cycle of two numbers."""


def assert_equal_in_window(image: Array, start: tuple[int, int, int], stop: tuple[int, int, int]) -> None:
    window = tuple(slice(*ends) for ends in zip(start, stop, strict=True))
    np.testing.assert_array_equal(coefficients(whole(image), start, stop), decompose(image)[window], strict=True)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 9), (2, 3, 4), (17, 18, 19), (1, 40, 30), (33, 1, 34), (70, 65, 90)]
)
def test_whole_images(shape: tuple[int, int, int], dtype: DTypeLike) -> None:
    assert_equal_in_window(noise(shape, dtype), (0, 0, 0), shape)


@pytest.mark.parametrize("size", range(1, 2 * HORIZON))
def test_lines_of_every_length_around_the_horizon(size: int) -> None:
    for shape in [(size, 3, 2), (2, size, 3), (3, 2, size)]:
        assert_equal_in_window(noise(shape, np.float64), (0, 0, 0), shape)


@settings(max_examples=30)
@given(st.data())
def test_definition(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 12)] * 3))
    image = noise(shape, np.float64, data.draw(st.integers(0, 1000)))
    start, stop = data.draw(windows(shape))
    expected = naive_resampling.spline_coefficients(image)[tuple(slice(*e) for e in zip(start, stop, strict=True))]
    np.testing.assert_allclose(coefficients(whole(image), start, stop), expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=25)
@given(st.data())
def test_windows(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(150, 13, 140), (20, 160, 130), (130, 110, 10)]))
    seed = data.draw(st.integers(0, 1000))
    image = data.draw(st.sampled_from([patches(shape, seed), *(noise(shape, dtype, seed) for dtype in TYPES)]))
    assert_equal_in_window(image, *data.draw(windows(shape)))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("value", [0, CYCLES])
@pytest.mark.parametrize("side", [1, -1])
def test_beside_many_voxels_of_one_value(axis: int, value: int, side: int) -> None:
    shape = [9, 8, 7]
    shape[axis] = 400
    image = np.array(noise(tuple(shape), np.float32))
    start, stop = [2, 2, 2], [6, 6, 6]
    for first in (200, 201):
        start[axis], stop[axis] = first, first + 3
        flat = np.moveaxis(image.copy(), axis, 0)
        flat[first - 190 : first + 190][::side][20:] = value
        assert_equal_in_window(
            read_only(np.moveaxis(flat, 0, axis)), (start[0], start[1], start[2]), (stop[0], stop[1], stop[2])
        )


def test_an_image_of_one_value_needs_more_than_the_halo() -> None:
    image = read_only(np.full((3, 4, 201), CYCLES, dtype=np.int32))
    for first in (99, 100):
        assert_equal_in_window(image, (0, 0, first), (3, 4, first + 2))


def test_larger_values_far_outside() -> None:
    image = np.array(noise((1, 2, 300), np.float64)) / 1000
    image[..., :90] *= 1e5
    assert_equal_in_window(read_only(image), (0, 0, 150), (1, 2, 160))


@given(data=st.data())
def test_a_box_is_enough_or_too_small(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(150, 9, 140), (8, 160, 130)]))
    seed = data.draw(st.integers(0, 1000))
    image = data.draw(st.sampled_from([noise(shape, np.int16, seed), patches(shape, seed)]))
    start, stop = data.draw(windows(shape))
    halo = data.draw(st.sampled_from([0, 1, 20, 30, 34, 38, HALO]))
    outer = [(max(0, a - halo), min(b + halo, n)) for a, b, n in zip(start, stop, shape, strict=True)]
    box = Box(image[tuple(slice(*ends) for ends in outer)], (outer[0][0], outer[1][0], outer[2][0]), shape)
    try:
        found = coefficients(box, start, stop)
    except BoxTooSmallError:
        return
    np.testing.assert_array_equal(found, coefficients(whole(image), start, stop))


@pytest.mark.parametrize("image, halo, enough", [("noise", HALO, True), ("noise", 24, False), ("flat", 90, False)])
def test_which_boxes_are_too_small(image: str, halo: int, enough: bool) -> None:  # noqa: FBT001
    shape = (2, 3, 300)
    voxels = noise(shape, np.int16) if image == "noise" else read_only(np.full(shape, CYCLES, dtype=np.int32))
    box = Box(voxels[..., 150 - halo : 160 + halo], (0, 0, 150 - halo), shape)
    if enough:
        found = coefficients(box, (0, 0, 150), (2, 3, 160))
        np.testing.assert_array_equal(found, decompose(voxels)[..., 150:160])
    else:
        with pytest.raises(BoxTooSmallError, match=f"a box from {150 - halo} to before {160 + halo} leaves open"):
            coefficients(box, (0, 0, 150), (2, 3, 160))


@settings(max_examples=30)
@given(st.data())
def test_definition_by_scipy(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 12)] * 3))
    image = noise(shape, np.float64, data.draw(st.integers(0, 1000)))
    start, stop = data.draw(windows(shape))
    expected = naive_resampling.spline_coefficients(image)[tuple(slice(*e) for e in zip(start, stop, strict=True))]
    np.testing.assert_allclose(scipy_coefficients(whole(image), start, stop), expected, rtol=1e-9, atol=1e-9)


@given(data=st.data())
def test_a_box_is_enough_or_too_small_by_scipy(data: st.DataObject) -> None:
    """Also where lines begin with zeros: what follows them bears on their beginning, however far away."""
    shape = data.draw(st.sampled_from([(150, 9, 140), (8, 160, 130)]))
    seed = data.draw(st.integers(0, 1000))
    image = np.array(data.draw(st.sampled_from([noise(shape, np.float64, seed), patches(shape, seed)])))
    image[tuple(slice(data.draw(st.integers(0, 60))) for _ in shape)] = 0
    start, stop = data.draw(windows(shape))
    halo = data.draw(st.sampled_from([0, 20, 34, 38, HALO]))
    outer = [(max(0, a - halo), min(b + halo, n)) for a, b, n in zip(start, stop, shape, strict=True)]
    box = Box(image[tuple(slice(*ends) for ends in outer)], (outer[0][0], outer[1][0], outer[2][0]), shape)
    try:
        found = scipy_coefficients(box, start, stop)
    except BoxTooSmallError:
        return
    np.testing.assert_array_equal(found, scipy_coefficients(whole(image), start, stop))


@pytest.mark.parametrize("zeros, enough", [(0, True), (20, True), (70, False)])
def test_how_lines_begin_by_scipy(zeros: int, enough: bool) -> None:  # noqa: FBT001
    voxels = np.array(noise((2, 3, 300), np.float64))
    voxels[..., :zeros] = 0
    box = Box(read_only(voxels[..., : 10 + HALO].copy()), (0, 0, 0), (2, 3, 300))
    if enough:
        found = scipy_coefficients(box, (0, 0, 0), (2, 3, 10))
        np.testing.assert_array_equal(found, scipy_coefficients(whole(voxels), (0, 0, 0), (2, 3, 10)))
    else:
        with pytest.raises(BoxTooSmallError, match="a box from 0 to before 58 leaves open what is around 0 to 10"):
            scipy_coefficients(box, (0, 0, 0), (2, 3, 10))


@given(st.integers(0, 1000), st.integers(2, 30), st.integers(0, 20), st.integers(0, 5))
def test_a_beginning_lies_between_its_bounds(seed: int, held: int, beyond: int, zeros: int) -> None:
    """As seen from so many voxels of a line, of any that follow."""
    lines = np.array(noise((held + beyond, 9), np.float64, seed))
    lines[:zeros] = 0
    bound, first, part, least = 8.3 * np.abs(lines).max(), lines.copy(), lines[:held].copy(), np.empty(9)
    _begin_whole(first, (0, 9), SCIPY.pole)
    _begin_between(part, (0, 9), least, bound, SCIPY.pole, held + beyond)
    assert (least <= first[0]).all()
    assert (first[0] <= part[0]).all()
    assert (part[0] - least <= 20 * bound * abs(SCIPY.pole) ** held).all()


def test_an_empty_window() -> None:
    assert coefficients(whole(noise((3, 4, 5), np.int16)), (1, 2, 2), (2, 2, 4)).shape == (1, 0, 2)
