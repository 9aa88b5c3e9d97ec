"""The contracts: grids, windows, volumes, masks."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError
from voxmill.volume import IDENTITY, Grid, Index, Mask, Source, Volume, Window

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
        (Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1, 2, 3), dimensions=2), False),
    ],
)
def test_grids_match_within_tolerance(grid: Grid, same: bool) -> None:  # noqa: FBT001
    assert BASE.matches(grid) is same
    assert grid.matches(BASE) is same


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
    "affine", [np.eye(3), np.zeros((4, 4)), np.diag([1, 1, 0, 1]), np.diag([1, 1, 1, 2]), np.diag([1, math.nan, 1, 1])]
)
def test_bad_affine_is_refused(affine: Matrix) -> None:
    with pytest.raises(InputError, match=r"an affine is 4 x 4|must span space"):
        grid_of((2, 2, 2), affine)


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 1), (1, -1, 1)])
def test_bad_shape_is_refused(shape: Index) -> None:
    with pytest.raises(InputError, match="three positive sizes z, y, x"):
        grid_of(shape, np.eye(4))


# Window


@given(window=windows(), other=windows())
def test_intersection_is_what_both_hold(window: Window, other: Window) -> None:
    assert voxels_in(window.intersect(other)) == voxels_in(window) & voxels_in(other)
    assert window.intersect(other).size == len(voxels_in(window) & voxels_in(other))


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


def test_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        Window((0, 2, 0), (1, 1, 1))


# Volume


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
def test_volume_keeps_values_and_type_in_native_order(dtype: str, order: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(order + dtype)
    volume = Volume(array, spacing=(1, 2, 3))
    assert volume.dtype == np.dtype(dtype)
    assert volume.dtype.isnative
    assert np.array_equal(volume.array, array)


@pytest.mark.parametrize("dtype,kept", [("?", "u1"), ("f2", "f4"), ("g", "f8")])
def test_volume_widens_what_kernels_do_not_take(dtype: str, kept: str) -> None:
    assert Volume(np.ones((2, 2, 2), dtype), spacing=(1, 1, 1)).dtype == np.dtype(kept)


@pytest.mark.parametrize(
    "array,sentence",
    [
        (np.full((2, 2, 2), None), "voxels must be real numbers; found object"),
        (np.ones((2, 2, 2), complex), "voxels must be real numbers; found complex128"),
        (np.full((2, 2, 2), "a"), "voxels must be real numbers"),
        (np.ones((2, 2, 2), "M8[s]"), "voxels must be real numbers"),
        (np.ones((2, 2, 2, 2)), r"2 or 3 dimensions and at least one voxel; found shape \(2, 2, 2, 2\)"),
        (np.ones(2), "2 or 3 dimensions"),
        (1.0, "2 or 3 dimensions"),
        (np.ones((2, 0, 2)), "at least one voxel"),
    ],
)
def test_what_is_no_image_is_refused(array: ArrayLike, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^ct: .*{sentence}"):
        Volume(array, spacing=(1, 1, 1), name="ct")


def test_volume_shares_the_array_but_is_read_only() -> None:
    array = np.zeros((2, 3, 4))
    volume = Volume(array, spacing=(1, 1, 1))
    assert np.shares_memory(volume.array, array)
    assert array.flags.writeable
    for view in (volume.array, volume.read(Window((0, 1, 1), (2, 2, 3)))):
        assert np.shares_memory(view, array)
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0, 0] = 1


def test_read_only_array_is_taken() -> None:
    array = np.zeros((2, 3, 4))
    array.flags.writeable = False
    assert np.shares_memory(Volume(array, spacing=(1, 1, 1)).array, array)


STRIDED = np.arange(192.0).reshape(4, 6, 8)[::2, ::-2, ::2]


@pytest.mark.parametrize("array", [np.arange(24.0).reshape(4, 3, 2).T, STRIDED])
def test_volume_is_contiguous(array: Matrix) -> None:
    volume = Volume(array, spacing=(1, 1, 1))
    assert volume.array.flags.c_contiguous
    assert np.array_equal(volume.array, array)


def test_lists_are_taken() -> None:
    assert Volume([[1, 2], [3, 4]], spacing=(1, 1)).array.shape == (1, 2, 2)


def test_flat_image_is_one_slice() -> None:
    volume = Volume(np.ones((3, 4)), spacing=(0.5, 2), origin=(7, 8), direction=[[0, 1], [-1, 0]])
    assert volume.array.shape == volume.grid.shape == (1, 3, 4)
    assert volume.grid.dimensions == 2
    assert volume.grid.spacing == (0.5, 2, 1)
    assert volume.grid.origin == (7, 8, 0)
    assert np.array_equal(volume.grid.direction, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])


def test_flat_image_may_be_placed_in_space() -> None:
    volume = Volume(np.ones((3, 4)), spacing=(0.5, 2, 9), origin=(7, 8, 9), direction=IDENTITY)
    assert volume.grid.dimensions == 2
    assert volume.grid.spacing == (0.5, 2, 9)
    assert volume.grid.origin == (7, 8, 9)


@pytest.mark.parametrize("place", ["spacing", "origin", "direction"])
def test_a_grid_or_a_spacing_but_not_both(place: str) -> None:
    values = {"spacing": (1, 1, 1), "origin": (0, 0, 0), "direction": IDENTITY}
    with pytest.raises(InputError, match="give a grid, or spacing with origin and direction, not both"):
        Volume(np.ones((3, 4, 5)), BASE, **{place: values[place]})  # type: ignore[arg-type]


def test_place_must_be_known_and_fit() -> None:
    with pytest.raises(InputError, match=r"where its voxels lie is not known; give spacing=\(x, y, z\) in mm"):
        Volume(np.ones((2, 2, 2)))
    with pytest.raises(InputError, match=r"the array has shape \(2, 2, 2\) \(z, y, x\), its grid \(3, 4, 5\)"):
        Volume(np.ones((2, 2, 2)), BASE)


def test_volume_is_a_source() -> None:
    source: Source = Volume(np.arange(60).reshape(3, 4, 5), BASE)
    assert source.grid == BASE
    assert source.read(Window((1, 2, 3), (2, 3, 5))).tolist() == [[[33, 34]]]
    assert source.dtype == np.dtype(np.int64)


def test_digest_is_of_content() -> None:
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    digest = Volume(array, BASE).digest
    changed = array.copy()
    changed[2, 3, 4] += 1
    assert Volume(array.astype(">i2"), BASE, name="other").digest == digest
    assert Volume(np.asfortranarray(array), BASE).digest == digest
    others = [
        Volume(changed, BASE),
        Volume(array.astype(np.uint16), BASE),
        Volume(array, spacing=(2, 3, 4)),
        Volume(array.reshape(5, 4, 3), spacing=(2, 3, 4), origin=(1, 2, 3)),
    ]
    assert len({digest, *(other.digest for other in others)}) == 5


def test_digest_knows_one_zero() -> None:
    array = np.ones((2, 2, 2))
    positive, negative = (Volume(array, spacing=(1, 1, 1), origin=(zero, 0, 0)).digest for zero in (0.0, -0.0))
    assert positive == negative


# Mask

LABELS = np.array([[[0, 1, 2], [2, 2, 0]], [[0, 0, 0], [7, 0, 1]]])


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
def test_mask_of_any_type_has_the_same_segments(dtype: str, order: str) -> None:
    labels = LABELS.astype(order + dtype)
    expected = [1] if dtype == "?" else [1, 2, 7]
    mask = Mask(labels, spacing=(1, 1, 1))
    assert [segment.label for segment in mask.segments] == expected
    assert mask.layers[0].dtype.kind == "u"
    assert mask.layers[0].dtype.isnative
    assert not mask.layers[0].flags.writeable


@pytest.mark.parametrize(
    "value,sentence",
    [
        (-1, "whole numbers from 0 to 65535; found -1 to 7"),
        (65_536, "whole numbers from 0 to 65535; found 0 to 65536"),
        (0.5, "found fractions or others"),
        (-0.5, "found fractions or others"),
        (70_000.0, "found fractions or others"),
        (math.nan, "found fractions or others"),
        (math.inf, "found fractions or others"),
    ],
)
def test_what_is_no_label_is_refused(value: float, sentence: str) -> None:
    labels = LABELS.astype(type(value))
    labels[0, 0, 0] = value
    with pytest.raises(InputError, match=f"seg: a mask holds {sentence}|seg: .*{sentence}"):
        Mask(labels, spacing=(1, 1, 1), name="seg")


@pytest.mark.parametrize("value", [65_535, 65_535.0, np.uint16(65_535)])
def test_largest_label(value: float) -> None:
    assert Mask(np.full((1, 1, 1), value), spacing=(1, 1, 1)).segments[0].label == 65_535


@pytest.mark.parametrize("empty", [np.zeros((2, 2, 2), int), np.zeros((2, 2)), np.zeros((2, 2, 2), bool)])
def test_empty_mask_is_refused_in_memory(empty: Matrix) -> None:
    with pytest.raises(InputError, match="seg: nothing is segmented: every voxel is 0; give a mask"):
        Mask(empty, spacing=(1, 1, 1), name="seg")


@given(shape=shapes, seed=st.integers(0, 999), most=st.sampled_from([1, 3, 300]), density=st.floats(0.2, 1))
@settings(deadline=None)
def test_boxes_equal_a_naive_search(shape: Index, seed: int, most: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(1, most + 1, shape) * (rng.random(shape) < density)
    assume(labels.any())
    mask = Mask(labels, spacing=(1, 1, 1))
    assert [segment.label for segment in mask.segments] == sorted(set(labels[labels > 0].tolist()))
    for segment in mask.segments:
        where = np.argwhere(labels == segment.label)
        assert segment.box == Window(tuple(where.min(0)), tuple(where.max(0) + 1))
        assert segment.voxels == len(where)
        assert all(type(n) is int for n in (*segment.box.start, *segment.box.stop, segment.voxels, segment.label))


NAMES = {1: "Tumour", 2: "7", 7: "Oedema"}


@pytest.mark.parametrize(
    "wanted,labels",
    [
        (None, [1, 2, 7]),
        ([7, 1], [7, 1]),
        (["Oedema"], [7]),
        (["Tumour", 7], [1, 7]),
        ([7], [7]),
        (["7"], [2]),
        (["1"], [1]),
        ([np.uint8(2)], [2]),
        ([], []),
    ],
)
def test_select_by_number_or_name(wanted: Sequence[int | str] | None, labels: list[int]) -> None:
    mask = Mask(LABELS, spacing=(1, 1, 1), names=NAMES)
    assert [segment.label for segment in mask.select(wanted)] == labels


def test_label_that_is_absent_lists_those_present() -> None:
    with pytest.raises(InputError, match=r"^seg: label 9 is not in the mask; labels present: 1, 2, 7$"):
        Mask(LABELS, spacing=(1, 1, 1), name="seg").select([9])
    with pytest.raises(InputError, match=r"present: 1 \(Tumour\), 2 \(7\), 7 \(Oedema\); did you mean 'Tumour'\?"):
        Mask(LABELS, spacing=(1, 1, 1), names=NAMES).select(["tumor"])


def test_segments_print_as_rows_name_them() -> None:
    mask = Mask(LABELS, spacing=(1, 1, 1), names={1: "Tumour", 2: ""})
    assert [str(segment) for segment in mask.segments] == ["Tumour", "2", "7"]


def test_layers_may_overlap() -> None:
    organ, lesion = np.zeros((2, 3, 3, 3), np.uint8)
    organ[:2], lesion[1, 1, 1] = 1, 1
    mask = Mask([organ, lesion], spacing=(1, 1, 1), names={(0, 1): "Organ", (1, 1): "Lesion"})
    assert [(s.layer, s.label, s.name, s.voxels) for s in mask.segments] == [(0, 1, "Organ", 18), (1, 1, "Lesion", 1)]
    assert [segment.name for segment in mask.select(["Lesion"])] == ["Lesion"]
    assert len(mask.select([1])) == 2


def test_an_empty_layer_beside_a_full_one_is_fine() -> None:
    assert len(Mask([np.zeros((2, 2, 2), int), np.ones((2, 2, 2), int)], spacing=(1, 1, 1)).segments) == 1


def test_layers_have_one_shape() -> None:
    with pytest.raises(InputError, match="all layers must have one shape"):
        Mask([np.ones((2, 2, 2), int), np.ones((2, 2, 3), int)], spacing=(1, 1, 1))


def test_mask_digest_is_of_content() -> None:
    labels = LABELS.astype(np.uint8)
    digest = Mask(labels, spacing=(1, 1, 1)).digest
    assert Mask(labels.copy(), spacing=(1, 1, 1), names=NAMES, name="other").digest == digest
    assert Mask(labels[::-1], spacing=(1, 1, 1)).digest != digest
    assert Mask([labels, labels], spacing=(1, 1, 1)).digest != digest
    assert Mask(labels, spacing=(1, 1, 2)).digest != digest


def test_flat_mask_is_one_slice() -> None:
    mask = Mask(LABELS[0], spacing=(1, 2))
    assert mask.grid.shape == (1, 2, 3)
    assert mask.grid.dimensions == 2
    assert mask.segments[1].box == Window((0, 0, 0), (1, 2, 3))
