"""PyRadiomics' diagnostics of a row: what each key means, and that nobody pays for them who does not ask."""

import hashlib
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import naive
import voxmill as vm
from small_images import SHAPE, SPACING, case, texture, two_labels
from voxmill import diagnostics, execute, voxels

ORIGIN = (-30.5, 12.25, 100.0)
DIRECTION = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
FAST = {"features": {"firstorder": ["Mean"]}, "diagnostics": True}
OWN = ["label", "voxels", "box"]


def reported(row: vm.Row) -> dict[str, Any]:
    """By name without the prefix that they all have."""
    assert row.error is None
    return {name.removeprefix("diagnostics_"): row.diagnostics[name] for name in list(row.diagnostics)[len(OWN) :]}


def rows_of(*layers: NDArray[Any], image: NDArray[Any] | None = None, **settings: Any) -> tuple[vm.Row, ...]:  # noqa: ANN401
    """Of a mask with these layers, on an oblique grid."""
    given = texture(layers[0].shape) if image is None else image
    volume = vm.Volume(given, spacing=SPACING, origin=ORIGIN, direction=DIRECTION)
    return vm.extract(volume, vm.Mask.of_layers(layers, volume.grid), settings={**FAST, **settings}).rows


def expected_mask(name: str, inside: NDArray[Any]) -> dict[str, Any]:
    """From the definition."""
    start, stop, voxels = naive.boxes((inside != 0).astype(np.uint8))[1]
    center = [float(index) for index in naive.center(inside)[::-1]]
    place = [
        o + sum(d * s * c for d, s, c in zip(axis, SPACING, center, strict=True))
        for o, axis in zip(ORIGIN, DIRECTION, strict=True)
    ]
    return {
        f"Mask-{name}_Spacing": pytest.approx(SPACING, rel=1e-15),
        f"Mask-{name}_Size": inside.shape[::-1],
        f"Mask-{name}_BoundingBox": (*start[::-1], *(b - a for a, b in zip(start[::-1], stop[::-1], strict=True))),
        f"Mask-{name}_VoxelNum": voxels,
        f"Mask-{name}_VolumeNum": len(naive.components(inside, 26)),
        f"Mask-{name}_CenterOfMassIndex": pytest.approx(center, rel=1e-15),
        f"Mask-{name}_CenterOfMass": pytest.approx(place, rel=1e-12),
    }  # fmt: skip


def expected_image(name: str, image: NDArray[Any]) -> dict[str, Any]:
    """From the definition."""
    values = [float(value) for value in image.ravel()]
    return {
        f"Image-{name}_Spacing": pytest.approx(SPACING, rel=1e-15),
        f"Image-{name}_Size": image.shape[::-1],
        f"Image-{name}_Mean": pytest.approx(math.fsum(values) / len(values), rel=1e-12, abs=1e-300),
        f"Image-{name}_Minimum": min(values),
        f"Image-{name}_Maximum": max(values),
    }


def require(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """The expected keys are there, next to each other and in order, and have the expected values."""
    names = [name for name in found if name in expected]
    start = list(found).index(names[0])
    assert list(found)[start : start + len(expected)] == list(expected)
    for name, value in expected.items():
        assert found[name] == value, name


# what each key means


@st.composite
def drawn(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """An image of some type, and a region of at least two voxels along two axes."""
    shape = draw(st.tuples(*[st.integers(2, 5)] * 3))
    labels = draw(arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 2])))
    labels[0, 0, 0] = labels[1, 1, 0] = 1
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.int64, np.float32, np.float64]))
    return draw(arrays(dtype, shape, elements=st.integers(0, 100))), labels


@given(case=drawn())
def test_they_are_those_of_the_definition(case: tuple[NDArray[Any], NDArray[np.uint8]]) -> None:
    image, labels = case
    found = reported(rows_of(labels, image=image, labels=1)[0])
    require(found, {
        "Image-original_Hash": hashlib.sha1(image.tobytes()).hexdigest(),
        "Image-original_Dimensionality": "3D",
        **expected_image("original", image),
        "Mask-original_Hash": hashlib.sha1(labels.astype("<u4").tobytes()).hexdigest(),
        **expected_mask("original", labels == 1),
    })  # fmt: skip
    assert list(found)[-1] == "Mask-original_CenterOfMass"


def test_versions_and_settings_are_those_that_were_used() -> None:
    found = reported(rows_of(two_labels(), labels=3, distances=[2])[0])
    assert list(found)[:7] == [
        "Versions_PyRadiomics",
        "Versions_Numpy",
        "Versions_SimpleITK",
        "Versions_PyWavelet",
        "Versions_Python",
        "Configuration_Settings",
        "Configuration_EnabledImageTypes",
    ]
    assert found["Versions_PyRadiomics"] == f"voxmill {vm.__version__}"
    assert found["Versions_PyWavelet"] == version("PyWavelets")
    settings = vm.Settings.parse({**FAST, "labels": 3, "distances": [2]})
    assert vm.Settings.parse(found["Configuration_Settings"]) == settings
    assert found["Configuration_EnabledImageTypes"] == {"Original": {}}
    filtered = reported(rows_of(two_labels(), labels=3, images={"square": {}, "original": {"gldm_alpha": 1}})[0])
    assert filtered["Configuration_EnabledImageTypes"] == {"Square": {}, "Original": {"gldm_alpha": 1}}


def test_a_region_after_resegmentation() -> None:
    image, labels = texture(), two_labels()
    found = reported(rows_of(labels, labels=1, resegment={"range": [50, 120]})[0])
    left = (labels == 1) & (image >= 50) & (image <= 120)
    values = image[left].astype(float)
    require(found, {
        **expected_mask("original", labels == 1),
        **expected_mask("resegmented", left),
        "Mask-resegmented_Mean": pytest.approx(values.mean(), rel=1e-15),
        "Mask-resegmented_Minimum": values.min(),
        "Mask-resegmented_Maximum": values.max(),
    })  # fmt: skip


def test_a_region_that_was_cropped_and_resegmented_lies_in_the_cut_image() -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[3:6, 4:8, 5:9] = 1
    (row,) = rows_of(labels, crop={"margin_voxels": 2}, resegment={"range": [-1]})
    found = reported(row)
    assert found["Mask-resegmented_Size"] == (8, 8, 7)
    assert found["Mask-resegmented_BoundingBox"] == (2, 2, 2, 4, 4, 3)
    assert found["Mask-resegmented_CenterOfMass"] == pytest.approx(found["Mask-original_CenterOfMass"], rel=1e-12)


def test_an_interpolated_image_is_described_over_all_of_its_grid() -> None:
    """Halving the voxels of a constant image that ends beyond the region's margin."""
    image = np.full(SHAPE, 40, dtype=np.float32)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[3:6, 4:8, 5:9] = 1
    step = {"spacing_mm": [one / 2 for one in SPACING], "interpolator": "nearest", "margin_voxels": 3}
    found = reported(rows_of(labels, image=image, resample=step)[0])
    assert found["Image-interpolated_Size"] == found["Mask-interpolated_Size"]
    assert all(a >= b + 6 for a, b in zip(found["Image-interpolated_Size"], (8, 8, 6), strict=True))
    assert {found[f"{one}-interpolated_{fact}"] for one in ("Image", "Mask") for fact in ("Mean", "Minimum")} == {40}
    assert found["Mask-interpolated_VoxelNum"] == labels.sum() * 8
    assert found["Mask-interpolated_CenterOfMass"] == pytest.approx(found["Mask-original_CenterOfMass"], rel=1e-12)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_an_image_with_voxels_that_are_no_numbers(broken: float) -> None:
    image = texture().astype(np.float64)
    image[0, 0, 0] = broken
    found = reported(rows_of(two_labels(), image=image)[0])
    names = [f"Image-original_{fact}" for fact in ("Mean", "Minimum", "Maximum")]
    np.testing.assert_array_equal([found[name] for name in names], [image.mean(), image.min(), image.max()])


def test_a_flat_image_has_two_of_everything() -> None:
    labels = two_labels((3, 20, 24))[1]
    volume = vm.Volume(texture((20, 24)), spacing=SPACING[:2])
    found = reported(vm.extract(volume, vm.Mask(labels, volume.grid), labels=1, settings=FAST).rows[0])
    y, x = np.nonzero(labels == 1)
    assert found["Image-original_Dimensionality"] == "2D"
    assert found["Image-original_Size"] == found["Mask-original_Size"] == (24, 20)
    assert found["Mask-original_Spacing"] == SPACING[:2]
    low, high = (x.min(), y.min()), (x.max(), y.max())
    assert found["Mask-original_BoundingBox"] == (*low, high[0] - low[0] + 1, high[1] - low[1] + 1)
    assert found["Mask-original_CenterOfMassIndex"] == pytest.approx((x.mean(), y.mean()), rel=1e-15)
    assert found["Mask-original_CenterOfMass"] == pytest.approx((x.mean() * 0.75, y.mean() * 1.5), rel=1e-12)


# unions and components, which PyRadiomics does not have


def test_unions_are_described_as_the_same_region_drawn_by_hand() -> None:
    labels = two_labels()
    *_, row = rows_of(labels, unions={"whole": [1, 3]})
    require(reported(row), expected_mask("original", labels > 0))


def test_a_hash_is_of_the_layers_that_a_region_lies_in() -> None:
    layers = [two_labels(), (two_labels() == 3) * np.uint8(5)]
    whole = [layer.astype("<u4").tobytes() for layer in layers]
    rows = rows_of(*layers, unions={"first": [1, 3], "both": [1, 5]})
    hashes = {row.region: row.diagnostics["diagnostics_Mask-original_Hash"] for row in rows}
    one, other, both = (hashlib.sha1(content).hexdigest() for content in (whole[0], whole[1], b"".join(whole)))
    assert hashes == {"1": one, "3": one, "5": other, "first": one, "both": both}


def test_a_component_is_one_volume_in_the_mask_that_it_comes_from() -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:4, 1:5, 1:6] = labels[6:8, 6:9, 7:9] = 1
    (whole,), (large, small) = rows_of(labels), rows_of(labels, components=True)
    assert reported(whole)["Mask-original_VolumeNum"] == 2
    for row, box in ((large, np.s_[1:4, 1:5, 1:6]), (small, np.s_[6:8, 6:9, 7:9])):
        alone = np.zeros_like(labels)
        alone[box] = 1
        require(reported(row), expected_mask("original", alone))
        assert reported(row)["Mask-original_Hash"] == reported(whole)["Mask-original_Hash"]


# what they cost


def test_without_the_setting_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody looks at the whole image, or keeps what a region was before."""
    monkeypatch.setattr(voxels, "Snapshot", None)
    monkeypatch.setattr(execute, "read_in_tiles", None)
    monkeypatch.setattr(diagnostics, "read_in_tiles", None)
    image, mask = case()
    for settings in ({}, {"resegment": {"range": [50, 120]}}):
        for row in vm.extract(image, mask, settings={**FAST, **settings, "diagnostics": False}).rows:
            assert list(row.diagnostics) == OWN


@pytest.mark.parametrize("threads", [1, 4])
def test_whole_volumes_are_read_once(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Image and mask for their hashes, the image for its facts: not once more for every region."""
    hashed, gathered = Mock(wraps=diagnostics._sha1), Mock(wraps=execute.find_facts)
    monkeypatch.setattr(diagnostics, "_sha1", hashed)
    monkeypatch.setattr(diagnostics, "find_facts", gathered)
    image, mask = case()
    rows = vm.extract(image, mask, settings={**FAST, "unions": {"whole": [1, 3]}}, threads=threads).rows
    assert len(rows) == 3
    assert (hashed.call_count, gathered.call_count) == (2, 1)


SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"normalise": {"scale": 100}, "resegment": {"range": [-50, 80]}},
    {"resample": {"spacing_mm": [1.1, 1.2, 2.5]}, "resegment": {"range": [-1, 1], "mode": "sigma"}},
)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_features_and_notes_are_the_same_with_them(settings: Mapping[str, Any]) -> None:
    image, mask = case()
    without, with_them = (
        vm.extract(image, mask, settings={**settings, "diagnostics": on}).rows for on in (False, True)
    )
    assert [(row.features, row.notes) for row in without] == [(row.features, row.notes) for row in with_them]
    assert all(list(row.diagnostics)[: len(OWN)] == OWN for row in with_them)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_threads_give_the_same(settings: Mapping[str, Any]) -> None:
    image, mask = case()
    given = {**FAST, **settings, "unions": {"whole": [1, 3]}}
    expected = [row.diagnostics for row in vm.extract(image, mask, settings=given).rows]
    with ThreadPoolExecutor(4) as pool:
        tables = pool.map(lambda threads: vm.extract(image, mask, settings=given, threads=threads), [1, 2, 3, 4])
        for table in tables:
            assert [row.diagnostics for row in table.rows] == expected


def test_tiles_of_an_image_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [row.diagnostics for row in rows_of(two_labels())]
    monkeypatch.setattr(execute, "TILE_VOXELS", 2 * SHAPE[1] * SHAPE[2])
    assert [row.diagnostics for row in rows_of(two_labels())] == expected


def test_a_region_that_fails_has_none() -> None:
    labels = two_labels()
    labels[0, 0, 0] = 9
    *_, failed = rows_of(labels)
    assert failed.error is not None
    assert failed.diagnostics == {"label": 9, "voxels": 1, "box": [1, 1, 1]}


def test_hashes_are_those_of_simpleitk() -> None:
    image, labels = texture().astype(np.float32), two_labels().astype(np.uint16)
    found = reported(rows_of(labels, image=image)[0])
    assert found["Image-original_Hash"] == sitk.Hash(sitk.GetImageFromArray(image))
    assert found["Mask-original_Hash"] == sitk.Hash(sitk.GetImageFromArray(labels.astype(np.uint32)))
