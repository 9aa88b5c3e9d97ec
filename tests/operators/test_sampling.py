"""Images sampled from grid to grid equal those that SimpleITK resamples, bit for bit, in every window of the target."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from itk_resampling import INTERPOLATORS, TYPES, itk_image, noise, patches, resample, windows
from kernel_cases import read_only
from voxmill.grid import Grid, Window
from voxmill.operators.sampling import Sampling
from voxmill_kernels.image.box import Box, whole
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.image.sample import cubic, linear, nearest, to_type
from voxmill_kernels.image.spline import coefficients
from voxmill_kernels.types import Array, Floats

HALO = {"nearest": 0, "linear": 1, "cubic": 2}
PERMUTED = np.array([[0.0, 0, 1], [-1, 0, 0], [0, 1, 0]])
Spacings = tuple[tuple[float, float, float], tuple[float, float, float]]
SPACINGS: list[Spacings] = [
    ((1, 1, 1), (3, 3, 3)),
    ((1, 1, 3), (1, 1, 1)),
    ((0.5, 0.5, 3), (1, 1, 1)),
    ((0.7, 0.8, 2.5), (1, 1.1, 2)),
    ((2, 2, 2), (0.9, 0.9, 0.9)),
]


def rotation(x: float, y: float, z: float) -> Floats:
    turned = np.eye(3)
    for angle, (a, b) in zip((x, y, z), [(1, 2), (0, 2), (0, 1)], strict=True):
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        turned = turned @ turn
    return np.asarray(turned)


OBLIQUE = rotation(0.2, -0.3, 0.15)


def sampled(image: Array, sampling: Sampling, window: Window, method: str) -> Array:
    """What our kernels find in a window of the target."""
    lines = Lines(*sampling.lines(window), sampling.target.shape[2], window.start[2], window.shape[2])
    needed = sampling.window(window, HALO[method])
    if method == "cubic":
        box = Box(coefficients(whole(image), needed.start, needed.stop), needed.start, sampling.source.shape)
        values: Array = cubic(box, lines, flat=sampling.source.dimensions == 2)
    else:
        box = Box(image[needed.slices], needed.start, sampling.source.shape)
        values = (linear if method == "linear" else nearest)(box, lines)
    return values.reshape(window.shape)


def assert_equal_to_itk(image: Array, sampling: Sampling, window: Window, method: str) -> None:
    itk = itk_image(image, sampling.source)
    exact = resample(itk, sampling.target, method, sitk.sitkFloat64)[window.slices]
    cast = resample(itk, sampling.target, method, itk.GetPixelID())[window.slices]
    found = sampled(image, sampling, window, method)
    np.testing.assert_array_equal(found, exact)
    np.testing.assert_array_equal(to_type(found.astype(np.float64), image.dtype), cast, strict=True)


def grids(shape: tuple[int, int, int], spacings: Spacings, axes: Floats, shift: float) -> Sampling:
    """From a grid to one of another spacing with its corner in the same place, or shifted by so many mm."""
    spacing, to = spacings
    source = Grid.from_spacing(shape, spacing, origin=(-10.3, 7.1, 100.77), direction=axes)
    size = [max(1, int(np.ceil(n * a / b))) for n, a, b in zip(shape, spacing[::-1], to[::-1], strict=True)]
    origin = np.array(source.origin) + axes @ (np.subtract(to, spacing) / 2) + shift
    return Sampling(source, Grid.from_spacing((size[0], size[1], size[2]), to, origin=origin.tolist(), direction=axes))


@pytest.mark.parametrize("method", INTERPOLATORS)
@pytest.mark.parametrize("axes", [np.eye(3), PERMUTED, OBLIQUE], ids=["straight", "permuted", "oblique"])
@pytest.mark.parametrize("spacings", SPACINGS)
def test_whole_images(spacings: Spacings, axes: Floats, method: str) -> None:
    for shape, dtype, shift in zip(
        [(20, 31, 42), (3, 17, 18), (1, 30, 29), (5, 1, 3)], TYPES, (0, 0, -3.3, 0.5), strict=True
    ):
        sampling = grids(shape, spacings, axes, shift)
        assert_equal_to_itk(noise(shape, dtype), sampling, Window.whole(sampling.target.shape), method)


@st.composite
def samplings(draw: st.DrawFn, dimensions: int = 3) -> Sampling:
    """Any two grids, sheared ones too, that overlap or not."""
    sides, steps, angles = (
        st.sampled_from([1, 3, 4, 13, 19]),
        st.sampled_from([0.5, 0.7, 1.0, 1.5, 3.0]),
        st.floats(-3, 3).map(lambda angle: round(angle, 9)),  # ITK cannot invert what has numbers near the smallest
    )
    made = []
    for _ in range(2):
        matrix = np.eye(4)
        matrix[:3, :3] = rotation(*(draw(st.sampled_from([0.0, np.pi / 2]) | angles) for _ in range(3))) * [
            draw(steps) for _ in range(3)
        ]
        matrix[0, 1] += draw(st.sampled_from([0.0, 0.0, 0.1]))
        matrix[:3, 3] = [draw(st.floats(-4, 4)) for _ in range(3)]
        shape = [draw(sides) for _ in range(3)]
        if dimensions == 2:
            matrix[0, 0], matrix[:3, 0], matrix[2, :] = 0, (0, 0, 1), (1, 0, 0, 0)
            turned = rotation(0, 0, draw(angles))[:2, 1::-1] * draw(steps)
            matrix[:2, 1:3], shape[0] = turned, 1
        made.append(Grid((shape[0], shape[1], shape[2]), matrix, dimensions))  # type: ignore[arg-type]
    return Sampling(*made)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("method", INTERPOLATORS)
@settings(max_examples=60)
@given(data=st.data())
def test_windows(method: str, dimensions: int, data: st.DataObject) -> None:
    sampling = data.draw(samplings(dimensions))
    image = noise(sampling.source.shape, data.draw(st.sampled_from(TYPES)), data.draw(st.integers(0, 1000)))
    assert_equal_to_itk(image, sampling, Window(*data.draw(windows(sampling.target.shape))), method)


@pytest.mark.parametrize("seed", range(4))
def test_a_small_window_of_large_patches(seed: int) -> None:
    shape = (80, 130, 140)
    sampling = grids(shape, ((0.8, 0.8, 2.0), (1, 1, 1)), np.eye(3), 0)
    random = np.random.default_rng(seed)
    start = [int(random.integers(n - 12)) for n in sampling.target.shape]
    window = Window((start[0], start[1], start[2]), (start[0] + 12, start[1] + 11, start[2] + 10))
    assert_equal_to_itk(patches(shape, seed), sampling, window, "cubic")


@pytest.mark.parametrize("method", ["nearest", "linear"])
@pytest.mark.parametrize("spacings", SPACINGS[:3])
def test_positions_half_between_voxels(spacings: Spacings, method: str) -> None:
    shape = (9, 20, 21)
    image = read_only(np.random.default_rng(1).integers(-3, 3, shape).astype(np.int16))
    for shift in (-0.5, 0, 0.25, 0.5, 1.5):
        sampling = grids(shape, spacings, np.eye(3), shift)
        assert_equal_to_itk(image, sampling, Window.whole(sampling.target.shape), method)


@pytest.mark.parametrize("axes", [np.eye(3), PERMUTED], ids=["straight", "permuted"])
@pytest.mark.parametrize("method", INTERPOLATORS)
def test_an_image_with_its_own_spacing(method: str, axes: Floats) -> None:
    shape, spacing, to = (12, 20, 22), (0.7, 0.8, 2.5), (1.0, 1.1, 2.0)
    image, sampling = noise(shape, np.float64), grids(shape, (spacing, to), axes, 0.3)
    itk = sitk.GetImageFromArray(image)
    itk.SetSpacing(spacing)
    itk.SetOrigin(sampling.source.origin)
    itk.SetDirection(axes.ravel().tolist())
    resampler = sitk.ResampleImageFilter()
    resampler.SetInterpolator(INTERPOLATORS[method])
    resampler.SetSize(sampling.target.shape[::-1])
    resampler.SetOutputSpacing(to)
    resampler.SetOutputOrigin(sampling.target.origin)
    resampler.SetOutputDirection(axes.ravel().tolist())
    expected = sitk.GetArrayFromImage(resampler.Execute(itk))
    found = sampled(image, sampling, Window.whole(sampling.target.shape), method)
    np.testing.assert_array_equal(found, expected)


def test_a_target_outside_of_the_source_needs_nothing() -> None:
    sampling = grids((5, 6, 7), ((1, 1, 1), (2, 2, 2)), np.eye(3), 100)
    whole = Window.whole(sampling.target.shape)
    assert sampling.window(whole, 2).size == 0
    assert sampling.window(Window((0, 0, 0), (0, 2, 2)), 2).size == 0
    assert not sampled(noise((5, 6, 7), np.int16), sampling, whole, "cubic").any()


def test_a_small_window_needs_little() -> None:
    sampling = grids((100, 100, 100), ((1, 1, 1), (2, 2, 2)), np.eye(3), 0)
    assert sampling.window(Window((20, 21, 22), (25, 26, 27)), 1) == Window((38, 40, 42), (52, 54, 56))


def test_numbers_near_the_smallest_are_none() -> None:
    affine = [[3e-17, -1.4e-309, -0.5, 0], [2e-293, 0.5, 0, 0], [0.5, -2e-293, 3e-17, 0], [0, 0, 0, 1]]
    grid = Grid((3, 3, 3), affine)  # type: ignore[arg-type]
    starts, steps = Sampling(grid, grid).lines(Window.whole(grid.shape))
    np.testing.assert_allclose(starts[4], [1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(steps[4], [0, 0, 3], atol=1e-12)
