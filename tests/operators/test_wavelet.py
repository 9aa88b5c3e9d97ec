"""Bands of wavelets: chains of passes that give PyWavelets' values in every window, at the cost of the window."""

from collections.abc import Iterator

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st

import naive_images
import voxmill as vm
from image_cases import assert_a_window_is_that_of_the_whole, noise, volumes, whole, windows
from voxmill.execute import Derived, derive, share
from voxmill.operators.operator import Form
from voxmill.operators.wavelet import EvenWrap, Pass, bands
from voxmill.plan import Task, Want, plan
from voxmill_kernels.image.wavelet import names

AXES = st.sampled_from([(2, 1, 0), (2, 1), (2, 0), (1, 0), (0,)])
COIF1 = {high: tuple(pywt.Wavelet("coif1").dec_hi if high else pywt.Wavelet("coif1").dec_lo) for high in (False, True)}


def form(shape: tuple[int, int, int]) -> Form:
    return Form(vm.Grid.from_spacing(shape, (1, 1, 1)), np.dtype(np.float64))


@given(volumes(), st.sampled_from(names()), AXES, st.integers(0, 1), st.integers(1, 2), st.data())
def test_a_window_of_a_band_is_that_window_of_the_whole(
    source: vm.Volume, wavelet: str, axes: tuple[int, ...], start_level: int, levels: int, data: st.DataObject
) -> None:
    made = bands(wavelet, shape=source.grid.shape, start_level=start_level, levels=levels, axes=axes)
    name = data.draw(st.sampled_from(list(made)))
    assert_a_window_is_that_of_the_whole(source, made[name], data.draw(windows(source.grid.shape)))


@given(source=volumes(), wavelet=st.sampled_from(names()), high=st.booleans(), axis=st.integers(0, 2), data=st.data())
def test_a_window_of_a_pass_is_that_window_of_the_whole(
    *, source: vm.Volume, wavelet: str, high: bool, axis: int, data: st.DataObject
) -> None:
    chain = [Pass(axis, wavelet, high=high)]
    assert_a_window_is_that_of_the_whole(source, chain, data.draw(windows(source.grid.shape)))


@given(volumes(), st.integers(0, 2), st.data())
def test_an_even_image_is_numpys_in_every_window(source: vm.Volume, axis: int, data: st.DataObject) -> None:
    padded = np.pad(source.array, [(0, int(axis == one)) for one in range(3)], mode="wrap")
    made = derive(source, EvenWrap(axis))
    assert made.grid.shape == padded.shape
    assert made.grid.affine == source.grid.affine
    window = data.draw(windows(made.grid.shape))
    found = made.read(window)
    assert found.dtype == source.dtype == made.dtype
    assert np.array_equal(found, padded[window.slices])


@given(volumes(), st.sampled_from(names()), AXES)
def test_bands_are_those_of_pywavelets(source: vm.Volume, wavelet: str, axes: tuple[int, ...]) -> None:
    padded = np.pad(source.array, [(0, size % 2) for size in source.grid.shape], mode="wrap")
    (expected,) = pywt.swtn(padded, wavelet, level=1, axes=axes)
    inside = tuple(map(slice, source.grid.shape))
    made = bands(wavelet, shape=source.grid.shape, axes=axes)
    assert len(made) == len(expected)
    for name, chain in made.items():
        letters = name.removeprefix("wavelet-").replace("L", "a").replace("H", "d")
        found, theirs = whole(source, chain), expected[letters][inside]
        assert found.dtype == theirs.dtype
        assert found.tobytes() == theirs.tobytes()


@settings(max_examples=20)
@given(volumes(st.integers(1, 5)), st.sampled_from([(2, 1, 0), (2, 1), (1, 0)]), st.integers(0, 1), st.integers(1, 2))
def test_bands_are_those_of_the_definition(
    source: vm.Volume, axes: tuple[int, ...], start_level: int, levels: int
) -> None:
    image = source.array.astype(np.float64)
    expected = naive_images.bands(image, COIF1[False], COIF1[True], axes, start_level=start_level, levels=levels)
    made = bands("coif1", shape=source.grid.shape, start_level=start_level, levels=levels, axes=axes)
    assert list(made) == list(expected)
    near = (1e-5 if source.dtype == np.float32 else 1e-12) * naive_images.largest(image)
    for name, chain in made.items():
        np.testing.assert_allclose(whole(source, chain), expected[name], rtol=0, atol=near)


@given(volumes(), st.data())
def test_bands_made_together_are_those_made_alone(source: vm.Volume, data: st.DataObject) -> None:
    window = data.draw(windows(source.grid.shape))
    chains = bands("coif1", shape=source.grid.shape, levels=2).values()
    made = [derive(source, *chain) for chain in chains]
    for found, one in zip(share(made, [window] * len(made)), made, strict=True):
        assert found.tobytes() == one.read(window).tobytes()


def tasks(planned: tuple[tuple[vm.Window, Task], ...]) -> Iterator[Task]:
    for _, task in planned:
        yield task
        yield from tasks(task.inputs)


@pytest.mark.parametrize("shape", [(60, 62, 64), (61, 63, 65)])
@pytest.mark.parametrize("levels, count", [(1, 14), (2, 28)])
def test_bands_share_their_passes(shape: tuple[int, int, int], levels: int, count: int) -> None:
    """Per level 2 along the first axis, 4 along the second, 8 along the last."""
    source = vm.Volume(noise(1, shape, np.int16), spacing=(1, 1, 1))
    wants = []
    for chain in bands("coif1", shape=shape, levels=levels).values():
        made = derive(source, *chain)
        assert isinstance(made, Derived)
        wants.append(Want(made.links, vm.Window((20, 20, 20), (40, 40, 40))))
    planned = {id(task): task for task in tasks(plan(wants))}.values()
    assert sum(isinstance(task.chain[-1].operator, Pass) for task in planned if task.chain) == count


def test_a_pass_needs_half_a_filter_to_either_side() -> None:
    inside = vm.Window((10, 11, 12), (20, 21, 22))
    assert Pass(2, "coif1", high=True).needs(inside, form((40, 40, 40))) == (vm.Window((10, 11, 10), (20, 21, 25)),)


def test_a_pass_at_a_border_needs_the_opposite_face() -> None:
    source, low = form((40, 40, 40)), Pass(1, "coif1", high=False)
    first, last = vm.Window((0, 0, 0), (5, 5, 5)), vm.Window((0, 35, 0), (5, 40, 5))
    assert low.needs(first, source) == (vm.Window((0, 38, 0), (5, 40, 5)), vm.Window((0, 0, 0), (5, 8, 5)))
    assert low.needs(last, source) == (vm.Window((0, 33, 0), (5, 40, 5)), vm.Window((0, 0, 0), (5, 3, 5)))
    assert low.needs(vm.Window((0, 0, 0), (5, 36, 5)), source) == (vm.Window((0, 0, 0), (5, 40, 5)),)


def test_float32_stays_and_all_else_is_float64() -> None:
    for dtype, made in ((np.uint8, np.float64), (np.int64, np.float64), (np.float32, np.float32), (np.float64,) * 2):
        source = Form(form((4, 4, 4)).grid, np.dtype(dtype))
        assert Pass(0, "haar", high=False).form(source, {}).dtype == made


def test_names_of_deeper_levels() -> None:
    highs = ["LH", "HL", "HH"]
    flat = bands("haar", shape=(4, 4, 4), levels=2, axes=(2, 1))
    assert list(flat) == [f"wavelet-{band}" for band in highs] + [f"wavelet2-{band}" for band in [*highs, "LL"]]
    assert list(bands("haar", shape=(4, 4, 4)))[::7] == ["wavelet-LLH", "wavelet-LLL"]
