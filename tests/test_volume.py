"""The contracts: volumes and masks."""

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError
from voxmill.grid import IDENTITY, Grid, Index, Window
from voxmill.volume import Mask, Source, Volume, require_same_grid

Matrix = NDArray[np.float64]

BASE = Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1, 2, 3))

small = st.integers(1, 6)
shapes = st.tuples(small, small, small)

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


NAMES = {1: "Tumour", 2: "Lung 7", 7: "Oedema"}


@pytest.mark.parametrize(
    "wanted,labels",
    [
        (None, [1, 2, 7]),
        ([7, 1], [7, 1]),
        (["Oedema"], [7]),
        (["Tumour", 7], [1, 7]),
        ([7], [7]),
        (["7"], [7]),
        (["Lung 7"], [2]),
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
    with pytest.raises(InputError, match=r"present: 1 \(Tumour\), 2 \(Lung 7\), 7 \(Oedema\); did you mean 'Tumour'\?"):
        Mask(LABELS, spacing=(1, 1, 1), names=NAMES).select(["tumor"])


TARGETS = {1: "GTVp", 2: "GTVn[1]", 7: "cord"}


@pytest.mark.parametrize(
    "pattern, labels",
    [
        ("GTV*", [1, 2]),
        ("GTV?", [1]),
        ("[cd]ord", [7]),
        ("*", [1, 2, 7]),
        ("GTVn[1]", [2]),  # a name, also as a pattern
        ("GTVn[[]1]", [2]),
    ],
)
def test_select_by_pattern(pattern: str, labels: list[int]) -> None:
    mask = Mask(LABELS, spacing=(1, 1, 1), names=TARGETS)
    assert [segment.label for segment in mask.select([pattern])] == labels


def test_an_exact_name_goes_before_what_it_matches_as_a_pattern() -> None:
    mask = Mask(LABELS, spacing=(1, 1, 1), names={1: "a*", 2: "ab"})
    assert [segment.label for segment in mask.select(["a*"])] == [1]


@pytest.mark.parametrize("pattern", ["gtv*", "GTV?[1]", "*x*", "?"])
def test_a_pattern_that_nothing_matches_lists_the_names(pattern: str) -> None:
    """Capitals matter, the whole name is matched, and a label without a name is matched by nothing."""
    mask = Mask(LABELS, spacing=(1, 1, 1), names={1: "GTVp", 2: "GTVn[1]"}, name="seg")
    with pytest.raises(InputError) as caught:
        mask.select([pattern])
    labels = "labels present: 1 (GTVp), 2 (GTVn[1]), 7"
    assert str(caught.value) == f"seg: label {pattern} is not in the mask (no name matches); {labels}"


def test_segments_print_as_rows_name_them() -> None:
    mask = Mask(LABELS, spacing=(1, 1, 1), names={1: "Tumour", 2: ""})
    assert [str(segment) for segment in mask.segments] == ["Tumour", "2", "7"]


def test_layers_may_overlap() -> None:
    organ, lesion = np.zeros((2, 3, 3, 3), np.uint8)
    organ[:2], lesion[1, 1, 1] = 1, 1
    mask = Mask.of_layers([organ, lesion], spacing=(1, 1, 1), names={(0, 1): "Organ", (1, 1): "Lesion"})
    assert [(s.layer, s.label, s.name, s.voxels) for s in mask.segments] == [(0, 1, "Organ", 18), (1, 1, "Lesion", 1)]
    assert [segment.name for segment in mask.select(["Lesion"])] == ["Lesion"]
    assert len(mask.select([1])) == 2


def test_an_empty_layer_beside_a_full_one_is_fine() -> None:
    assert len(Mask.of_layers([np.zeros((2, 2, 2), int), np.ones((2, 2, 2), int)], spacing=(1, 1, 1)).segments) == 1


def test_layers_have_one_shape() -> None:
    with pytest.raises(InputError, match="all layers must have one shape"):
        Mask.of_layers([np.ones((2, 2, 2), int), np.ones((2, 2, 3), int)], spacing=(1, 1, 1))


def test_mask_digest_is_of_content() -> None:
    labels = LABELS.astype(np.uint8)
    digest = Mask(labels, spacing=(1, 1, 1)).digest
    assert Mask(labels.copy(), spacing=(1, 1, 1), names=NAMES, name="other").digest == digest
    assert Mask(labels[::-1], spacing=(1, 1, 1)).digest != digest
    assert Mask.of_layers([labels, labels], spacing=(1, 1, 1)).digest != digest
    assert Mask(labels, spacing=(1, 1, 2)).digest != digest


def test_flat_mask_is_one_slice() -> None:
    mask = Mask(LABELS[0], spacing=(1, 2))
    assert mask.grid.shape == (1, 2, 3)
    assert mask.grid.dimensions == 2
    assert mask.segments[1].box == Window((0, 0, 0), (1, 2, 3))


@pytest.mark.parametrize(
    "window",
    [
        Window((-1, 0, 0), (1, 1, 1)),
        Window((0, -2, 0), (1, -1, 1)),
        Window((0, 0, 0), (3, 4, 6)),
        Window((5, 0, 0), (5, 4, 5)),
    ],
)
def test_a_window_that_leaves_the_image_is_refused(window: Window) -> None:
    volume = Volume(np.zeros((3, 4, 5)), BASE, name="ct")
    with pytest.raises(ValueError, match=r"ct: Window.* is not inside an image of shape \(3, 4, 5\)"):
        volume.read(window)
    assert volume.read(Window((3, 0, 0), (3, 4, 5))).shape == (0, 4, 5)


@pytest.mark.parametrize("nested", [[[1, 2], [3, 4]], [[[0, 1], [2, 0]], [[1, 1], [0, 0]]]])
def test_nested_lists_are_one_array(nested: list[Any]) -> None:
    spacing = (1,) * np.ndim(nested)
    mask, volume = Mask(nested, spacing=spacing), Volume(nested, spacing=spacing)
    assert mask.grid == volume.grid
    assert len(mask.layers) == 1
    assert np.array_equal(mask.layers[0], volume.array)


def test_lists_that_fill_no_box_are_refused() -> None:
    for kind in (Mask, Volume):
        with pytest.raises(InputError, match="seg: voxels fill a box; found lists of different lengths"):
            kind([[1, 2], [3]], spacing=(1, 1), name="seg")
    with pytest.raises(InputError, match="at least one layer"):
        Mask.of_layers([], spacing=(1, 1, 1))


def layered() -> Mask:
    """Label 1 in both layers, unnamed; label 2 in the second, named."""
    first, second = np.zeros((2, 3, 4, 5), np.uint8)
    first[0], second[0, 0], second[1] = 1, 1, 2
    return Mask.of_layers([first, second], BASE, names={2: "node"}, name="seg")


def test_one_layer_is_a_mask() -> None:
    mask = layered()
    one = mask.layer(1)
    assert len(one.layers) == 1
    assert [(s.layer, s.label, str(s)) for s in one.segments] == [(0, 1, "1"), (0, 2, "node")]
    assert one.digest == Mask(mask.layers[1], BASE).digest
    with pytest.raises(InputError, match="seg: there is no layer 2 in the mask; it has layers 0 to 1"):
        mask.layer(2)
    with pytest.raises(InputError, match=r"no layer -1 .* layer 0 only"):
        one.layer(-1)
    half_empty = Mask.of_layers([np.zeros((2, 2, 2), int), np.ones((2, 2, 2), int)], spacing=(1, 1, 1))
    with pytest.raises(InputError, match="nothing is segmented in layer 0"):
        half_empty.layer(0)


def test_unnamed_segments_of_two_layers_can_be_told_apart() -> None:
    mask = layered()
    assert [str(segment) for segment in mask.segments] == ["1 (layer 0)", "1 (layer 1)", "node"]
    assert len(mask.select([1])) == 2
    assert [segment.layer for segment in mask.select(["1 (layer 1)"])] == [1]


@pytest.mark.parametrize(
    "names,sentence",
    [
        ({"1": "a"}, r"a key is a label \(a whole number\) or a pair \(layer, label\); found '1'"),
        ({1.5: "a"}, "found 1.5"),
        ({(0, 1, 2): "a"}, r"found \(0, 1, 2\)"),
        ({3: "a"}, "names: 3 is not in the mask; labels present: 1, 2, 7"),
        ({(1, 1): "a"}, r"\(1, 1\) is not in the mask"),
        ({1: None}, "the name of 1 must be text; found None"),
        ({1: "a", 7: "a"}, "two segments are called 'a'; give each a name of its own"),
        ({1: "7"}, "'7' is the label of another segment; choose another name"),
    ],
)
def test_names_of_no_use_are_refused(names: dict[Any, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=f"^seg: .*{sentence}"):
        Mask(LABELS, spacing=(1, 1, 1), names=names, name="seg")


def test_names_can_be_given_later() -> None:
    plain = Mask(LABELS, spacing=(1, 1, 1), name="seg")
    names: dict[int | tuple[int, int], str] = {1: "a", (0, 2): "b", 7: "7"}
    mask = plain.named(names)
    assert [segment.name for segment in mask.segments] == ["a", "b", None]
    assert [segment.name for segment in mask.named({}).segments] == [None] * 3
    assert mask.digest == plain.digest
    with pytest.raises(InputError, match=r"present: 1 \(a\), 2 \(b\), 7$"):
        mask.select([9])


@pytest.mark.parametrize("again", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy])
def test_a_pickled_volume_is_read_only_and_finds_its_digest_anew(again: Callable[[Any], Any]) -> None:
    volume = Volume(np.arange(60).reshape(3, 4, 5), BASE, name="ct")
    digest = volume.digest
    one = again(volume)
    assert "digest" not in vars(one)
    assert (one.name, one.grid, one.digest) == ("ct", BASE, digest)
    assert not one.array.flags.writeable
    mask = layered()
    assert mask.digest
    other = again(mask)
    assert "digest" not in vars(other)
    assert (other.segments, other.name, other.digest) == (mask.segments, "seg", mask.digest)
    assert not any(layer.flags.writeable for layer in other.layers)


def test_repr_is_short() -> None:
    volume = Volume(np.zeros((30, 40, 50), np.int16), spacing=(1, 2, 3), name="ct")
    assert repr(volume) == f"<Volume 'ct': int16, {volume.grid}>"
    assert repr(layered()) == f"<Mask 'seg': 1 (layer 0), 1 (layer 1), node; {BASE}>"
    many = Mask(np.arange(60).reshape(3, 4, 5), BASE, name="seg")
    assert repr(many) == f"<Mask 'seg': 1, 2, 3, 4, 5 and 54 more; {BASE}>"


def test_a_mask_must_lie_on_the_grid_of_its_image() -> None:
    image = Volume(np.zeros((3, 4, 5)), BASE, name="ct")
    moved = Grid.from_spacing((3, 4, 5), (2, 3, 4), origin=(1.01, 2, 3))
    mask = Mask(np.ones((3, 4, 5), int), moved, name="seg")
    require_same_grid(image, Mask(np.ones((3, 4, 5), int), BASE))
    require_same_grid(image, mask, tolerance=0.1)
    with pytest.raises(
        InputError,
        match=r"^seg: .* the grid of ct; their origin differs by up to 0.01 mm; image: .* mask: .*; resample",
    ):
        require_same_grid(image, mask)
    flat = Volume(np.zeros((4, 5)), spacing=(2, 3), name="ct")
    with pytest.raises(InputError, match="the mask has 3 dimensions, ct has 2; save both with the same"):
        require_same_grid(flat, Mask(np.ones((1, 4, 5), int), spacing=(2, 3, 1)))
