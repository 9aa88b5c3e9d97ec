"""The Laplacian of Gaussian: its definition, SimpleITK's values, and windows that are the whole to the bit."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

import naive_log
import voxmill as vm
from voxmill.execute import derive
from voxmill.operators.crop import Crop
from voxmill.operators.log import Laplacian, too_small
from voxmill.operators.normalise import Normalise

SPACINGS = ((1.0, 1.0, 1.0), (0.8, 0.8, 1.5), (0.3, 0.5, 6.0), (2.0, 2.0, 3.0))
SIGMAS = (0.5, 1.0, 2.0, 3.0, 5.0)
TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float32, np.float64)


def drawn(seed: int, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Steps from voxel to voxel along x, about a mean that is large."""
    random = np.random.default_rng(seed)
    walk = 120 + random.normal(0, 20, shape).cumsum(axis=-1)
    return (walk.clip(0, 255) if dtype is np.uint8 else walk * 3).astype(dtype)


def by_itk(voxels: np.ndarray, spacing: tuple[float, ...], sigma: float) -> np.ndarray:
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(spacing)
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.NormalizeAcrossScaleOn()
    laplacian.SetSigma(sigma)
    made: np.ndarray = sitk.GetArrayFromImage(laplacian.Execute(image))
    return made


def whole(voxels: np.ndarray, spacing: tuple[float, float, float], sigma: float) -> np.ndarray:
    made = derive(vm.Volume(voxels, spacing=spacing), Laplacian(sigma))
    return made.read(vm.Window.whole(made.grid.shape))


@given(
    st.integers(0, 2**32),
    st.tuples(*[st.integers(2, 7)] * 3),
    st.sampled_from(SPACINGS),
    st.sampled_from(SIGMAS),
    st.sampled_from(TYPES),
)
def test_against_the_definition(
    seed: int, shape: tuple[int, int, int], spacing: tuple[float, float, float], sigma: float, dtype: type
) -> None:
    voxels = drawn(seed, shape, dtype)
    ours, theirs = whole(voxels, spacing, sigma), naive_log.laplacian(voxels, spacing[::-1], sigma)
    contrast = float(np.ptp(voxels.astype(np.float64)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * contrast)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_as_simpleitk(spacing: tuple[float, float, float], sigma: float, dtype: type) -> None:
    """Borders included: within 1e-6 of the deviation; what is not the same float32 is mostly the next one."""
    voxels = drawn(1, (30, 40, 50), dtype)
    ours, theirs = whole(voxels, spacing, sigma), by_itk(voxels, spacing, sigma)
    assert ours.dtype == theirs.dtype
    assert abs(ours.astype(np.float64) - theirs).max() < 1e-6 * theirs.std()
    assert (ours == theirs).mean() > 0.5


@pytest.mark.parametrize("share, near", [(0.05, 1e-4), (0.06, 1e-6), (0.08, 1e-6)])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 3.0)])
def test_small_sigmas_as_simpleitk(spacing: tuple[float, float, float], share: float, near: float) -> None:
    """Of noise, which has the most to lose; as a share of the coarsest spacing."""
    voxels = np.random.default_rng(1).normal(0, 100, (24, 26, 28)).astype(np.float32)
    ours, theirs = (call(voxels, spacing, share * max(spacing)) for call in (whole, by_itk))
    assert abs(ours.astype(np.float64) - theirs).max() < near * theirs.std(dtype=np.float64)


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type(dtype: type) -> None:
    voxels = drawn(2, (12, 13, 14), dtype)
    ours, theirs = whole(voxels, (1, 1, 2), 1.5), by_itk(voxels, (1, 1, 2), 1.5)
    assert abs(ours.astype(np.float64) - theirs).max() < 1e-6 * theirs.std()


def test_a_flat_image_has_two_axes() -> None:
    voxels = drawn(3, (30, 40), np.int16)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing((0.7, 0.9))
    ours, theirs = derive(vm.Volume(voxels, spacing=(0.7, 0.9)), Laplacian(2)), by_itk(voxels, (0.7, 0.9), 2)
    made = ours.read(vm.Window.whole((1, 30, 40)))[0]
    assert abs(made.astype(np.float64) - theirs).max() < 1e-6 * theirs.std()


@given(
    st.integers(0, 2**32),
    st.tuples(*[st.integers(1, 40)] * 3),
    st.tuples(*[st.sampled_from([0.3, 0.8, 1.5, 3.0, 6.0])] * 3),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.sampled_from([np.int16, np.float32, np.float64]),
    st.data(),
)
def test_a_window_is_that_window_of_the_whole(
    seed: int,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    sigma: float,
    dtype: type,
    data: st.DataObject,
) -> None:
    starts = [data.draw(st.integers(0, size - 1)) for size in shape]
    stops = [data.draw(st.integers(start + 1, size)) for start, size in zip(starts, shape, strict=True)]
    window = vm.Window(tuple(starts), tuple(stops))  # type: ignore[arg-type]
    voxels = drawn(seed, shape, dtype)
    made = derive(vm.Volume(voxels, spacing=spacing), Laplacian(sigma))
    assert np.array_equal(made.read(window), whole(voxels, spacing, sigma)[window.slices])


def test_a_window_needs_what_is_in_reach_and_in_the_image() -> None:
    made = derive(vm.Volume(drawn(4, (60, 50, 40), np.int16), spacing=(2, 1, 0.5)), Laplacian(1))
    link = made.links[-1]  # type: ignore[attr-defined]
    (needed,) = link.operator.needs(vm.Window((30, 20, 10), (31, 21, 11)), link.given)
    assert needed == vm.Window((4, 7, 3), (57, 34, 18))


def test_after_other_operators() -> None:
    voxels = drawn(5, (20, 21, 22), np.int16)
    window = vm.Window((2, 3, 4), (18, 19, 20))
    made = derive(vm.Volume(voxels, spacing=(1, 1, 2)), Normalise(scale=100), Crop(window), Laplacian(1))
    normal = sitk.GetArrayFromImage(sitk.Normalize(sitk.GetImageFromArray(voxels)) * 100)[window.slices]
    theirs = by_itk(np.ascontiguousarray(normal), (1, 1, 2), 1)
    ours = made.read(vm.Window.whole(window.shape))
    assert abs(ours.astype(np.float64) - theirs).max() < 1e-6 * theirs.std()


@pytest.mark.parametrize("sigma", [0, -1, np.nan, np.inf])
def test_a_sigma_that_is_none(sigma: float) -> None:
    with pytest.raises(vm.InputError, match=r"the sigma of LoG is a positive number of mm; found"):
        derive(vm.Volume(drawn(6, (5, 5, 5), np.int16), spacing=(1, 1, 1)), Laplacian(sigma))


def test_a_sigma_that_is_lost_between_the_voxels() -> None:
    image = vm.Volume(drawn(7, (5, 5, 5), np.int16), spacing=(1, 1, 4))
    with pytest.raises(vm.InputError, match=r"0\.19 mm is too narrow for voxels 4 mm apart; choose .* least 0\.2 mm"):
        derive(image, Laplacian(0.19))
    assert np.isfinite(derive(image, Laplacian(0.2)).read(vm.Window.whole((5, 5, 5)))).all()


def test_images_that_are_too_small() -> None:
    grid = vm.Grid.from_spacing((3, 9, 9), (1, 1, 1))
    assert too_small(grid, 1) == (
        "LoG with a sigma of 1 mm needs at least 4 voxels along z, and the image has 3; "
        "choose a smaller sigma, or leave LoG out"
    )
    assert "at least 6 voxels along x" in str(too_small(vm.Grid.from_spacing((9, 9, 5), (1, 1, 1)), 4.5))
    assert too_small(vm.Grid.from_spacing((9, 9, 6), (1, 1, 1)), 4.5) is None
    assert too_small(vm.Grid.from_spacing((1, 9, 9), (1, 1, 1), dimensions=2), 1) is None
