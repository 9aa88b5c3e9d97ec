"""The samplers equal their definition, and ITK's values bit for bit; casts equal ITK's."""

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_resampling
from itk_resampling import TYPES, noise
from kernel_cases import read_only
from voxmill_kernels.image.box import Box, whole
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.image.sample import _neighbours, cubic, linear, nearest, to_type
from voxmill_kernels.image.spline import coefficients
from voxmill_kernels.types import Array, Floats

METHODS = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "cubic": sitk.sitkBSpline}


def sample(image: Array, method: str, lines: Lines) -> Array:
    if method == "cubic":
        return cubic(whole(coefficients(whole(image), (0, 0, 0), whole(image).shape)), lines)
    return (linear if method == "linear" else nearest)(whole(image), lines)


def positions(lines: Lines) -> Floats:
    """Of all voxels: (lines, width, 3)."""
    share = (lines.first + np.arange(lines.width)) / lines.length
    return np.asarray(lines.starts[:, None] + share[:, None] * lines.steps[:, None])


@st.composite
def some_lines(draw: st.DrawFn, shape: tuple[int, ...]) -> Lines:
    """Lines straight and oblique, in, across and outside of an image, often on voxels and half between them."""
    number = draw(st.integers(1, 4))
    on_grid = st.integers(-2, 2 * max(shape) + 1).map(lambda half: half / 2)
    places = st.one_of(on_grid, st.floats(-2.0, max(shape) + 1.0))
    ways = st.one_of(st.just(0.0), st.integers(-12, 12).map(float), st.floats(-9.0, 9.0))
    starts = [[draw(places) for _ in shape] for _ in range(number)]
    steps = [[draw(ways) for _ in shape] for _ in range(number)]
    first, width = draw(st.integers(0, 3)), draw(st.integers(1, 9))
    length = first + width + draw(st.integers(0, 2))
    return Lines(read_only(np.array(starts)), read_only(np.array(steps)), length, first, width)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_definition(method: str, data: st.DataObject) -> None:
    image = noise(data.draw(st.tuples(*[st.integers(1, 7)] * 3)), np.int16, data.draw(st.integers(0, 1000)))
    lines = data.draw(some_lines(image.shape))
    source = naive_resampling.spline_coefficients(image) if method == "cubic" else image
    for found, at in zip(sample(image, method, lines).ravel(), positions(lines).reshape(-1, 3).tolist(), strict=True):
        is_inside = naive_resampling.inside(image.shape, tuple(at))
        expected = getattr(naive_resampling, method)(source, tuple(at)) if is_inside else 0
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=50)
@given(data=st.data())
def test_itk_at_the_same_positions(method: str, data: st.DataObject) -> None:
    sides = st.sampled_from([1, 3, 4, 5, 9])  # 2: cubic in ITK reads outside of its memory
    image = noise(
        data.draw(st.tuples(*[sides] * 3)), data.draw(st.sampled_from(TYPES)), data.draw(st.integers(0, 1000))
    )
    lines = data.draw(some_lines(image.shape))
    itk = sitk.GetImageFromArray(image)
    for found, at in zip(sample(image, method, lines).ravel(), positions(lines).reshape(-1, 3).tolist(), strict=True):
        is_inside = naive_resampling.inside(image.shape, tuple(at))
        assert found == (itk.EvaluateAtContinuousIndex(at[::-1], METHODS[method]) if is_inside else 0)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_a_part_of_the_lines_from_a_box(method: str, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    image, lines = noise(shape, np.int16, data.draw(st.integers(0, 1000))), data.draw(some_lines(shape))
    source = coefficients(whole(image), (0, 0, 0), shape) if method == "cubic" else image
    samplers: dict[str, Callable[[Box, Lines], Array]] = {"nearest": nearest, "linear": linear, "cubic": cubic}
    sampler = samplers[method]
    at = positions(lines).reshape(-1, 3)
    start = np.clip(np.floor(at.min(axis=0)) - 3, 0, shape).astype(int)
    stop = np.clip(np.ceil(at.max(axis=0)) + 4, start, shape).astype(int)
    box = source[tuple(slice(*ends) for ends in zip(start, stop, strict=True))]
    part = Box(box, (int(start[0]), int(start[1]), int(start[2])), shape)
    np.testing.assert_array_equal(sampler(part, lines), sampler(whole(source), lines), strict=True)


def test_ties_go_up_and_what_rounds_to_them() -> None:
    image = read_only(np.arange(1, 7, dtype=np.int16).reshape(1, 1, 6))
    places = [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, np.nextafter(0.5, 0), np.nextafter(2.5, 0), np.nextafter(4.5, 5)]
    starts = read_only(np.array([[0, 0, at] for at in places]))
    found = nearest(whole(image), Lines(starts, read_only(np.zeros_like(starts)), 1, 0, 1)).ravel().tolist()
    itk = sitk.GetImageFromArray(image)
    assert found == [1, 2, 3, 4, 5, 6, 2, 3, 6]
    assert found == [itk.EvaluateAtContinuousIndex((at, 0, 0), sitk.sitkNearestNeighbor) for at in places]


def test_the_image_ends_half_a_voxel_around_its_voxels() -> None:
    image = read_only(np.arange(1, 4, dtype=np.int16).reshape(1, 1, 3))
    for places, expected in [((np.nextafter(-0.5, -1), 2.5), 0), ((-0.5, np.nextafter(2.5, 0)), 1)]:
        starts = read_only(np.array([[0, 0, at] for at in places]))
        lines = Lines(starts, read_only(np.zeros_like(starts)), 1, 0, 1)
        for method in METHODS:
            assert (sample(image, method, lines) != 0).ravel().tolist() == [expected, expected]


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.uint32, np.int64, np.float32, np.float64])
def test_nearest_keeps_the_type(dtype: DTypeLike) -> None:
    image = noise((1, 1, 6), np.float64).astype(dtype)
    starts, steps = np.zeros((1, 3)), np.array([[0.0, 0.0, 6.0]])
    np.testing.assert_array_equal(nearest(whole(image), Lines(starts, steps, 6, 0, 6)), image[0], strict=True)


def test_an_infinite_voxel_says_nothing_at_its_neighbours() -> None:
    image = read_only(np.array([1.0, np.inf, 2.0]).reshape(1, 1, 3))
    lines = Lines(np.zeros((1, 3)), np.array([[0.0, 0.0, 3.0]]), 3, 0, 3)
    np.testing.assert_array_equal(linear(whole(image), lines), image[0])


@pytest.mark.parametrize("sampler", [nearest, linear, cubic])
def test_all_outside(sampler: Callable[[Box, Lines], Array]) -> None:
    box = Box(np.empty((0, 3, 3)), (0, 0, 0), (3, 3, 3))
    lines = Lines(np.full((2, 3), 9.0), np.ones((2, 3)), 4, 0, 4)
    np.testing.assert_array_equal(sampler(box, lines), np.zeros((2, 4)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64, np.float32, np.float64])
def test_casts_are_those_of_itk(dtype: DTypeLike) -> None:
    limits = [-3e38, -5e9, -2147483649.0, -32769.5, -128.7, 255.6, 32767.9, 65535.2, 2147483647.6, 1e19, 4e38, 1e300]
    values = read_only(np.array([-1.7, -0.9, -0.5, 0.0, 0.5, 0.99, 1.0, 1.7, 254.99999, *limits]))
    image = sitk.GetImageFromArray(values.reshape(1, 1, -1))
    pixel = sitk.GetImageFromArray(np.zeros((1, 1, 1), dtype)).GetPixelID()
    expected = sitk.GetArrayFromImage(sitk.Resample(image, image, sitk.Transform(), sitk.sitkLinear, 0.0, pixel))
    np.testing.assert_array_equal(to_type(values, dtype), expected.ravel(), strict=True)


def test_positions_outside_of_the_image_read_nothing() -> None:
    """Of a box that begins within the image, too, beside positions inside."""
    image = np.arange(1000.0).reshape(10, 10, 10)
    box = Box(read_only(image[6:, 6:, 6:].copy()), (6, 6, 6), image.shape)
    starts, steps = np.array([[8.0, 8.0, 8.0]]), np.array([[0.0, 0.0, 8.0]])
    values = cubic(box, Lines(starts, steps, 8, 0, 8))
    assert values[0, 2:].tolist() == [0.0] * 6
    assert (values[0, :2] != 0).all()


@given(st.lists(st.floats(-3.0, 12.0), min_size=1, max_size=9), st.integers(0, 5), st.integers(3, 9))
def test_positions_outside_of_the_image_read_inside_of_the_box(at: list[float], start: int, side: int) -> None:
    positions, size = np.array(at), start + side
    inside = (positions >= max(start + 1, -0.5)) & (positions < size - 0.5)
    weights, places = np.empty((4, len(at))), np.full((4, len(at)), 99, dtype=np.uint64)
    _neighbours(positions, inside, (start, size, 1), weights, places)
    assert places.max() < side
