"""Regions that are unions of labels and connected components: they equal labels that were drawn so by hand."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import naive
import voxmill as vm
from oracle import pyradiomics_features
from small_images import SHAPE, SPACING, sitk_image, texture, two_labels
from voxmill.choices import Choice, choices_of, labelled
from voxmill.table import Row

VOXEL_MM3 = 0.75 * 1.5 * 3


def islands() -> NDArray[np.uint8]:
    """Label 1 in pieces of 60, 8, 8 and 1 voxels, the last of which touches the first by a corner; label 2 between."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:4, 1:5, 1:6] = 1
    labels[4, 5, 6] = 1
    labels[6:8, 1:3, 1:3] = 1
    labels[1:3, 8:10, 9:11] = 1
    labels[6:9, 6:9, 6:9] = 2
    return labels


def rows_of(*layers: NDArray[Any], names: Mapping[Any, str] | None = None, **settings: object) -> tuple[Row, ...]:
    """The rows of a mask with these layers."""
    image = vm.Volume(texture(), spacing=SPACING)
    mask = vm.Mask.of_layers(layers, image.grid, names=names, name="seg")
    return vm.extract(image, mask, settings=settings).rows


def features_where(inside: NDArray[np.bool_]) -> Mapping[str, float]:
    """The features of a region drawn as a label of its own."""
    (row,) = rows_of(inside.astype(np.uint8))
    return row.features


def regions(rows: Sequence[Row]) -> list[tuple[str, int | None, int]]:
    return [(row.region, row.label, row.diagnostics["voxels"]) for row in rows]


# unions


def test_a_union_is_a_region_after_the_labels() -> None:
    labels = two_labels()
    rows = rows_of(labels, names={3: "node"}, unions={"whole": [1, "node"]})
    assert [(row.region, row.label) for row in rows] == [("1", 1), ("node", 3), ("whole", None)]
    assert rows[2].features == features_where(labels > 0)
    assert rows[2].diagnostics == {"label": None, "voxels": (labels > 0).sum(), "box": [7, 11, 11]}


@pytest.mark.parametrize(
    "labels, expected",
    [
        (None, ["1", "2", "both", "two"]),
        ([2], ["2", "both", "two"]),
        (["both"], ["both"]),
        (["both", 1], ["1", "both"]),
        (["two", "both"], ["both", "two"]),
    ],
)
def test_labels_choose_among_labels_and_unions(labels: list[int | str] | None, expected: list[str]) -> None:
    unions = {"both": [1, 2], "two": 2}
    assert [row.region for row in rows_of(islands(), labels=labels, unions=unions)] == expected
    image = vm.Volume(texture(), spacing=SPACING)
    table = vm.extract(image, vm.Mask(islands(), image.grid), labels=labels, settings={"unions": unions})
    assert [row.region for row in table.rows] == expected


def test_a_union_of_one_label_and_of_one_label_named_twice() -> None:
    one, two, three = rows_of(islands(), names={2: "b"}, labels=[2], unions={"x": 2, "y": ["b", 2, "b*"]})
    assert one.features == two.features == three.features
    assert (two.label, three.label) == (None, None)


def test_a_union_by_patterns() -> None:
    rows = rows_of(two_labels(), names={1: "GTVp", 3: "GTVn"}, unions={"targets": "GTV*"}, labels="targets")
    assert regions(rows) == [("targets", None, (two_labels() > 0).sum())]


def test_voxels_of_segments_that_overlap_count_once() -> None:
    outer, inner = two_labels() == 1, islands() == 1
    assert (outer & inner).any()
    names = {(0, 1): "outer", (1, 1): "inner"}
    (row,) = rows_of(
        outer.astype(np.uint8), inner.astype(np.uint16), names=names, labels="all", unions={"all": ["outer", "inner"]}
    )
    assert row.diagnostics["voxels"] == (outer | inner).sum()
    assert row.features == features_where(outer | inner)


@given(data=st.data())
def test_a_union_is_where_any_of_its_labels_is(data: st.DataObject) -> None:
    """In any layers, boxes that overlap, touch or lie apart."""
    layers = [
        data.draw(arrays(dtype, (3, 4, 5), elements=st.sampled_from([0, 0, 0, 0, 1, 2]))) for dtype in ("u1", "u2")
    ]
    layers[0][data.draw(st.integers(0, 2)), 0, 0] = 1
    layers[1][0, data.draw(st.integers(0, 3)), 0] = 2
    mask = vm.Mask.of_layers(layers, spacing=(1, 1, 1))
    (choice,) = choices_of(mask, ["u"], vm.Settings.parse({"unions": {"u": [1, 2]}}))
    assert isinstance(choice, Choice)
    inside = (layers[0] > 0) | (layers[1] > 0)
    box, number = labelled(mask, choice)
    np.testing.assert_array_equal(box == number, inside[choice.box.slices])
    assert {1: (choice.box.start, choice.box.stop, choice.voxels)} == naive.boxes(inside.astype(int))


@pytest.mark.parametrize(
    "unions, said",
    [
        ({"all": [1, 9]}, "region all: of its union, label 9 is not in the mask; labels present: 1, 3 (node)"),
        (
            {"all": ["GTV*"]},
            "region all: of its union, label GTV* is not in the mask (no name matches); labels present: 1, 3 (node)",
        ),
        (
            {"all": ["nodes"]},
            "region all: of its union, label nodes is not in the mask; labels present: 1, 3 (node); did you mean",
        ),
        (
            {"node": [1, 3]},
            "region node: unions: 'node' is the name of a segment too; choose another name for the union",
        ),
    ],
)
def test_a_union_that_does_not_fit_the_mask_fails_alone(unions: Mapping[str, Any], said: str) -> None:
    *measured, union = rows_of(two_labels(), names={3: "node"}, unions=unions)
    assert [(row.region, row.label, row.error) for row in measured] == [("1", 1, None), ("node", 3, None)]
    assert (union.region, union.label, union.features) == (*unions, None, {})
    assert str(union.error).startswith(said)
    assert "\n" not in str(union.error)


def test_a_union_of_another_union_is_a_label_that_is_not_there() -> None:
    whole, union = rows_of(two_labels(), labels=["whole", "all"], unions={"whole": [1, 3], "all": ["whole"]})
    assert whole.error is None
    assert str(union.error).startswith("region all: of its union, label whole is not in the mask")


def test_labels_that_are_not_there_fail_alone_each_once() -> None:
    labels = [9, 1, "9", "ghost", "GTV*"]
    rows = rows_of(two_labels(), names={3: "node"}, labels=labels, components=True, diagnostics=True)
    there = "is not in the mask; labels present: 1, 3 (node)"
    assert [(row.region, row.label, row.error) for row in rows] == [
        ("9", 9, f"region 9: label 9 {there}"),
        ("1 #1", 1, None),
        ("ghost", None, f"region ghost: label ghost {there}"),
        ("GTV*", None, "region GTV*: label GTV* is not in the mask (no name matches); labels present: 1, 3 (node)"),
    ]


@pytest.mark.parametrize("wanted", ["65536", "9" * 20, "9" * 5_000, 10**14])
def test_a_number_that_no_mask_can_hold_is_no_label(wanted: int | str) -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    table = vm.extract(image, vm.Mask(two_labels(), image.grid), labels=[wanted, 1])
    assert [(row.region, row.label) for row in table.rows] == [(str(wanted), None), ("1", 1)]
    assert table.to_arrow()["label"].to_pylist() == [None, 1]


# components


def test_every_component_is_a_region_largest_first() -> None:
    labels = islands()
    rows = rows_of(labels, names={1: "gtv"}, components=True)
    assert regions(rows) == [("gtv #1", 1, 61), ("gtv #2", 1, 8), ("gtv #3", 1, 8), ("2 #1", 2, 27)]
    second = np.zeros(SHAPE, dtype=bool)
    second[1:3, 8:10, 9:11] = True  # its first voxel comes before that of the third
    assert rows[1].features == features_where(second)
    assert rows[3].features == features_where(labels == 2)
    assert all(row.notes == () for row in rows)
    assert rows == rows_of(labels, names={1: "gtv"}, components={})
    assert [row.region for row in rows_of(labels, components=False)] == ["1", "2"]


def test_connectivity() -> None:
    sizes = [row.diagnostics["voxels"] for row in rows_of(islands(), labels=1, components={"connectivity": 18})]
    assert sizes == [60, 8, 8, 1]


def test_a_component_that_is_too_small_for_features_fails() -> None:
    rows = rows_of(islands(), labels=1, components={"connectivity": 6})
    assert [row.error for row in rows] == [
        *[None] * 3,
        "region 1 #4: 1 voxel, at least 2 are needed (min_region_voxels)",
    ]


@pytest.mark.parametrize(
    "voxels, left, said",
    [
        (1, 3, None),
        (8, 3, None),
        (8.01, 1, "2 components of 1 left out: smaller than 27.0337 mm³ (components.min_volume_mm3)"),
        (61, 1, "2 components of 1 left out: smaller than 205.875 mm³ (components.min_volume_mm3)"),
    ],
)
def test_small_components_are_left_out_with_a_note(voxels: float, left: int, said: str | None) -> None:
    rows = rows_of(islands(), labels=1, components={"min_volume_mm3": voxels * VOXEL_MM3})
    assert [row.region for row in rows] == [f"1 #{number}" for number in range(1, left + 1)]
    assert rows[0].notes == ((said,) if said else ())
    assert all(row.notes == () for row in rows[1:])


def test_the_note_on_one_component_that_is_left_out() -> None:
    rows = rows_of(islands(), labels=1, components={"min_volume_mm3": 5 * VOXEL_MM3, "connectivity": 6})
    assert rows[0].notes == ("1 component of 1 left out: smaller than 16.875 mm³ (components.min_volume_mm3)",)


def test_a_region_without_a_component_that_is_large_enough_fails() -> None:
    first, second = rows_of(islands(), components={"min_volume_mm3": 30 * VOXEL_MM3})
    assert (first.region, first.error) == ("1 #1", None)
    assert (second.region, second.features) == ("2", {})
    assert second.error == ("region 2: all its components (1) are smaller than 101.25 mm³ (components.min_volume_mm3)")


def test_the_smallest_volume_allows_for_rounded_spacings() -> None:
    """Six voxels of 0.15 mm³ are 0.9 mm³, also where the computer says 0.8999999999999999."""
    spacing = (0.5, 0.5, 0.6)
    assert 6 * (0.5 * 0.5 * 0.6) < 0.9
    image = vm.Volume(texture((3, 4, 5)), spacing=spacing)
    labels = np.zeros((3, 4, 5), dtype=np.uint8)
    labels[1, 1:3, 1:4] = 1
    settings = {"components": {"min_volume_mm3": 0.9}}
    assert not vm.extract(image, vm.Mask(labels, image.grid), settings=settings).failed


def test_unions_fall_into_components_too() -> None:
    labels = islands()
    labels[4:7, 4:7, 4:6] = 2  # bridges the largest piece of 1 and label 2
    rows = rows_of(labels, labels="both", unions={"both": [1, 2]}, components=True)
    assert [(row.region, row.label) for row in rows] == [("both #1", None), ("both #2", None), ("both #3", None)]
    apart = np.zeros(SHAPE, dtype=bool)
    apart[6:8, 1:3, 1:3] = apart[1:3, 8:10, 9:11] = True
    assert rows[0].features == features_where((labels > 0) & ~apart)


@given(data=st.data())
def test_components_are_those_of_the_definition(data: st.DataObject) -> None:
    labels = data.draw(arrays("u1", (4, 5, 6), elements=st.sampled_from([0, 0, 0, 1, 1, 2])))
    labels[0, 0, data.draw(st.permutations(range(6)))[:2]] = 1, 2
    mask = vm.Mask(np.pad(labels, ((2, 0), (0, 3), (1, 1))), spacing=(1, 1, 1))
    connectivity = data.draw(st.sampled_from([6, 18, 26]))
    wanted = vm.Settings.parse({"components": {"connectivity": connectivity}, "unions": {"u": [1, 2]}})
    choices = choices_of(mask, ["u", 1], wanted)
    expected = [
        (f"{name} #{number}", members)
        for name, inside in (("1", labels == 1), ("u", labels > 0))
        for number, members in enumerate(naive.components(inside, connectivity), 1)
    ]
    assert [(one.name, one.voxels) for one in choices] == [(name, len(members)) for name, members in expected]
    for choice, (_, members) in zip(choices, expected, strict=True):
        assert isinstance(choice, Choice)
        box, number = labelled(mask, choice)
        found = np.argwhere(box == number) + choice.box.start - (2, 0, 1)
        assert [tuple(voxel) for voxel in found.tolist()] == members


def test_components_of_a_flat_image() -> None:
    labels = np.zeros((9, 11), dtype=np.uint8)
    labels[1:3, 1:4] = labels[3:5, 4:6] = labels[7:9, 8:11] = 1
    image = vm.Volume(texture((9, 11)), spacing=SPACING[:2])
    mask = vm.Mask(labels, image.grid)
    for connectivity, sizes in ((26, [10, 6]), (6, [6, 6, 4])):
        settings = {"components": {"connectivity": connectivity}, "features": ["firstorder"]}
        rows = vm.extract(image, mask, settings=settings).rows
        assert [row.diagnostics["voxels"] for row in rows] == sizes


def test_threads_change_no_row() -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    mask = vm.Mask(islands(), image.grid)
    settings = {"unions": {"both": [1, 2]}, "components": True}
    assert vm.extract(image, mask, settings=settings, threads=4) == vm.extract(image, mask, settings=settings)


def test_the_table_writes_a_union_without_a_label() -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    table = vm.extract(
        image, vm.Mask(islands(), image.grid), settings={"unions": {"both": [1, 2]}, "labels": ["both", 2]}
    )
    assert [line.split(",")[1:3] for line in table.to_csv().splitlines()] == [
        ["region", "label"],
        ["2", "2"],
        ["both", ""],
    ]
    assert table.to_arrow().column("label").to_pylist() == [2, None]
    written = table.to_dict()
    assert [row["label"] for row in written["rows"]] == [2, None]
    assert written["settings"]["unions"] == {"both": [1, 2]}


# PyRadiomics


def test_pyradiomics_gives_the_same_for_masks_drawn_so(radiomics: ModuleType) -> None:
    """A union across layers, and a component of it."""
    outer, inner = two_labels() == 3, islands() == 1
    names = {(0, 1): "outer", (1, 1): "inner"}
    layers = (outer.astype(np.uint8), inner.astype(np.uint8))
    unions = {"all": ["outer", "inner"]}
    (whole,) = rows_of(*layers, names=names, labels="all", unions=unions)
    first, *_ = rows_of(*layers, names=names, labels="all", unions=unions, components=True)
    largest = np.zeros(SHAPE, dtype=bool)
    largest[tuple(np.transpose(naive.components(outer | inner, 26)[0]))] = True
    assert largest.sum() < (outer | inner).sum()
    for row, inside in ((whole, outer | inner), (first, largest)):
        theirs = pyradiomics_features(radiomics, sitk_image(texture()), sitk_image(inside.astype(np.uint8)), {})
        assert list(row.features) == list(theirs)
        for name, value in theirs.items():
            assert row.features[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
