"""Gradients equal the definition, and ITK's bit for bit."""

import numpy as np
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

import naive_images
from image_cases import noise
from kernel_cases import read_only
from voxmill_kernels.image.gradient import magnitude

SEEDS = st.integers(0, 2**32 - 1)
SPACINGS = st.tuples(*[st.floats(0.3, 6)] * 3)


@given(SEEDS, st.tuples(*[st.integers(1, 6)] * 3), SPACINGS)
def test_as_defined(seed: int, shape: tuple[int, int, int], spacing_zyx: tuple[float, float, float]) -> None:
    image = noise(seed, shape, np.float64)
    found = magnitude(read_only(np.pad(image, 1, mode="edge")), spacing_zyx)
    np.testing.assert_allclose(found, naive_images.gradient(image, spacing_zyx), rtol=2**-22)


@given(SEEDS, st.tuples(*[st.integers(1, 12)] * 3), SPACINGS)
def test_as_itk(seed: int, shape: tuple[int, int, int], spacing_zyx: tuple[float, float, float]) -> None:
    image = noise(seed, shape, np.float64)
    itk = sitk.GetImageFromArray(image)
    itk.SetSpacing(spacing_zyx[::-1])
    found = magnitude(read_only(np.pad(image, 1, mode="edge")), spacing_zyx)
    assert found.tobytes() == sitk.GetArrayFromImage(sitk.GradientMagnitude(itk)).tobytes()
