"""Plans: needs composed backwards, and what chains have in common made once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import voxmill as vm
from voxmill.execute import derive, execute, share
from voxmill.operators.crop import Crop
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import At, Exactness, Facts, Form, OnHost
from voxmill.plan import Want, merged, plan

SHAPE = (9, 10, 11)


@dataclass(frozen=True)
class Sum(OnHost):
    """The sum of the voxels up to `reach` away along x, of those that the image has; `applied` counts the work."""

    reach: int
    applied: Any = field(default=None, compare=False)

    exactness = Exactness.EQUAL
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        return Form(source.grid, np.dtype(np.int64))

    def needs(self, window: vm.Window, source: Form) -> tuple[vm.Window, ...]:
        return (window.grow((0, 0, self.reach)).clip(source.grid.shape),)

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        if self.applied is not None:
            self.applied.append(at.window)
        total = np.zeros(at.window.shape, dtype=np.int64)
        start, width = at.given[0].start[2], at.given[0].shape[2]
        for x in range(total.shape[2]):
            here = at.window.start[2] + x - start
            total[..., x] = boxes[0][..., max(here - self.reach, 0) : min(here + self.reach + 1, width)].sum(axis=2)
        return total


@dataclass(frozen=True)
class Wrapped(OnHost):
    """Every voxel and the one before it along x, where the last is before the first: needs of two windows."""

    exactness = Exactness.EQUAL
    facts = ()

    def form(self, source: Form, facts: Facts) -> Form:
        return source

    def needs(self, window: vm.Window, source: Form) -> tuple[vm.Window, ...]:
        (z, y, x), (depth, height, _) = window.start, window.stop
        if x > 0:
            return (vm.Window((z, y, x - 1), window.stop),)
        last = source.grid.shape[2]
        return (window, vm.Window((z, y, last - 1), (depth, height, last)))

    def apply(self, boxes: Sequence[NDArray[Any]], at: At, facts: Facts) -> NDArray[Any]:
        joined = np.concatenate([boxes[1], boxes[0]], axis=2) if len(boxes) == 2 else boxes[0]
        made: NDArray[Any] = joined[..., 1:] + joined[..., :-1]
        return made


def image() -> vm.Volume:
    voxels = np.random.default_rng(3).integers(-50, 50, SHAPE).astype(np.int16)
    return vm.Volume(voxels, spacing=(1, 2, 3))


@st.composite
def windows(draw: st.DrawFn) -> vm.Window:
    starts = [draw(st.integers(0, size - 1)) for size in SHAPE]
    stops = [draw(st.integers(start + 1, size)) for start, size in zip(starts, SHAPE, strict=True)]
    return vm.Window(tuple(starts), tuple(stops))  # type: ignore[arg-type]


@given(windows())
def test_a_window_of_a_chain_is_that_window_of_the_whole(window: vm.Window) -> None:
    made = derive(image(), Sum(2), Wrapped(), Normalise(scale=3, outliers=1), Sum(1))
    whole = made.read(vm.Window.whole(SHAPE))
    assert np.array_equal(made.read(window), whole[window.slices])


@given(st.lists(windows(), min_size=1, max_size=5), st.lists(windows(), min_size=1, max_size=5))
def test_what_is_made_together_is_what_is_made_alone(ones: list[vm.Window], others: list[vm.Window]) -> None:
    first = derive(image(), Sum(1))
    one, other = derive(first, Wrapped()), derive(first, Sum(2))
    sources = [*[one] * len(ones), *[other] * len(others), first]
    wanted = [*ones, *others, ones[0]]
    for made, source, window in zip(share(sources, wanted), sources, wanted, strict=True):
        assert np.array_equal(made, source.read(window))


def test_what_chains_have_in_common_is_made_once() -> None:
    applied: list[vm.Window] = []
    first = derive(image(), Sum(1, applied))
    inner, outer = vm.Window((2, 2, 2), (7, 7, 7)), vm.Window((1, 1, 1), (8, 8, 8))
    list(share([derive(first, Sum(1)), derive(first, Wrapped()), first], [inner, outer, inner]))
    assert len(applied) == 1
    assert applied[0].contains(outer)


def test_windows_far_apart_are_made_apart() -> None:
    applied: list[vm.Window] = []
    made = derive(image(), Sum(0, applied))
    corners = [vm.Window((0, 0, 0), (2, 2, 2)), vm.Window((7, 7, 7), (9, 9, 9))]
    list(share([made, made], corners))
    assert sorted(window.start for window in applied) == [(0, 0, 0), (7, 7, 7)]


@given(st.lists(windows(), max_size=8))
def test_joined_windows_hold_all_and_cost_no_more(wanted: list[vm.Window]) -> None:
    joint = merged(wanted)
    assert all(any(one.contains(window) for one in joint) for window in wanted)
    assert sum(one.size for one in joint) <= sum(window.size for window in wanted)


def test_no_chain_reads_the_source() -> None:
    source, window = image(), vm.Window((1, 2, 3), (4, 5, 6))
    (box,) = execute(plan([Want((), window)]), source)
    assert np.array_equal(box, source.read(window))


def test_a_cut_image_ends_where_it_is_cut() -> None:
    cut = derive(image(), Crop(vm.Window((1, 1, 3), (8, 8, 8))), Sum(2))
    assert cut.grid.shape == (7, 7, 5)
    alone = vm.Volume(image().array[1:8, 1:8, 3:8], cut.grid)
    assert np.array_equal(cut.read(vm.Window.whole((7, 7, 5))), derive(alone, Sum(2)).read(vm.Window.whole((7, 7, 5))))


def test_joining_thousands_of_windows_is_no_deep_recursion() -> None:
    apart = [vm.Window((2 * at, 0, 0), (2 * at + 1, 1, 1)) for at in range(2000)]
    assert merged(apart) == apart
    assert merged([*apart, vm.Window((0, 0, 0), (4000, 1, 1))]) == [vm.Window((0, 0, 0), (4000, 1, 1))]
