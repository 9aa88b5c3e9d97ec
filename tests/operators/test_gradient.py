"""The operator gradient: SimpleITK's values in every window, for every type."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

import voxmill as vm
from image_cases import assert_a_window_is_that_of_the_whole, noise, volumes, whole, windows
from voxmill.operators.gradient import Gradient


@given(source=volumes(), use_spacing=st.booleans(), data=st.data())
def test_a_window_is_that_window_of_the_whole(*, source: vm.Volume, use_spacing: bool, data: st.DataObject) -> None:
    chain = [Gradient(use_spacing=use_spacing)]
    assert_a_window_is_that_of_the_whole(source, chain, data.draw(windows(source.grid.shape)))


@given(source=volumes(), use_spacing=st.booleans())
def test_as_simpleitk(*, source: vm.Volume, use_spacing: bool) -> None:
    image = sitk.GetImageFromArray(source.array)
    image.SetSpacing(source.grid.spacing)
    expected = sitk.GetArrayFromImage(sitk.GradientMagnitude(image, useImageSpacing=use_spacing))
    found = whole(source, [Gradient(use_spacing=use_spacing)])
    assert found.dtype == expected.dtype == np.float32
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [np.int16, np.float64])
def test_a_flat_image(dtype: type) -> None:
    voxels = noise(3, (9, 8), dtype)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing((0.7, 1.9))
    flat = vm.Volume(voxels, spacing=(0.7, 1.9, 1))
    assert np.array_equal(whole(flat, [Gradient()])[0], sitk.GetArrayFromImage(sitk.GradientMagnitude(image)))
