"""Passes of wavelets equal the definition, and those of PyWavelets bit for bit."""

import numpy as np
import pytest
import pywt
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import naive_images
from image_cases import noise
from kernel_cases import read_only
from voxmill_kernels.image.wavelet import BLOCK, convolve, length, names, taps
from voxmill_kernels.types import Array

SEEDS = st.integers(0, 2**32 - 1)
REAL = st.sampled_from([np.float32, np.float64])


def periodic(image: Array, filter_taps: Array, axis: int) -> Array:
    """A pass over a whole image, by the kernel."""
    size, half = image.shape[axis], len(filter_taps) // 2
    box = image.take(np.arange(1 - half, size + half) % size, axis)
    return convolve(read_only(box), filter_taps, axis, size - half)


@given(SEEDS, st.tuples(*[st.integers(1, 6)] * 3), st.integers(1, 5), st.integers(0, 2))
def test_a_pass_is_that_of_the_definition(seed: int, shape: tuple[int, int, int], half: int, axis: int) -> None:
    image, drawn = noise(seed, shape, np.float64), read_only(np.random.default_rng(seed).normal(size=2 * half))
    expected = naive_images.wavelet_pass(image, drawn.tolist(), axis)
    np.testing.assert_allclose(periodic(image, drawn, axis), expected, rtol=0, atol=1e-14 * half * np.abs(image).max())


@given(SEEDS, st.sampled_from(names()), st.tuples(*[st.integers(1, 20)] * 3), st.integers(0, 2), REAL)
def test_a_pass_is_that_of_pywavelets(
    seed: int, name: str, halves: tuple[int, int, int], axis: int, dtype: DTypeLike
) -> None:
    image = noise(seed, tuple(2 * half for half in halves), dtype)
    ((low, high),) = pywt.swt(image, name, level=1, axis=axis)
    for expected, is_high in ((low, False), (high, True)):
        found = periodic(image, taps(name, np.dtype(dtype), high=is_high), axis)
        assert found.dtype == expected.dtype
        assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_lines_longer_than_a_block(axis: int) -> None:
    shape = [2, 2, 2]
    shape[axis] = 2 * BLOCK + 6
    image = noise(axis, tuple(shape), np.float64)
    ((low, _),) = pywt.swt(image, "coif2", level=1, axis=axis)
    assert periodic(image, taps("coif2", np.dtype(np.float64), high=False), axis).tobytes() == low.tobytes()


@pytest.mark.parametrize("name", names())
def test_taps_are_those_of_pywavelets(name: str) -> None:
    wavelet = pywt.Wavelet(name)
    assert length(name) == wavelet.dec_len
    assert length(name) % 2 == 0
    for high, expected in ((False, wavelet.dec_lo), (True, wavelet.dec_hi)):
        assert taps(name, np.dtype(np.float64), high=high).tolist() == list(expected)
        single = taps(name, np.dtype(np.float32), high=high)
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, expected, rtol=2**-22, atol=0)


def test_every_orthogonal_and_biorthogonal_family_is_there() -> None:
    families = {pywt.Wavelet(name).short_family_name for name in names()}
    assert families == {"haar", "db", "sym", "coif", "bior", "rbio", "dmey"}
    assert all(pywt.Wavelet(name).orthogonal or pywt.Wavelet(name).biorthogonal for name in names())
