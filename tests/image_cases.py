"""Images, and windows of them, for the tests of operators: drawn by hypothesis; arrays are read-only."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

import voxmill as vm
from kernel_cases import read_only
from voxmill.execute import derive
from voxmill.operators.operator import Operator
from voxmill_kernels.types import Array

TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float32, np.float64)
SIDES = st.one_of(st.integers(1, 6), st.integers(1, 40))


def noise(seed: int, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Whole numbers or real ones that are no round numbers, of both signs where the type has them."""
    values = np.random.default_rng(seed).normal(60, 400, shape)
    return read_only(np.clip(values, 0, 255).astype(dtype) if np.dtype(dtype).kind == "u" else values.astype(dtype))


def tiny(seed: int, shape: tuple[int, ...]) -> Array:
    """Real numbers of single precision, most of them below the normal ones."""
    return read_only(np.random.default_rng(seed).normal(0, 2e-39, shape).astype(np.float32))


@st.composite
def volumes(draw: st.DrawFn, sides: st.SearchStrategy[int] = SIDES) -> vm.Volume:
    """Noise, of any type, on any spacing from 0.3 to 6 mm."""
    shape = draw(st.tuples(sides, sides, sides))
    spacing = draw(st.tuples(*[st.floats(0.3, 6)] * 3))
    voxels = noise(draw(st.integers(0, 2**32 - 1)), shape, draw(st.sampled_from(TYPES)))
    return vm.Volume(voxels, spacing=spacing)


@st.composite
def windows(draw: st.DrawFn, shape: tuple[int, int, int]) -> vm.Window:
    """At either end of an axis, at both or at none, as often."""
    ranges = []
    for size in shape:
        ends = draw(st.sampled_from(["first", "last", "both", "any"]))
        start = 0 if ends in ("first", "both") else draw(st.integers(0, size - 1))
        ranges.append((start, size if ends in ("last", "both") else draw(st.integers(start + 1, size))))
    (a, b), (c, d), (e, f) = ranges
    return vm.Window((a, c, e), (b, d, f))


def whole(source: vm.Volume, operators: Sequence[Operator]) -> Array:
    """All that operators make of an image."""
    return derive(source, *operators).read(vm.Window.whole(source.grid.shape))


def assert_a_window_is_that_of_the_whole(source: vm.Volume, operators: Sequence[Operator], window: vm.Window) -> None:
    """The contract of operators: the same bytes, whatever the window."""
    made = derive(source, *operators)
    found, expected = made.read(window), whole(source, operators)[window.slices]
    assert found.dtype == made.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()
