"""Where voxels lie: grids and windows."""

import math
import pickle
from collections.abc import Sequence

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid, Index, Window
from voxmill.volume import Volume

Matrix = NDArray[np.float64]

small = st.integers(1, 6)
shapes = st.tuples(small, small, small)
spacings = st.tuples(*[st.floats(0.1, 10)] * 3)
origins = st.tuples(*[st.floats(-500, 500)] * 3)


@st.composite
def directions(draw: st.DrawFn) -> Matrix:
    """A rotation, every other one with a reflection."""
    matrix, _ = np.linalg.qr(np.array(draw(st.tuples(*[st.tuples(*[st.floats(-1, 1)] * 3)] * 3))) + 2 * np.eye(3))
    matrix[:, 0] *= draw(st.sampled_from([1, -1]))
    return matrix


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any grid: oblique, reflected, and mostly sheared."""
    shear = np.eye(3) + np.triu(np.array(draw(st.tuples(*[st.tuples(*[st.floats(-0.5, 0.5)] * 3)] * 3))), 1)
    affine = np.eye(4)
    affine[:3, :3] = draw(directions()) @ shear * draw(spacings)
    affine[:3, 3] = draw(origins)
    return grid_of(draw(shapes), affine)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window, which may leave any image, or be empty."""
    start = draw(st.tuples(*[st.integers(-5, 8)] * 3))
    return Window(start, plus(start, draw(st.tuples(*[st.integers(0, 8)] * 3))))


def plus(index: Index, other: Index) -> Index:
    return (index[0] + other[0], index[1] + other[1], index[2] + other[2])


def grid_of(shape: Index, affine: ArrayLike) -> Grid:
    return Grid(shape, tuple(map(tuple, np.asarray(affine, dtype=float).tolist())))


def voxels_in(window: Window) -> set[tuple[int, ...]]:
    """Every index of a window, one by one."""
    ranges = [range(a, b) for a, b in zip(window.start, window.stop, strict=True)]
    return {(z, y, x) for z in ranges[0] for y in ranges[1] for x in ranges[2]}


# Grid


@given(grid=grids(), point=origins)
def test_points_and_indices_are_inverse(grid: Grid, point: tuple[float, float, float]) -> None:
    assert np.allclose(grid.points(grid.indices(point)), point, rtol=1e-9, atol=1e-7)


@given(grid=grids())
def test_every_index_is_found_again(grid: Grid) -> None:
    indices = np.argwhere(np.ones(grid.shape))
    assert np.allclose(grid.indices(grid.points(indices)), indices, rtol=0, atol=1e-8)


@given(shape=shapes, spacing=spacings, origin=origins, direction=directions())
def test_grid_places_indices_as_simpleitk_does(
    shape: Index, spacing: Sequence[float], origin: Sequence[float], direction: Matrix
) -> None:
    image = sitk.Image(shape[::-1], sitk.sitkUInt8)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction.ravel().tolist())
    grid = Grid.from_spacing(shape, spacing, origin=origin, direction=direction)
    for index in np.ndindex(shape):
        expected = image.TransformIndexToPhysicalPoint(index[::-1])
        assert grid.points(index) == pytest.approx(expected, rel=1e-12, abs=1e-10)
    assert grid.spacing == pytest.approx(image.GetSpacing(), rel=1e-14)
    assert grid.origin == image.GetOrigin()
    assert grid.direction.ravel() == pytest.approx(image.GetDirection(), rel=1e-12, abs=1e-12)
    assert grid.shear < 1e-12


def test_affine_is_indexed_z_y_x_and_gives_x_y_z() -> None:
    grid = Grid.from_spacing((5, 6, 7), (1, 2, 3), origin=(10, 20, 30))
    assert grid.points((1, 0, 0)).tolist() == [10, 20, 33]
    assert grid.points((0, 1, 0)).tolist() == [10, 22, 30]
    assert grid.points((0, 0, 1)).tolist() == [11, 20, 30]
    assert grid.spacing == (1, 2, 3)
    assert grid.origin == (10, 20, 30)


@given(grid=grids())
def test_spacing_and_direction_make_up_the_affine(grid: Grid) -> None:
    again = Grid.from_spacing(grid.shape, grid.spacing, origin=grid.origin, direction=grid.direction)
    assert np.allclose(again.matrix, grid.matrix, rtol=1e-12, atol=1e-12)
    assert again.matches(grid)


@given(spacing=spacings)
def test_spacing_along_the_axes_is_exact(spacing: tuple[float, float, float]) -> None:
    assert Grid.from_spacing((2, 2, 2), spacing).spacing == spacing


@pytest.mark.parametrize("slope", [0.0, 1e-6, 0.1, 1.0, -1.0])
def test_shear_is_the_cosine_between_axes(slope: float) -> None:
    affine = np.eye(4)
    affine[0, 1] = slope
    assert grid_of((2, 2, 2), affine).shear == pytest.approx(abs(slope) / math.hypot(1, slope), abs=1e-15)


@given(grid=grids(), window=windows())
def test_crop_keeps_voxels_where_they_are(grid: Grid, window: Window) -> None:
    assume(window.size > 0)
    cropped = grid.crop(window)
    assert cropped.shape == window.shape
    assert np.allclose(cropped.points((0, 0, 0)), grid.points(window.start), rtol=1e-12, atol=1e-9)
    last = np.array(window.shape) - 1
    assert np.allclose(cropped.points(last), grid.points(np.array(window.stop) - 1), rtol=1e-12, atol=1e-9)


def test_crop_of_a_flat_grid_stays_flat() -> None:
    grid = Grid.from_spacing((1, 4, 4), (1, 1, 1), dimensions=2)
    assert grid.crop(Window((0, 1, 1), (1, 3, 3))).dimensions == 2


@given(grid=grids())
def test_grid_is_a_value(grid: Grid) -> None:
    again = grid_of(grid.shape, grid.matrix)
    assert again == grid
    assert hash(again) == hash(grid)
    assert again.matches(grid)
    with pytest.raises(ValueError, match="read-only"):
        grid.matrix[0, 0] = 7


BASE = Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1, 2, 3))


@pytest.mark.parametrize(
    "grid,same",
    [
        (Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1 + 1e-6, 2, 3)), True),
        (Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1 + 3e-6, 2, 3)), False),
        (Grid.from_spacing((3, 4, 5), (2 + 1e-6, 3, 4), origin=(1, 2, 3)), True),
        (Grid.from_spacing((3, 4, 5), (2 + 3e-6, 3, 4), origin=(1, 2, 3)), False),
        (Grid.from_spacing((5, 4, 3), (2, 3, 4), origin=(1, 2, 3)), False),
        (Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1, 2, 3), direction=np.diag([1, 1, -1])), False),
    ],
)
def test_grids_match_within_tolerance(grid: Grid, same: bool) -> None:  # noqa: FBT001
    assert BASE.matches(grid) is same
    assert grid.matches(BASE) is same


def test_a_flat_grid_is_not_one_of_one_slice() -> None:
    flat, slice_ = (Grid.from_spacing((1, 4, 5), (2, 3, 4), dimensions=one) for one in (2, 3))
    assert not flat.matches(slice_)


def test_tolerance_can_be_widened() -> None:
    moved = Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1.01, 2, 3))
    assert not BASE.matches(moved)
    assert BASE.matches(moved, tolerance=0.01)


def test_grid_prints_in_mm() -> None:
    assert str(BASE) == (
        "size 5 x 4 x 3, spacing (2, 3, 4) mm, origin (1, 2, 3) mm, direction (1, 0, 0) (0, 1, 0) (0, 0, 1)"
    )


@pytest.mark.parametrize(
    "spacing", [(0, 1, 1), (-1, 1, 1), (1, math.nan, 1), (1, math.inf, 1), (1, 1), (1, 1, 1, 1), (), 1.0]
)
def test_bad_spacing_is_refused(spacing: Sequence[float]) -> None:
    with pytest.raises(InputError, match="spacing is three positive numbers x, y, z in mm; found"):
        Grid.from_spacing((2, 2, 2), spacing)
    with pytest.raises(InputError, match="ct: spacing is three positive numbers"):
        Volume(np.ones((2, 2, 2)), spacing=spacing, name="ct")


@pytest.mark.parametrize("origin", [(0, 0), 5, (math.nan, 0, 0), (math.inf, 0, 0)])
def test_bad_origin_is_refused(origin: Sequence[float]) -> None:
    with pytest.raises(InputError, match=r"origin is three numbers|an affine is 4 x 4, finite"):
        Grid.from_spacing((2, 2, 2), (1, 1, 1), origin=origin)


@pytest.mark.parametrize(
    "direction,sentence",
    [
        (np.eye(2), "direction nine"),
        (2 * np.eye(3), r"unit vectors; found lengths \(2, 2, 2\)"),
        (np.zeros((3, 3)), "unit vectors"),
        (np.full((3, 3), math.nan), "unit vectors"),
        ([[1, 1, 0], [0, 0, 0], [0, 0, 1]], "must span space"),
    ],
)
def test_bad_direction_is_refused(direction: ArrayLike, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Grid.from_spacing((2, 2, 2), (1, 1, 1), direction=direction)


@pytest.mark.parametrize(
    "affine",
    [
        np.eye(3),
        np.zeros((4, 4)),
        np.diag([1, 1, 0, 1]),
        np.diag([1, 1, 1, 2]),
        np.diag([1, math.nan, 1, 1]),
        [[1e200, 1e200, 0, 0], [1e200, 1e200, 0, 0], [0, 0, 1e200, 0], [0, 0, 0, 1]],
    ],
)
def test_bad_affine_is_refused(affine: Matrix) -> None:
    with pytest.raises(InputError, match=r"an affine is 4 x 4|must span space"):
        grid_of((2, 2, 2), affine)


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 1), (1, -1, 1)])
def test_bad_shape_is_refused(shape: Index) -> None:
    with pytest.raises(InputError, match="three positive sizes z, y, x"):
        grid_of(shape, np.eye(4))


@pytest.mark.parametrize("shape,dimensions", [((1, 2, 2), 1), ((1, 2, 2), 4), ((2, 2, 2), 2), ((1, 2, 2), 0)])
def test_dimensions_are_three_or_a_slice_of_two(shape: Index, dimensions: int) -> None:
    with pytest.raises(InputError, match=f"a grid has 3 dimensions, or 2 when .* found {dimensions} with"):
        Grid.from_spacing(shape, (1, 1, 1), dimensions=dimensions)


def test_a_pickled_grid_comes_back_as_it_was() -> None:
    assert BASE.matrix is BASE.matrix
    again = pickle.loads(pickle.dumps(BASE))
    assert again == BASE
    assert not again.matrix.flags.writeable


def test_repr_of_a_grid_is_what_it_prints() -> None:
    assert repr(BASE) == f"<Grid: {BASE}>"


# Window


@given(window=windows(), other=windows())
def test_intersection_is_what_both_hold(window: Window, other: Window) -> None:
    assert voxels_in(window.intersect(other)) == voxels_in(window) & voxels_in(other)
    assert window.intersect(other).size == len(voxels_in(window) & voxels_in(other))


@given(window=windows(), other=windows())
def test_join_is_the_smallest_window_around_both(window: Window, other: Window) -> None:
    joined = window.join(other)
    corners = np.array([window.start, window.stop, other.start, other.stop])
    assert (joined.start, joined.stop) == (tuple(corners.min(axis=0)), tuple(corners.max(axis=0)))


@given(window=windows(), shift=shapes)
def test_moved_undoes_within(window: Window, shift: Index) -> None:
    outer = window.grow(shift)
    assert window.within(outer).moved(outer.start) == window


@given(window=windows(), shape=shapes)
def test_clip_is_what_lies_in_the_image(window: Window, shape: Index) -> None:
    clipped = window.clip(shape)
    assert voxels_in(clipped) == voxels_in(window) & set(np.ndindex(shape))
    assert np.ones(shape)[clipped.slices].size == clipped.size


@given(window=windows(), halo=shapes)
def test_grow_adds_the_halo_at_both_ends(window: Window, halo: Index) -> None:
    grown = window.grow(halo)
    assert grown.shape == tuple(n + 2 * h for n, h in zip(window.shape, halo, strict=True))
    assert grown.start == tuple(n - h for n, h in zip(window.start, halo, strict=True))
    assert grown.contains(window)


@given(window=windows(), shift=shapes)
def test_within_counts_from_the_outer_window(window: Window, shift: Index) -> None:
    outer = window.grow(shift)
    assert window.within(outer) == Window(shift, plus(shift, window.shape))


@given(before=shapes, inside=shapes, after=shapes, halo=shapes)
def test_a_window_within_its_grown_box_reads_the_same(before: Index, inside: Index, after: Index, halo: Index) -> None:
    inner = Window(before, plus(before, inside))
    shape = plus(inner.stop, after)
    array = np.arange(math.prod(shape)).reshape(shape)
    outer = inner.grow(halo).clip(shape)
    assert np.array_equal(array[outer.slices][inner.within(outer).slices], array[inner.slices])


@pytest.mark.parametrize(
    "window,inside",
    [
        (Window((0, 0, 0), (2, 3, 4)), True),
        (Window((1, 2, 3), (2, 3, 4)), True),
        (Window((-1, 0, 0), (2, 3, 4)), False),
        (Window((0, 0, 0), (2, 3, 5)), False),
    ],
)
def test_contains_at_the_border(window: Window, inside: bool) -> None:  # noqa: FBT001
    assert Window.whole((2, 3, 4)).contains(window) is inside


@pytest.mark.parametrize(
    "window,inside",
    [
        (Window((0, 0, 0), (2, 3, 4)), True),
        (Window((2, 3, 4), (2, 3, 4)), True),
        (Window((-1, 0, 0), (2, 3, 4)), False),
        (Window((0, 0, 0), (2, 3, 5)), False),
        (Window((9, 9, 9), (9, 9, 9)), False),
    ],
)
def test_a_window_lies_in_an_image_or_not(window: Window, inside: bool) -> None:  # noqa: FBT001
    assert window.lies_in((2, 3, 4)) is inside


def test_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        Window((0, 2, 0), (1, 1, 1))
