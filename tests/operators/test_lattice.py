"""Square axes around axes that are not: nothing of a box is lost, and no more is taken in than must be."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import voxmill as vm
from voxmill.operators.lattice import squared

SHAPE = (5, 6, 7)
numbers = st.floats(-0.6, 0.6)


@st.composite
def grids(draw: st.DrawFn) -> vm.Grid:
    """Of any handedness, turned and sheared."""
    turn, _ = np.linalg.qr(np.array(draw(st.lists(numbers, min_size=9, max_size=9))).reshape(3, 3) + np.eye(3))
    upper = np.diag(draw(st.lists(st.floats(0.5, 4), min_size=3, max_size=3)))
    upper[0, 1], upper[0, 2], upper[1, 2] = draw(st.lists(numbers, min_size=3, max_size=3))
    matrix = np.eye(4)
    matrix[:3, 2::-1], matrix[:3, 3] = turn @ upper, (3, -20, 50)
    return vm.Grid(SHAPE, matrix)  # type: ignore[arg-type]


def corners(grid: vm.Grid, box: vm.Window) -> NDArray[np.float64]:
    ends = [(first - 0.5, stop - 0.5) for first, stop in zip(box.start, box.stop, strict=True)]
    return grid.points(list(product(*ends)))


@given(grid=grids(), first=st.tuples(*[st.integers(0, side - 1) for side in SHAPE]), size=st.integers(1, 3))
def test_square_axes_hold_all_of_a_box_and_hardly_more(grid: vm.Grid, first: tuple[int, int, int], size: int) -> None:
    stop = tuple(min(start + size, side) for start, side in zip(first, SHAPE, strict=True))
    box = vm.Window(first, stop)  # type: ignore[arg-type]
    made, found = squared(grid, box)
    assert made.shear < 1e-12
    assert found.lies_in(made.shape)
    for window, held in ((box, found), (vm.Window.whole(SHAPE), vm.Window.whole(made.shape))):
        places = made.indices(corners(grid, window))
        assert (places.min(axis=0) >= np.array(held.start) - 0.502).all()
        assert (places.max(axis=0) <= np.array(held.stop) - 0.498).all()
        assert (places.min(axis=0) < np.array(held.start) + 0.502).all()
        assert (places.max(axis=0) > np.array(held.stop) - 1.502).all()
    x, y, z = grid.spacing
    assert made.spacing[0] == pytest.approx(x)
    assert made.spacing[1] <= y + 1e-9
    assert made.spacing[2] <= z + 1e-9
    first_voxel = made.indices(grid.points((0, 0, 0)))
    np.testing.assert_allclose(first_voxel, first_voxel.round(), atol=1e-9)


def test_square_axes_stay_as_they_are() -> None:
    grid = vm.Volume(np.zeros(SHAPE), spacing=(1, 2, 3), origin=(4, 5, 6)).grid
    box = vm.Window((1, 2, 3), (2, 4, 6))
    made, found = squared(grid, box)
    assert made.matches(grid)
    assert found == box
