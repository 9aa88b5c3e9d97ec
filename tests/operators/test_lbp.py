"""Local binary patterns are the same in every window, and those of the definition; what cannot be made is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_lbp
import voxmill as vm
from image_cases import assert_a_window_is_that_of_the_whole, noise, volumes, whole, windows
from itk_resampling import patches
from kernel_cases import read_only
from voxmill.execute import derive
from voxmill.operators.lbp import Lbp2d, Lbp3d, lbp3d_images
from voxmill.operators.operator import Form
from voxmill.plan import Want, plan
from voxmill_kernels.image.circle import METHODS
from voxmill_kernels.image.sphere import icosphere

AXES = st.integers(0, 2)
SIDES = st.integers(5, 60)
WIDE = st.sampled_from([(5, 6, 150), (7, 130, 6), (140, 5, 5), (9, 8, 7), (60, 60, 7)])


@given(volumes(SIDES), AXES, st.integers(1, 20), st.floats(0.01, 2), st.sampled_from(METHODS), st.data())
def test_a_window_of_slices_is_that_of_the_whole(
    source: vm.Volume, axis: int, samples: int, radius: float, method: str, data: st.DataObject
) -> None:
    operator = Lbp2d(axis, samples, radius, method)
    assert_a_window_is_that_of_the_whole(source, [operator], data.draw(windows(source.grid.shape)))


@settings(max_examples=30)
@given(WIDE, st.integers(0, 1000), st.integers(1, 3), st.floats(0.1, 2), st.integers(0, 1), st.data())
def test_a_window_in_space_is_that_of_the_whole(
    shape: tuple[int, int, int], seed: int, levels: int, radius: float, subdivision: int, data: st.DataObject
) -> None:
    dtype = data.draw(st.sampled_from([np.uint8, np.int16, np.float32, np.float64]))
    voxels = data.draw(st.sampled_from([noise(seed, shape, dtype), patches(shape, seed)]))
    source = vm.Volume(voxels, spacing=(1, 2, 3))
    chains = lbp3d_images(levels=levels, radius=radius, subdivision=subdivision)
    chain = chains[data.draw(st.sampled_from(list(chains)))]
    assert_a_window_is_that_of_the_whole(source, chain, data.draw(windows(shape)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("start", [(0, 0, 0), (2, 3, 0), (2, 3, 120)])
def test_beside_zeros(dtype: DTypeLike, start: tuple[int, int, int]) -> None:
    """Where samples are as small as what is left of voxels far away."""
    voxels = noise(4, (8, 9, 200), dtype).copy()
    voxels[..., :60] = 0
    voxels[..., 110:130] = 0
    stop = (start[0] + 3, start[1] + 4, start[2] + 5)
    source = vm.Volume(read_only(voxels), spacing=(1, 1, 1))
    for chain in lbp3d_images().values():
        assert_a_window_is_that_of_the_whole(source, chain, vm.Window(start, stop))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_slices_are_those_of_the_definition(axis: int, method: str) -> None:
    """Across y, rows lie along z; across x, columns do: z takes the place of the axis across."""
    voxels = noise(axis, (5, 6, 7), np.float64)
    made = whole(vm.Volume(voxels, spacing=(1, 2, 3)), [Lbp2d(axis, 6, 1.3, method)])
    for found, image in zip(made.swapaxes(0, axis), voxels.swapaxes(0, axis), strict=True):
        expected = naive_lbp.slice_codes(image, 6, float(np.float32(1.3)), method)
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_space_is_that_of_the_definition() -> None:
    voxels = noise(7, (5, 5, 6), np.int16)
    points = [(x, y, z) for x, y, z in icosphere(0, 1.5).tolist()]
    expected = naive_lbp.space_patterns(voxels, points, 3)
    made = lbp3d_images(levels=3, radius=1.5, subdivision=0)
    assert list(made) == ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-m3", "lbp-3D-k"]
    for n, chain in enumerate(made.values()):
        found = whole(vm.Volume(voxels, spacing=(1, 2, 3)), chain)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected[..., n], rtol=1e-9, atol=1e-9)


def test_levels_and_kurtosis_are_made_together() -> None:
    source = vm.Volume(noise(1, (20, 20, 20), np.int16), spacing=(1, 1, 1))
    window = vm.Window((5, 5, 5), (9, 9, 9))
    wants = [Want(derive(source, *chain).links, window) for chain in lbp3d_images().values()]  # type: ignore[attr-defined]
    made = {id(task) for _, field in plan(wants) for _, task in field.inputs}
    assert len(made) == 1


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_in_the_image_is_nan_in_all_of_its_patterns(dtype: DTypeLike, broken: float) -> None:
    """The spline spreads it: no comparison with a sample that is none says anything."""
    voxels = noise(2, (20, 22, 24), dtype).copy()
    voxels[19, 21, 23] = broken
    source = vm.Volume(voxels, spacing=(1, 1, 1))
    for name, chain in lbp3d_images().items():
        assert np.isnan(derive(source, *chain).read(vm.Window((2, 2, 2), (6, 6, 6)))).all(), name


def test_a_2d_image_has_float64() -> None:
    grid = vm.Grid.from_spacing((1, 9, 8), (1, 1, 1), dimensions=2)
    voxels = noise(3, (1, 9, 8), np.int16)
    flat, deep = vm.Volume(voxels, grid), vm.Volume(voxels, spacing=(1, 1, 1))
    for axis in range(3):
        made = whole(flat, [Lbp2d(axis)])
        assert made.dtype == np.float64
        assert np.array_equal(made, whole(deep, [Lbp2d()]))
    assert whole(deep, [Lbp2d()]).dtype == np.int16


@pytest.mark.parametrize(
    "dtype, expected", [(np.int8, -1), (np.uint8, 255), (np.int16, 255), (np.float32, 255), (np.uint64, 255)]
)
def test_codes_too_large_for_the_image_wrap_around(dtype: DTypeLike, expected: int) -> None:
    source = vm.Volume(np.ones((3, 3, 3), dtype=dtype), spacing=(1, 1, 1))
    made = whole(source, [Lbp2d(method="default")])
    assert made.dtype == dtype
    assert made[1, 1, 1] == expected


@pytest.mark.parametrize(
    "dtype, expected",
    [
        (np.uint8, 0),
        (np.int16, 0),
        (np.uint32, 2**31),
        (np.int32, -(2**31)),
        (np.int64, -(2**63)),
        (np.float32, np.nan),
    ],
)
def test_a_variance_of_0(dtype: DTypeLike, expected: float) -> None:
    source = vm.Volume(np.zeros((3, 3, 3), dtype=dtype), spacing=(1, 1, 1))
    np.testing.assert_equal(whole(source, [Lbp2d(method="var")])[1, 1, 1], np.array(expected, dtype)[()])


@pytest.mark.parametrize("shape, radius, axis", [((3, 2, 9), 1, 0), ((2, 9, 9), 1, 1), ((9, 9, 6), 2.1, 0)])
def test_slices_that_are_too_small(shape: tuple[int, int, int], radius: float, axis: int) -> None:
    source = vm.Volume(noise(0, shape, np.int16), spacing=(1, 1, 1))
    with pytest.raises(vm.InputError, match=r"its slices have \d x \d voxels, and LBP2D with a radius of .* needs \d"):
        derive(source, Lbp2d(axis, radius=radius))


@pytest.mark.parametrize("shape, radius", [((3, 2, 9), 1.0), ((9, 9, 6), 2.1), ((30, 30, 30), 1e300)])
def test_images_that_are_too_small(shape: tuple[int, int, int], radius: float) -> None:
    source = vm.Volume(noise(0, shape, np.int16), spacing=(1, 1, 1))
    with pytest.raises(vm.InputError, match=r"it has \d+ x \d+ x \d+ voxels, and LBP3D with a radius of .* needs \d+"):
        derive(source, Lbp3d(radius=radius))


def test_a_2d_image_has_no_sphere() -> None:
    source = Form(vm.Grid.from_spacing((1, 9, 8), (1, 1, 1), dimensions=2), np.dtype(np.int16))
    with pytest.raises(vm.InputError, match="it is a 2D image, and LBP3D needs a 3D one; choose LBP2D"):
        Lbp3d().form(source, {})


def test_what_they_need() -> None:
    source = Form(vm.Grid.from_spacing((300, 300, 300), (1, 1, 1)), np.dtype(np.int16))
    window = vm.Window((100, 100, 100), (110, 110, 110))
    assert Lbp2d(0).needs(window, source) == (window.grow((0, 1, 1)),)
    assert Lbp2d(1, radius=1.5).needs(window, source) == (window.grow((2, 0, 2)),)
    assert Lbp2d(2).needs(window, source) == (window.grow((1, 1, 0)),)
    assert Lbp3d().needs(window, source) == (window.grow((51, 51, 51)),)
