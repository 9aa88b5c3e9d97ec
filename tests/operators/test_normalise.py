"""Normalisation: the arithmetic of SimpleITK, to the bit, and PyRadiomics' outliers."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

import voxmill as vm
from voxmill.execute import derive
from voxmill.operators.normalise import Normalise

SHAPE = (6, 7, 8)


def drawn(seed: int, dtype: type) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(random.uniform(50, 150), random.uniform(1, 40), SHAPE)).clip(0, 255).astype(dtype)


@given(st.integers(0, 2**32), st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64]))
def test_as_simpleitk(seed: int, dtype: type) -> None:
    voxels = drawn(seed, dtype)
    theirs = sitk.GetArrayFromImage(sitk.Normalize(sitk.GetImageFromArray(voxels)) * 3.3)
    ours = derive(vm.Volume(voxels, spacing=(1, 1, 1)), Normalise(scale=3.3)).read(vm.Window.whole(SHAPE))
    if voxels.dtype.kind == "f":  # where SimpleITK's sums over threads may round otherwise
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)
    else:
        assert np.array_equal(ours, theirs)


def test_outliers_are_limited_before_the_scale() -> None:
    voxels = drawn(1, np.int16)
    voxels[0, 0, :2] = (-20_000, 20_000)
    ours = derive(vm.Volume(voxels, spacing=(1, 1, 1)), Normalise(scale=100, outliers=2.5)).read(vm.Window.whole(SHAPE))
    assert (ours.min(), ours.max()) == (-250, 250)
    plain = derive(vm.Volume(voxels, spacing=(1, 1, 1)), Normalise()).read(vm.Window.whole(SHAPE))
    assert np.array_equal(ours, plain.clip(-2.5, 2.5) * 100)


def test_nothing_given_is_written_to() -> None:
    voxels = drawn(2, np.float64)
    before = voxels.copy()
    derive(vm.Volume(voxels, spacing=(1, 1, 1)), Normalise(scale=2, outliers=1)).read(vm.Window.whole(SHAPE))
    assert np.array_equal(voxels, before)


@pytest.mark.parametrize(
    "voxel, said", [(7.0, "every voxel is 7"), (np.nan, "NaN or infinite"), (np.inf, "NaN or infinite")]
)
def test_images_that_have_no_deviation(voxel: float, said: str) -> None:
    voxels = np.full(SHAPE, 7.0)
    voxels[3, 3, 3] = voxel
    with pytest.raises(vm.InputError, match=said):
        derive(vm.Volume(voxels, spacing=(1, 1, 1)), Normalise())
