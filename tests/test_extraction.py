"""Extraction: which rows there are, that they depend on the region alone, and what a region cannot be."""

import math
import pickle
import re
import tracemalloc
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

import voxmill as vm
from oracle import pyradiomics_features
from small_images import SHAPE, SPACING, case, sitk_image, texture, two_labels, write_case
from voxmill import computing, extraction
from voxmill.computing import SHARING, FoundGPU
from voxmill.grid import MAX_SHEAR
from voxmill.measures import measure
from voxmill.regions import Region

TURNED = np.array(
    (
        (84 / 85, -13 / 85 * 40 / 41, 13 / 85 * 9 / 41),
        (13 / 85, 84 / 85 * 40 / 41, -84 / 85 * 9 / 41),
        (0, 9 / 41, 40 / 41),
    )
)
FAMILIES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
SHAPE_2D = (
    "Elongation",
    "MajorAxisLength",
    "MaximumDiameter",
    "MeshSurface",
    "MinorAxisLength",
    "Perimeter",
    "PerimeterSurfaceRatio",
    "PixelSurface",
    "Sphericity",
)


def features_of(
    image: NDArray[Any], labels: NDArray[Any], *, label: int = 1, **place: ArrayLike
) -> Mapping[str, float]:
    """The features of one label."""
    grid = vm.Grid.from_spacing(labels.shape, **{"spacing": SPACING, **place})  # type: ignore[arg-type]
    volume = vm.Volume(image, grid)
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), labels=label).rows
    assert row.error is None
    return row.features


def failure(image: NDArray[Any], labels: NDArray[Any], **settings: object) -> str:
    """Why the only region fails."""
    volume = vm.Volume(image, spacing=SPACING)
    table = vm.extract(volume, vm.Mask(labels, volume.grid), settings=vm.Settings.parse(settings))
    (row,) = table.failed
    assert row.features == {}
    assert row.error is not None
    assert "\n" not in row.error
    return row.error


def box(*voxels: slice | int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    """A mask with label 1 in a part of it."""
    labels = np.zeros(shape, dtype=np.uint8)
    labels[voxels] = 1
    return labels


def near(ours: Mapping[str, float], theirs: Mapping[str, float], *, rel: float = 1e-9) -> None:
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, rel=rel, abs=1e-9, nan_ok=True), name


# rows


def test_one_row_per_label_in_order() -> None:
    table = vm.extract(*case("CT of the chest"))
    assert [(row.case, row.region) for row in table.rows] == [("CT of the chest", "1"), ("CT of the chest", "node")]
    assert [row.diagnostics["label"] for row in table.rows] == [1, 3]
    labels = two_labels()
    assert [row.diagnostics["voxels"] for row in table.rows] == [(labels == 1).sum(), (labels == 3).sum()]
    assert table.rows[1].diagnostics["box"] == [4, 5, 6]
    assert table.settings == vm.Settings()


def test_names_and_order_are_those_of_the_catalogue() -> None:
    (row, _) = vm.extract(*case()).rows
    assert list(row.features) == [
        f"original_{family}_{name}" for family in FAMILIES for name in vm.Settings().features[family]
    ]
    assert len(row.features) == 107
    assert all(type(value) is float for value in row.features.values())
    assert row.notes == ()


def test_chosen_features_have_the_values_of_all() -> None:
    chosen = {"glszm": "all", "firstorder": ["Mean", "10Percentile"]}
    image, mask = case()
    some = vm.extract(image, mask, settings=vm.Settings.parse({"features": chosen})).rows[0].features
    everything = vm.extract(image, mask).rows[0].features
    assert list(some)[:3] == [
        f"original_{name}" for name in ("firstorder_10Percentile", "firstorder_Mean", "glszm_GrayLevelNonUniformity")
    ]
    assert some.items() <= everything.items()
    assert len(some) == 18


@pytest.mark.parametrize(
    "labels, regions",
    [
        (None, ["1", "node"]),
        (3, ["node"]),
        ("node", ["node"]),
        ("3", ["node"]),
        (["node", 1], ["node", "1"]),
        ([3, "node", 3], ["node"]),
        (np.array([3, 1]), ["node", "1"]),
    ],
)
def test_labels_by_number_and_name(labels: list[int | str] | None, regions: list[str]) -> None:
    image, mask = case()
    assert [row.region for row in vm.extract(image, mask, labels=labels).rows] == regions
    if labels is not None:
        in_settings = vm.Settings.parse({"labels": labels})
        assert [row.region for row in vm.extract(image, mask, settings=in_settings).rows] == regions
        assert len(vm.extract(image, mask, settings=in_settings, labels=1).rows) == 1


def test_a_label_that_is_not_there_lists_those_that_are() -> None:
    first, second = vm.extract(*case(), labels=[1, 2]).rows
    assert first.error is None
    assert second.error == "region 2: label 2 is not in the mask; labels present: 1, 3 (node)"
    with pytest.raises(vm.InputError, match="did you mean 'node'"):
        vm.extract(*case(), labels="nodes")


def test_of_labels_none_of_which_is_there_the_first_is_told() -> None:
    for unions in ({}, {"both": [1, 3]}):
        with pytest.raises(vm.InputError, match=r"^labels: label 2 is not in the mask; labels present: 1, 3 \(node\)$"):
            vm.extract(*case(), labels=[2, "GTV*"], settings={"unions": unions})
    settings = {"unions": {"both": [1, 9]}}
    assert [row.region for row in vm.extract(*case(), labels=["both", "GTV*"], settings=settings).failed] == [
        "GTV*",
        "both",
    ]
    assert [row.region for row in vm.extract(*case(), settings={"labels": "nodes"}).failed] == ["nodes"]


@pytest.mark.parametrize("labels", [[], [True], [1.5], [None]])
def test_labels_that_are_none(labels: list[int | str]) -> None:
    with pytest.raises(vm.SettingsError, match=r"^labels: give "):
        vm.extract(*case(), labels=labels)


def test_settings_in_every_form(tmp_path: Path) -> None:
    image, mask = case()
    path = tmp_path / "mine.yaml"
    path.write_text("{labels: node, features: glcm, discretise: {bin_width: 10}}")
    ours = {"labels": "node", "features": "glcm", "discretise": {"bin_width": 10}}
    theirs = {"setting": {"binWidth": 10, "label": 3}, "featureClass": {"glcm": None}}
    expected = vm.extract(image, mask, settings=vm.Settings.parse(ours))
    assert expected.settings.features.keys() == {"glcm"}
    for settings in (ours, path, str(path)):
        assert vm.extract(image, mask, settings=settings) == expected
    assert vm.extract(image, mask, settings=theirs).rows == expected.rows


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"lables": 1}, "did you mean 'labels'"),
        ({"settings": {}}, "unknown section 'settings'"),
        ("none.yaml", "none.yaml: settings cannot be read: No such file"),
        (5, "settings are Settings, a mapping or a path to a file; found 5"),
    ],
)
def test_settings_that_are_none(settings: object, said: str) -> None:
    with pytest.raises(vm.SettingsError, match=said):
        vm.extract(*case(), settings=settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_devices(device: str) -> None:
    assert vm.extract(*case(), device=device) == vm.extract(*case())


def test_other_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "_FOUND", [FoundGPU(None, "none is here; get one")])
    for device, said in (("gpu", "none is here; get one; or use 'auto' or 'cpu'$"), ("cuda", "^unknown device 'cuda'")):
        with pytest.raises(vm.SettingsError, match=said):
            vm.extract(*case(), device=device)


# where images and masks come from


def test_volumes_paths_and_simpleitk_images_are_equal(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    rows = vm.extract(*case()).rows
    assert vm.extract(image, mask).rows == rows
    assert vm.extract(str(image), str(mask)).rows == rows
    assert vm.extract(vm.read_image(image), mask).rows == rows
    read = vm.extract(sitk.ReadImage(image), sitk.ReadImage(mask)).rows
    assert [row.features for row in read] == [row.features for row in rows]
    assert [row.case for row in read] == ["image", "image"]


def test_notes_of_image_and_mask_are_in_every_row() -> None:
    image = vm.Volume(np.random.default_rng(1).integers(0, 200, SHAPE), spacing=SPACING, notes=["read with a gap"])
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:6, 2:6, 2:6], labels[0, 0, 0] = 1, 2
    table = vm.extract(image, vm.Mask(labels, image.grid, notes=["drawn twice"]))
    assert [row.notes[:2] for row in table.rows] == [("read with a gap", "drawn twice")] * 2
    assert len(table.failed) == 1


def test_a_bare_array_is_refused_with_what_to_do() -> None:
    with pytest.raises(vm.InputError, match="Volume"):
        vm.extract(texture(), case()[1])  # type: ignore[arg-type]


def test_a_channel_of_a_vector_mask() -> None:
    mask = sitk.Compose([sitk_image(two_labels()), sitk_image(box(slice(2, 6), slice(2, 6), slice(2, 6)))])
    image = sitk_image(texture())
    (row,) = vm.extract(image, mask, settings=vm.Settings(label_channel=1)).rows
    assert row.diagnostics["voxels"] == 64
    assert [row.diagnostics["label"] for row in vm.extract(image, mask).rows] == [1, 3]


def test_a_layer_of_a_mask_that_is_already_made() -> None:
    image, _ = case()
    inner = box(slice(2, 6), slice(2, 6), slice(2, 6))
    mask = vm.Mask.of_layers([two_labels(), inner], image.grid)
    (row,) = vm.extract(image, mask, settings=vm.Settings(label_channel=1)).rows
    assert row.diagnostics["voxels"] == 64
    assert row.features == features_of(image.array, inner)
    theirs = vm.extract(image, mask, settings={"setting": {"label": 1}})  # label_channel 0
    assert [row.diagnostics["voxels"] for row in theirs.rows] == [(two_labels() == 1).sum()]
    with pytest.raises(vm.InputError, match="no layer 2"):
        vm.extract(image, mask, settings=vm.Settings(label_channel=2))


def test_read_only_arrays_do_and_nothing_is_written_to() -> None:
    array, labels = texture(), two_labels()
    before = array.tobytes(), labels.tobytes()
    array.flags.writeable = labels.flags.writeable = False
    features_of(array, labels)
    assert (array.tobytes(), labels.tobytes()) == before


def test_a_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    volume = vm.Volume(texture(), spacing=SPACING, name="scan\udcff")
    table = vm.extract(volume, vm.Mask(two_labels(), volume.grid))
    assert table.rows[0].case == "scan?"
    table.write(tmp_path / "t.parquet")


# values depend on the region, not on what lies around it


def test_labels_are_independent_where_their_boxes_overlap() -> None:
    image, labels = texture(), two_labels()
    inside = tuple(slice(where.min(), where.max() + 1) for where in np.nonzero(labels == 3))
    labels[inside][::2, ::2, ::2] = 1
    assert {1, 3} <= set(np.unique(labels[inside]))
    volume = vm.Volume(image, spacing=SPACING)
    for row in vm.extract(volume, vm.Mask(labels, volume.grid)).rows:
        number = row.diagnostics["label"]
        alone = np.where(labels == number, number, 0).astype(np.uint8)
        assert features_of(image, alone, label=number) == row.features


def test_touching_labels_are_independent() -> None:
    labels = np.ones(SHAPE, dtype=np.uint8)
    labels[:, :, 6:] = 2
    image = texture()
    assert features_of(image, labels) == features_of(image[:, :, :6], labels[:, :, :6])


def test_a_region_cropped_by_hand_and_one_in_a_larger_image_have_the_same_values() -> None:
    image, labels = texture(), (two_labels() == 1).astype(np.uint8)
    expected = features_of(image, labels)
    inside = tuple(slice(where.min(), where.max() + 1) for where in np.nonzero(labels))
    assert features_of(image[inside], labels[inside]) == expected
    around = ((3, 9), (20, 1), (0, 40))
    noise = texture(tuple(n + a + b for n, (a, b) in zip(SHAPE, around, strict=True)), seed=5)
    padded = np.pad(labels, around)
    noise[tuple(slice(a, a + n) for n, (a, _) in zip(SHAPE, around, strict=True))] = image
    assert features_of(noise, padded) == expected


def test_voxels_outside_the_region_do_not_matter() -> None:
    image, labels = texture(), two_labels()
    assert features_of(np.where(labels == 1, image, -31_000).astype(np.int16), labels) == features_of(image, labels)


def test_where_the_image_lies_does_not_matter() -> None:
    image, labels = texture(), two_labels()
    expected = features_of(image, labels)
    assert features_of(image, labels, origin=(-250.25, 1000, 3e4)) == expected
    turned = features_of(image, labels, origin=(-250.25, 17, 3), direction=TURNED)
    near(turned, expected, rel=1e-12)
    assert features_of(image, labels, direction=-np.eye(3)) == expected


def test_spacing_does_matter() -> None:
    image, labels = texture(), two_labels()
    apart = features_of(image, labels, spacing=(1.5, 3, 6))
    expected = features_of(image, labels)
    assert apart["original_shape_MeshVolume"] == pytest.approx(8 * expected["original_shape_MeshVolume"], rel=1e-12)
    assert apart["original_glcm_Contrast"] == expected["original_glcm_Contrast"]


def test_eight_threads_at_once_give_identical_tables() -> None:
    image, mask = case()
    alone = vm.extract(image, mask)
    others = [vm.Volume(texture(seed=seed), image.grid) for seed in range(4)]
    in_turn = [vm.extract(other, mask).rows for other in others]
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(vm.extract, image, mask) for _ in range(24)]
        mixed = [pool.submit(vm.extract, others[n % 4], mask) for n in range(24)]
        assert all(pickle.dumps(job.result().rows) == pickle.dumps(alone.rows) for job in jobs)
        assert all(job.result().rows == in_turn[n % 4] for n, job in enumerate(mixed))


def test_memory_follows_the_region() -> None:
    array = np.zeros((100, 512, 512), dtype=np.int16)
    array[40:50, 200:210, 300:310] = texture((10, 10, 10))
    labels = box(slice(40, 50), slice(200, 210), slice(300, 310), shape=array.shape)
    image = vm.Volume(array, spacing=SPACING)
    mask = vm.Mask(labels, image.grid)
    expected = vm.extract(image, mask)  # kernels are loaded
    tracemalloc.start()
    try:
        table = vm.extract(image, mask)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert table == expected
    assert table.rows[0].diagnostics["voxels"] == 1000
    assert peak < 5e6


# types of voxels and labels


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8", ">i2", ">f4"])
def test_types_of_voxels_agree(dtype: str) -> None:
    image, labels = texture() // 2, two_labels()
    ours, expected = features_of(image.astype(dtype), labels), features_of(image, labels)
    if np.dtype(dtype).kind == "f":  # added up voxel by voxel, whole numbers value by value
        near(ours, expected, rel=1e-12)
    else:
        assert ours == expected


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8", "f4", "f8", ">u2", "?"])
def test_types_of_labels_agree(dtype: str) -> None:
    image, labels = texture(), (two_labels() == 1).astype(np.uint8)
    assert features_of(image, labels.astype(dtype)) == features_of(image, labels)


def test_the_largest_label() -> None:
    image, labels = texture(), two_labels().astype(np.uint16)
    expected = features_of(image, labels)
    labels[labels == 1] = 65_535
    assert features_of(image, labels, label=65_535) == expected
    volume = vm.Volume(image, spacing=SPACING)
    with pytest.raises(vm.InputError, match=r"0 to 65535; found 0 to 65536"):
        vm.Mask(labels.astype(np.int32) + (labels > 3), volume.grid)


@pytest.mark.parametrize(
    "shift, dtype", [(-32_768, np.int16), (32_767 - 249, np.int16), (65_535 - 249, np.uint16), (2**31 - 250, np.int32)]
)
def test_values_at_the_limits_of_their_type(shift: int, dtype: type) -> None:
    wide = texture().astype(np.int64) + shift
    assert features_of(wide.astype(dtype), two_labels()) == features_of(wide, two_labels())


# the oracle, on the shapes that images rarely have


def compare_with_pyradiomics(
    radiomics: ModuleType, image: NDArray[Any], labels: NDArray[Any], spacing: tuple[float, ...]
) -> vm.Row:
    # PyRadiomics refuses a mask without a 0, so it gets some around
    theirs = pyradiomics_features(
        radiomics, sitk_image(np.pad(image, 1), spacing), sitk_image(np.pad(labels, 1), spacing), {}
    )
    (row,) = vm.extract(sitk_image(image, spacing), sitk_image(labels, spacing), labels=1).rows
    near(row.features, theirs)
    return row


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.7, 1.9)])
def test_a_flat_image(radiomics: ModuleType, spacing: tuple[float, float]) -> None:
    image, labels = (
        texture((14, 17)),
        two_labels((1, 14, 17))[0] * 0 + (np.random.default_rng(3).random((14, 17)) < 0.7).astype(np.uint8),
    )
    row = compare_with_pyradiomics(radiomics, image, labels, spacing)
    assert [name for name in row.features if "shape" in name] == [f"original_shape2D_{name}" for name in SHAPE_2D]
    assert row.notes == ()
    volume = vm.Volume(image, spacing=spacing)
    assert vm.extract(volume, vm.Mask(labels, volume.grid)).rows[0].features == row.features


def flat_case() -> tuple[vm.Volume, vm.Mask]:
    image = vm.Volume(texture((14, 17)), spacing=(0.7, 1.9))
    return image, vm.Mask(two_labels((3, 14, 17))[1], image.grid)


@pytest.mark.parametrize(
    "features, names",
    [
        ({"shape": "all"}, SHAPE_2D),
        ({"shape2D": "all"}, SHAPE_2D),
        ({"shape2D": ["Perimeter"]}, ("Perimeter",)),
        ({"shape": "all", "shape2D": ["Perimeter", "SphericalDisproportion"]}, ("Perimeter", "SphericalDisproportion")),
    ],
)
def test_shape2d_stands_in_for_shape_of_a_flat_image(features: dict[str, Any], names: tuple[str, ...]) -> None:
    row = vm.extract(*flat_case(), settings={"features": features}).rows[0]
    assert list(row.features) == [f"original_shape2D_{name}" for name in names]


@pytest.mark.parametrize("axis", ["z", "y", "x", "first", "second", "third"])
def test_slices_of_texture_leave_the_shape_of_a_flat_image_alone(axis: str) -> None:
    row = vm.extract(*flat_case(), settings={"slice_axis": axis}).rows[0]
    names = [name for name in row.features if "shape" in name]
    assert names == [f"original_shape2D_{name}" for name in SHAPE_2D]
    whole = vm.extract(*flat_case()).rows[0]
    assert all(row.features[name] == whole.features[name] for name in names)


def test_single_features_of_shape_are_left_out_for_a_flat_image() -> None:
    settings = {"features": {"shape": ["MeshVolume"], "firstorder": ["Mean"]}}
    row = vm.extract(*flat_case(), settings=settings).rows[0]
    assert list(row.features) == ["original_firstorder_Mean"]
    assert row.notes == ("shape needs three dimensions: left out for a flat image; name features of shape2D instead",)


def test_shape2d_is_measured_across_the_axis_along_which_a_region_is_one_voxel_deep() -> None:
    inside = two_labels((3, 9, 11))[1] != 0
    whole = vm.Settings.parse({"features": ["shape2D"]})

    def measured(axis: int, spacing: tuple[float, float, float]) -> list[float]:
        labels = np.pad(np.expand_dims(inside, axis), 2).astype(np.uint8)
        volume = vm.Volume(labels, spacing=spacing)
        (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), settings=whole).rows
        assert row.notes == ()
        return list(row.features.values())

    expected = measured(0, (1.5, 0.75, 9))
    assert measured(1, (1.5, 9, 0.75)) == expected
    assert measured(2, (9, 1.5, 0.75)) == expected


def test_a_line_of_voxels_lies_in_the_slice_across_z() -> None:
    labels = box(4, 5, slice(2, 9))
    volume = vm.Volume(texture(), spacing=SPACING)
    settings = {"features": ["shape2D"], "min_region_dimensions": 1}
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows
    assert row.features["original_shape2D_PixelSurface"] == pytest.approx(7 * SPACING[0] * SPACING[1])


def test_several_slices_have_no_shape2d_and_keep_all_else() -> None:
    settings = {"features": {"shape": ["MeshVolume"], "shape2D": "all", "firstorder": ["Mean"]}}
    (row, _) = vm.extract(*case(), settings=settings).rows
    assert list(row.features) == ["original_shape_MeshVolume", "original_firstorder_Mean"]
    size = " x ".join(map(str, row.diagnostics["box"]))
    assert row.notes == (f"shape2D needs a region of one slice: left out for a box of {size} voxels (z, y, x)",)


@pytest.mark.parametrize("axis", ["z", "first"])
def test_one_slice_across_another_axis_has_no_shape2d(axis: str) -> None:
    labels = box(slice(2, 6), slice(3, 9), 5)
    volume = vm.Volume(texture(), spacing=SPACING)
    settings = {"features": ["shape2D"], "slice_axis": axis}
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows
    assert row.features == {}
    said = "shape2D needs a region of one slice across z: left out for a box of 4 x 6 x 1 voxels (z, y, x)"
    assert row.notes == (said,)


def test_deprecated_features_are_measured_where_they_are_named() -> None:
    named = {"glcm": ["Dissimilarity", "DifferenceAverage", "Homogeneity2", "Idm"], "firstorder": ["StandardDeviation"]}
    (row, _) = vm.extract(*case(), settings={"features": named}).rows
    values = {name.rpartition("_")[2]: value for name, value in row.features.items()}
    assert values["Dissimilarity"] == values["DifferenceAverage"]
    assert values["Homogeneity2"] == values["Idm"]
    assert values["StandardDeviation"] == pytest.approx(texture()[two_labels() == 1].std(), rel=1e-12)
    assert row.notes == (
        "firstorder: deprecated: StandardDeviation equals √Variance",
        "glcm: deprecated: Dissimilarity equals DifferenceAverage, Homogeneity2 equals Idm",
    )


def test_one_slice_of_an_image(radiomics: ModuleType) -> None:
    labels = box(4, slice(2, 9), slice(3, 11))
    labels[4, 5, 5] = 0
    row = compare_with_pyradiomics(radiomics, texture(), labels, SPACING)
    assert row.features["original_shape_LeastAxisLength"] == 0


@pytest.mark.parametrize(
    "labels",
    [np.ones(SHAPE, dtype=np.uint8), box(slice(None), slice(None), slice(None, None, 2))],
    ids=["all", "stripes"],
)
def test_a_region_that_touches_every_border(radiomics: ModuleType, labels: NDArray[np.uint8]) -> None:
    compare_with_pyradiomics(radiomics, texture(), labels, SPACING)


EXACT_WHEN_FLAT = {
    "firstorder": (
        "10Percentile",
        "90Percentile",
        "Energy",
        "InterquartileRange",
        "Maximum",
        "Mean",
        "Median",
        "Minimum",
        "Range",
        "Skewness",
        "Kurtosis",
        "Variance",
        "Uniformity",
        "TotalEnergy",
    ),
    "glcm": (
        "Autocorrelation",
        "ClusterShade",
        "Contrast",
        "Correlation",
        "Id",
        "Idm",
        "JointAverage",
        "JointEnergy",
        "MCC",
        "MaximumProbability",
        "SumAverage",
        "SumSquares",
        "Imc1",
        "Imc2",
    ),
    "glszm": ("GrayLevelVariance", "ZonePercentage", "ZoneVariance", "LargeAreaEmphasis"),
    "ngtdm": ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength"),
}


@pytest.mark.parametrize("value", [0, 7, -1000])
def test_a_flat_region(radiomics: ModuleType, value: int) -> None:
    """Close for all features; the same bits for those that have a value of their own for a flat region."""
    image, labels = np.full(SHAPE, value, dtype=np.int16), (two_labels() == 1).astype(np.uint8)
    theirs = pyradiomics_features(radiomics, sitk_image(image), sitk_image(labels), {})
    ours = features_of(image, labels)
    near(ours, theirs)
    for family, names in EXACT_WHEN_FLAT.items():
        for name in names:
            full = f"original_{family}_{name}"
            assert ours[full] == theirs[full], full
    assert not any(math.isnan(value) for value in ours.values())


# regions that cannot be measured, or not in full


def test_one_voxel_fails_and_the_others_go_on() -> None:
    labels = two_labels()
    labels[0, 0, 0] = 9
    volume = vm.Volume(texture(), spacing=SPACING)
    table = vm.extract(volume, vm.Mask(labels, volume.grid, names={9: "dot"}))
    assert [row.error is None for row in table.rows] == [True, True, False]
    assert table.failed[0].error == "region dot: 1 voxel, at least 2 are needed (min_region_voxels)"
    assert table.failed[0].diagnostics == {"label": 9, "voxels": 1, "box": [1, 1, 1]}
    assert table.rows[:2] == vm.extract(volume, vm.Mask(two_labels(), volume.grid)).rows


def test_a_line_fails_by_default_and_has_values_when_it_is_wanted() -> None:
    labels = box(3, 4, slice(2, 8))
    assert failure(texture(), labels) == (
        "region 1: longer than one voxel along 1 axis only, at least 2 are needed (min_region_dimensions)"
    )
    assert "along 2 axes only, at least 3" in failure(texture(), box(3, slice(4), slice(4)), min_region_dimensions=3)
    volume = vm.Volume(texture(), spacing=SPACING)
    settings = vm.Settings.parse({"min_region_dimensions": 1})
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows
    assert row.error is None
    assert row.features["original_firstorder_Mean"] == texture()[3, 4, 2:8].mean()


def test_a_region_smaller_than_asked_for() -> None:
    assert "27 voxels, at least 28 are needed" in failure(texture(), box(*[slice(3)] * 3), min_region_voxels=28)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_number_inside_fails_and_outside_does_not_matter(value: float, dtype: type) -> None:
    image: NDArray[Any] = texture().astype(dtype)
    labels = two_labels()
    expected = features_of(image, labels)
    image[labels == 0] = value
    assert features_of(image, labels) == expected
    image[tuple(np.argwhere(labels == 1)[[0, 5]].T)] = value
    volume = vm.Volume(image, spacing=SPACING)
    table = vm.extract(volume, vm.Mask(labels, volume.grid))
    assert table.rows[0].error == f"region 1: 2 of its {(labels == 1).sum()} voxels are NaN or infinite"
    assert table.rows[1].error is None


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_too_many_grey_levels(dtype: type) -> None:
    said = failure((texture() * 1e6).astype(dtype), two_labels() // 2)
    assert re_levels(said) > 65_535
    assert said.endswith("; choose a larger bin_width, or a bin_count")
    volume = vm.Volume((texture() * 1e6).astype(dtype), spacing=SPACING)
    settings = vm.Settings(discretise=vm.Discretise(bin_count=32))
    assert not vm.extract(volume, vm.Mask(two_labels(), volume.grid), settings=settings).failed


FLOAT32_AT_1E6 = np.float32(1e6) + np.float32(0.0625) * (texture() % 2).astype(np.float32)


@pytest.mark.parametrize(
    "image, discretise, said",
    [
        (FLOAT32_AT_1E6, {"bin_count": 500}, "500 bins are lost in the rounding of float32 at 1e+06; choose a smaller"),
        (FLOAT32_AT_1E6 * 4, {"bin_width": 1e-3}, "a bin width of 0.001 is lost in the rounding of float32 at 4e+06"),
    ],
)
def test_bins_that_rounding_loses(image: NDArray[Any], discretise: dict[str, float], said: str) -> None:
    found = failure(image, two_labels() // 2, discretise=discretise)
    assert found.startswith(f"region 1: {said}")
    (used,) = discretise
    assert found.endswith(
        {"bin_count": "; choose a smaller bin_count", "bin_width": "; choose a larger bin_width, or a bin_count"}[used]
    )


@pytest.mark.parametrize(
    "discretise, hint",
    [
        ({"bin_count": 60_000}, "choose a smaller bin_count"),
        ({"bin_width": 1}, "choose a larger bin_width, or a bin_count"),
    ],
)
def test_matrices_that_are_too_large_fail_one_row(discretise: dict[str, float], hint: str) -> None:
    shape = (20, 50, 50)
    image = np.arange(50_000, dtype=np.int32).reshape(shape)
    labels = np.ones(shape, dtype=np.uint8)
    labels[0] = 2
    volume = vm.Volume(image, spacing=SPACING)
    settings = vm.Settings.parse({"discretise": discretise, "features": {"glcm": ["Id"]}})
    first, second = vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows
    assert re.fullmatch(
        rf"region 1: \d+ grey levels in 13 directions need matrices of .* GiB, at most 4 are taken; {hint}",
        str(first.error),
    )
    assert second.error is None


def test_too_little_memory_fails_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(region: Region, image: str) -> tuple[dict[str, float], tuple[str, ...]]:
        if region.values.size > 200:
            raise MemoryError
        return measure(region, image)

    monkeypatch.setattr(extraction, "measure", hungry)
    table = vm.extract(*case())
    assert [row.error for row in table.rows] == [
        "region 1: measuring its box of 847 voxels needs more memory than there is; free some",
        None,
    ]
    assert table.failed[0].label == 1
    token = SHARING.set(2)
    try:
        with pytest.raises(MemoryError):  # that others may have
            vm.extract(*case())
    finally:
        SHARING.reset(token)


def re_levels(said: str) -> int:
    """How many grey levels a message speaks of."""
    return int(said.split(" grey levels")[0].rsplit(" ", 1)[1])


@pytest.mark.parametrize("value", [1e30, -1e200, 3e38])
@pytest.mark.parametrize("step", [0.0, 1.0])
def test_values_that_no_bin_width_fits_fail_or_have_values(value: float, step: float) -> None:
    """A width of 25 vanishes beside 1e30: never a crash, and never values from beyond an array."""
    image: NDArray[np.float64] = np.full(SHAPE, value) * (1 + step * texture() / 1e3)
    volume = vm.Volume(image, spacing=SPACING)
    (row, _) = vm.extract(volume, vm.Mask(two_labels(), volume.grid)).rows
    if row.error is None:
        assert row.features["original_firstorder_Mean"] == pytest.approx(value)
    else:
        assert row.error.startswith("region 1: ")
        assert "bin_width" in row.error


def test_voxels_far_apart_have_no_neighbours() -> None:
    labels = box(0, 0, 0)
    labels[8, 10, 12] = 1
    volume = vm.Volume(texture(), spacing=SPACING)
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid)).rows
    assert row.error is None
    undefined = {name.split("_")[1] for name, value in row.features.items() if math.isnan(value)}
    assert {note.split(": undefined for this region (NaN): ")[0] for note in row.notes} == undefined
    assert undefined == {"firstorder", "glcm", "glrlm"}
    assert "firstorder: undefined for this region (NaN): RobustMeanAbsoluteDeviation" in row.notes
    assert row.features["original_firstorder_Maximum"] == max(texture()[0, 0, 0], texture()[8, 10, 12])


@pytest.mark.parametrize("weighting", [None, "euclidean"])
@pytest.mark.parametrize("symmetric", [True, False])
def test_distances_that_no_two_voxels_have(symmetric: bool, weighting: str | None) -> None:  # noqa: FBT001
    """PyRadiomics raises; here nobody has a neighbour."""
    settings = {"distances": [20], "features": ["glcm", "gldm", "ngtdm"]}
    other = {"glcm_symmetric": symmetric, "weighting": weighting}
    (row, _) = vm.extract(*case(), settings={**settings, **other}).rows
    assert [note.split(":")[0] for note in row.notes] == ["glcm"]
    assert math.isnan(row.features["original_glcm_Contrast"])
    assert row.features["original_gldm_SmallDependenceEmphasis"] == 1
    assert row.features["original_ngtdm_Coarseness"] == 1e6


def test_a_distance_that_no_two_voxels_have_adds_nothing() -> None:
    one, other = (vm.extract(*case(), settings={"distances": distances}) for distances in ([1], [12, 1, 50]))
    assert one.rows[0].features == other.rows[0].features


def test_weights_that_vanish_are_no_division_by_zero() -> None:
    volume = vm.Volume(texture(), spacing=(100, 100, 100))
    settings = {"weighting": "euclidean", "features": ["glcm", "glrlm"]}
    (row, _) = vm.extract(volume, vm.Mask(two_labels(), volume.grid), settings=settings).rows
    assert math.isnan(row.features["original_glcm_Contrast"])
    assert math.isfinite(row.features["original_glrlm_RunEntropy"])
    assert row.notes == (
        "glcm: undefined for this region (NaN): no two of its voxels are neighbours, or all so far apart that they "
        "weigh nothing",
    )


@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_one_slice_is_the_same_in_two_dimensions_and_three(axis: str) -> None:
    labels = two_labels()
    inside = np.zeros_like(labels)
    middle = tuple(slice(4, 5) if name == axis else slice(None) for name in "zyx")
    inside[middle] = labels[middle] > 0
    volume = vm.Volume(texture(), spacing=SPACING)
    mask = vm.Mask(inside, volume.grid)
    flat = vm.extract(volume, mask, settings={"slice_axis": axis, "discretise": {"bin_width": 60}}).rows[0]
    solid = vm.extract(volume, mask, settings={"discretise": {"bin_width": 60}}).rows[0]
    near(flat.features, solid.features)


@pytest.mark.parametrize("weighting", [None, "euclidean"])
def test_slices_turn_with_the_axes(weighting: str | None) -> None:
    """x, y and z take turns, in the image, the mask, the spacing and the settings; directions come in another order."""
    textures = ["glcm", "gldm", "glrlm", "glszm", "ngtdm"]
    settings = {"features": textures, "discretise": {"bin_width": 60}, "weighting": weighting, "distances": [1, 2]}
    volume = vm.Volume(texture(), spacing=SPACING)
    turned = vm.Volume(np.ascontiguousarray(texture().transpose(2, 0, 1)), spacing=(SPACING[1], SPACING[2], SPACING[0]))
    labels = two_labels()
    ours = vm.extract(volume, vm.Mask(labels, volume.grid), settings={**settings, "slice_axis": "x"})
    mask = vm.Mask(np.ascontiguousarray(labels.transpose(2, 0, 1)), turned.grid)
    other = vm.extract(turned, mask, settings={**settings, "slice_axis": "z"})
    for row, like in zip(ours.rows, other.rows, strict=True):
        near(row.features, like.features)


def test_a_note_only_on_what_was_asked_for() -> None:
    labels = box(0, 0, 0)
    labels[8, 10, 12] = 1
    volume = vm.Volume(texture(), spacing=SPACING)
    settings = vm.Settings.parse({"features": {"firstorder": ["Mean"], "shape": "all"}})
    assert vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows[0].notes == ()


def test_energy_beyond_what_a_number_can_hold() -> None:
    image = texture() * 1e200
    volume = vm.Volume(image, spacing=SPACING)
    settings = vm.Settings.parse({"features": {"firstorder": ["Energy", "Mean"]}, "discretise": {"bin_count": 8}})
    row = vm.extract(volume, vm.Mask(two_labels(), volume.grid), settings=settings).rows[0]
    assert row.features["original_firstorder_Energy"] == math.inf
    assert row.notes == ("firstorder: larger than any number (infinite): Energy",)


# steps: what cannot be done, and what can


ONE = (two_labels() == 1).astype(np.uint8)
"""A mask with label 1 alone, of 587 voxels."""


@pytest.mark.parametrize(
    "settings, said",
    [
        (
            {"resample": {"spacing_mm": [2, 3, 6]}, "min_region_voxels": 400},
            "resampled, 63 voxels, at least 400 are needed (min_region_voxels)",
        ),
        (
            {"resample": {"spacing_mm": [9, 2, 3]}, "min_region_dimensions": 3},
            "resampled, longer than one voxel along 2 axes only, at least 3 are needed (min_region_dimensions)",
        ),
        (
            {"resample": {"spacing_mm": [30, 30, 30]}},
            "no voxel of it is left on a grid of 30 x 30 x 30 mm; choose a smaller spacing",
        ),
        (
            {"resample": {"spacing_mm": [0.01, 0.01, 0.01]}},
            "resampled to 0.01, 0.01, 0.01 mm its box has 2.79e+09 voxels, more than 2,147,483,648; choose a larger "
            "resample.spacing_mm",
        ),
        (
            {"resample": {"spacing_mm": [1e-30, 1e-30, 1e-30]}},
            "resampled to 1e-30, 1e-30, 1e-30 mm its box has 2.73e+93 voxels, more than 2,147,483,648; choose a larger "
            "resample.spacing_mm",
        ),
        (
            {"resegment": {"range": [1000]}},
            "resegmentation leaves 0 of its 587 voxels, at least 2 are needed (min_region_voxels); choose a wider "
            "resegment.range",
        ),
        (
            {"resegment": {"range": [200, 210]}, "min_region_voxels": 200},
            "resegmentation leaves 32 of its 587 voxels, at least 200 are needed (min_region_voxels); choose a wider "
            "resegment.range",
        ),
    ],
    ids=str,
)
def test_steps_that_leave_too_little_or_make_too_much(settings: dict[str, Any], said: str) -> None:
    assert failure(texture(), ONE, **settings) == f"region 1: {said}"


def test_resegmentation_that_leaves_a_line() -> None:
    image = np.zeros(SHAPE, dtype=np.int16)
    image[4, 5, 3:9] = 7
    assert failure(image, ONE, resegment={"range": [5]}) == (
        "region 1: resegmented, longer than one voxel along 1 axis only, at least 2 are needed (min_region_dimensions)"
    )


@pytest.mark.parametrize("mode", ["relative", "sigma"])
def test_no_limits_can_be_taken_from_what_is_no_number(mode: str) -> None:
    image = texture().astype(np.float32)
    image[4, 5, 3] = np.nan
    assert ONE[4, 5, 3] == 1
    said = failure(image, ONE, resegment={"range": [0, 1], "mode": mode})
    assert said == "region 1: 1 of its 587 voxels is NaN or infinite"


def test_what_is_no_number_may_lie_beyond_absolute_limits() -> None:
    image = texture().astype(np.float32)
    image[4, 5, 3] = np.nan
    volume = vm.Volume(image, spacing=SPACING)
    (row,) = vm.extract(volume, vm.Mask(ONE, volume.grid), settings={"resegment": {"range": [0]}}).rows
    assert row.error is None
    assert row.diagnostics["voxels"] == 586


def refusal(image: NDArray[Any], settings: Mapping[str, Any]) -> str:
    """Why a case cannot be measured at all."""
    volume = vm.Volume(image, spacing=SPACING[: image.ndim], name="scan")
    mask = vm.Mask(ONE if image.ndim == 3 else ONE[4], volume.grid, name="labels")
    with pytest.raises(vm.VoxmillError) as caught:
        vm.extract(volume, mask, settings=settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("place", [(0, 0, 0), (4, 5, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_with_voxels_that_are_no_numbers_is_not_normalised(place: tuple[int, ...], value: float) -> None:
    """Wherever they lie: the deviation is that of the whole image."""
    image = texture().astype(np.float32)
    image[place] = value
    assert refusal(image, {"normalise": True}) == (
        "scan: cannot be normalised: it has voxels that are NaN or infinite, or one voxel only: there is no deviation "
        "to use"
    )


@pytest.mark.parametrize("dtype", [np.int16, np.float64])
def test_a_flat_image_is_not_normalised(dtype: type) -> None:
    said = refusal(np.full(SHAPE, 7, dtype=dtype), {"normalise": True})
    assert said == "scan: cannot be normalised: every voxel is 7: there is no deviation to divide by"


@pytest.mark.parametrize("dimensions, spacing, given", [(3, [1, 1], "2 numbers"), (2, [1, 1, 1], "3 numbers")])
def test_a_spacing_for_other_dimensions(dimensions: int, spacing: list[float], given: str) -> None:
    said = refusal(texture(SHAPE[3 - dimensions :]), {"resample": {"spacing_mm": spacing}})
    assert said == f"resample.spacing_mm: {given} for {dimensions} dimensions; give one for each"
    assert refusal(texture(SHAPE[3 - dimensions :]), {"setting": {"resampledPixelSpacing": spacing}}) == said


@pytest.mark.parametrize("label, said", [(9, "label 9"), ("ghost", "label ghost")])
def test_a_union_of_what_is_not_there(label: int | str, said: str) -> None:
    volume = vm.Volume(texture(), spacing=SPACING)
    _, union = vm.extract(volume, vm.Mask(ONE, volume.grid), settings={"unions": {"both": [1, label]}}).rows
    assert union.error == f"region both: of its union, {said} is not in the mask; labels present: 1"


STEPS: tuple[Mapping[str, Any], ...] = (
    {"crop": True},
    {"resample": {"spacing_mm": [1, 1, 1]}},
    {"resample": {"spacing_mm": [2, 2, 0], "interpolator": "linear"}, "resegment": {"range": [-3, 3], "mode": "sigma"}},
    {"resegment": {"range": [0.5], "mode": "relative"}},
)


@pytest.mark.parametrize("settings", STEPS, ids=str)
@pytest.mark.parametrize(
    "labels",
    [np.ones(SHAPE, dtype=np.uint8), box(4), box(slice(None), 5), box(slice(3), slice(4), slice(5))],
    ids=["whole image", "slice across z", "slice across y", "corner"],
)
def test_steps_on_regions_of_one_slice_and_at_the_border(
    labels: NDArray[np.uint8], settings: Mapping[str, Any]
) -> None:
    volume = vm.Volume(texture(), spacing=SPACING)
    (row,) = vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings).rows
    assert row.error is None
    assert len(row.features) == 107
    assert all(math.isfinite(value) for value in row.features.values())


@pytest.mark.parametrize("settings", STEPS, ids=str)
def test_steps_on_a_flat_region(settings: Mapping[str, Any]) -> None:
    volume = vm.Volume(np.full(SHAPE, 7.5), spacing=SPACING)
    (row,) = vm.extract(volume, vm.Mask(ONE, volume.grid), settings=settings).rows
    assert row.error is None
    assert row.features["original_firstorder_Range"] == pytest.approx(0, abs=1e-12)
    assert row.features["original_firstorder_Mean"] == pytest.approx(7.5, rel=1e-12)
    assert row.features["original_glcm_JointEnergy"] == 1


# grids


def test_grids_that_differ_are_both_in_the_message() -> None:
    image = vm.Volume(texture(), spacing=SPACING, origin=(0, 0, 5), name="ct")
    mask = vm.Mask(two_labels(), spacing=(0.75, 1.5, 3.5), name="seg")
    with pytest.raises(vm.InputError) as caught:
        vm.extract(image, mask, settings={"mask_on_other_grid": "error"})
    said = str(caught.value)
    assert said.startswith("seg: the mask does not lie on the grid of ct; their origin differs by up to 5 mm; ")
    assert str(image.grid) in said
    assert str(mask.grid) in said
    assert "(0.75, 1.5, 3) mm" in said
    assert "(0.75, 1.5, 3.5) mm" in said


def test_a_mask_on_another_grid_is_resampled_and_the_row_says_so() -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    inside = box(slice(2, 6), slice(3, 8), slice(4, 11))
    expected = features_of(texture(), inside)
    finer = vm.Mask(np.repeat(np.repeat(inside, 3, axis=1), 3, axis=2), spacing=(0.25, 0.5, 3), origin=(-0.25, -0.5, 0))
    (row,) = vm.extract(image, finer).rows
    assert row.features == expected
    assert row.notes == ("mask resampled onto the grid of its image (nearest voxel)",)


def test_a_mask_that_reaches_out_of_its_image() -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    (row,) = vm.extract(image, vm.Mask(box(slice(2, 9), 4), spacing=SPACING, origin=(0, 0, 6))).rows
    assert row.error == (
        "region 1: it reaches out of the image: its box lies at voxels [-0.5, 3.5, 3.5] to [12.5, 4.5, 10.5] (x, y, z) "
        "of an image of [13, 11, 9]; give the image that the mask was drawn on"
    )


def test_how_far_grids_may_differ_is_a_setting() -> None:
    image = vm.Volume(texture(), spacing=SPACING)
    mask = vm.Mask(two_labels(), spacing=SPACING, origin=(0.0007, 0, 0))
    strict = vm.Settings(mask_on_other_grid="error")
    with pytest.raises(vm.InputError, match="does not lie on the grid"):
        vm.extract(image, mask, settings=strict)
    table = vm.extract(image, mask, settings=strict.changed({"grid_tolerance": 1e-3}))
    assert [row.notes for row in table.rows] == [(), ()]
    assert not table.failed


def test_a_flat_mask_for_an_image_that_is_not() -> None:
    image = vm.Volume(texture((1, 8, 8)), spacing=SPACING, name="ct")
    mask = vm.Mask(box(slice(2, 6), slice(2, 6), shape=(8, 8)), spacing=SPACING, name="seg")
    with pytest.raises(vm.InputError, match="seg: the mask has 2 dimensions, ct has 3"):
        vm.extract(image, mask)


@pytest.mark.parametrize("shear, refused", [(MAX_SHEAR * 10, True), (MAX_SHEAR / 10, False)])
def test_a_sheared_grid_is_refused(shear: float, refused: bool) -> None:  # noqa: FBT001
    affine = np.diag([3.0, 1.5, 0.75, 1.0])[[2, 1, 0, 3]]
    affine[1, 0] = 3 * shear
    grid = vm.Grid(SHAPE, affine)  # type: ignore[arg-type]
    image, mask = vm.Volume(texture(), grid, name="tilted"), vm.Mask(two_labels(), grid)
    if refused:
        with pytest.raises(vm.InputError, match="tilted: its axes are not at right angles"):
            vm.extract(image, mask)
    else:
        assert not vm.extract(image, mask).failed


def tilted(image: vm.Volume, shear: float) -> vm.Grid:
    """The grid of an image whose slices are each moved along y by `shear` times their distance."""
    matrix = image.grid.matrix.copy()
    matrix[1, 0] += shear * image.grid.spacing[2]
    return vm.Grid(image.grid.shape, matrix)  # type: ignore[arg-type]


def test_a_tilted_scan_is_resampled_onto_square_axes() -> None:
    """A scan of a tilted gantry of what is linear in space, so that linear interpolation finds it again."""
    square = vm.Volume(np.zeros((20, 24, 26), dtype=np.float32), spacing=(0.75, 1.5, 3.0), origin=(5, -7, 11))
    grid = tilted(square, 0.3)
    places = grid.points(np.moveaxis(np.indices(grid.shape), 0, -1))
    image = vm.Volume((places @ [0.5, -2.0, 1.0]).astype(np.float32), grid, name="tilted")
    ball = (np.linalg.norm(places - grid.points((9.5, 11.5, 12.5)), axis=-1) < 8).astype(np.uint8)
    settings = {
        "resample": {"spacing_mm": [1, 1, 1], "interpolator": "linear"},
        "discretise": {"bin_width": 1},
        "features": {"firstorder": ["Mean"], "shape": ["MeshVolume", "Elongation", "Flatness"]},
    }
    (row,) = vm.extract(image, vm.Mask(ball, grid), settings=settings).rows
    assert row.error is None
    assert row.notes[0] == "axes not at right angles (cosine 0.2873): resampled onto square axes, along its rows"
    found = {name.rpartition("_")[2]: value for name, value in row.features.items()}
    assert found["Mean"] == pytest.approx(float(grid.points((9.5, 11.5, 12.5)) @ [0.5, -2.0, 1.0]), abs=0.2)
    assert found["MeshVolume"] == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.05)
    assert min(found["Elongation"], found["Flatness"]) > 0.95


@pytest.mark.parametrize("spacing_mm", [1e-8, 1e-200, 1e-308, 5e-324])
def test_spacings_too_small_to_count_in_fail_their_region(spacing_mm: float) -> None:
    said = failure(texture(), box(slice(2, 6), slice(2, 6)), resample={"spacing_mm": [1, spacing_mm, 1]})
    assert "choose a larger resample.spacing_mm" in said


# memory, numbers without end


def test_a_box_that_is_too_large_fails_its_region_and_not_those_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions whose boxes overlap are read together; where there is no memory for that, one by one."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:8, 1:10, 1:10] = 1
    labels[3:5, 3:5, 3:5] = 2
    image = vm.Volume(texture(), spacing=SPACING)
    mask = vm.Mask(labels, image.grid)
    settings = vm.Settings.parse({"images": ["original", "square"]})
    expected = vm.extract(image, mask, settings=settings)
    plentiful = vm.Volume.read
    sizes: list[int] = []

    def scarce(volume: vm.Volume, window: vm.Window) -> np.ndarray:
        sizes.append(window.size)
        if window.size > 100:
            raise MemoryError
        return plentiful(volume, window)

    monkeypatch.setattr(vm.Volume, "read", scarce)
    rows = vm.extract(image, mask, settings=settings).rows
    assert "needs more memory than there is" in (rows[0].error or "")
    assert rows[1].features == expected.rows[1].features
    assert sizes == [567, 567, 8, 8]


@pytest.mark.parametrize("spacing", [1e-60, 1e52])
def test_spacings_that_no_volume_can_be_told_of(spacing: float) -> None:
    image = vm.Volume(texture(), spacing=(spacing, spacing, spacing), name="ct")
    with pytest.raises(vm.InputError, match=r"ct: its spacing is .* mm can be measured"):
        vm.extract(image, vm.Mask(two_labels(), image.grid))


@pytest.mark.parametrize("interpolator", ["nearest", "linear", "bspline"])
def test_infinite_voxels_are_refused_however_they_are_resampled(interpolator: str) -> None:
    values = texture().astype(np.float32)
    values[4, 4, 4] = np.inf
    image = vm.Volume(values, spacing=SPACING)
    settings = vm.Settings.parse({"resample": {"spacing_mm": [1, 1, 1], "interpolator": interpolator}})
    (row,) = vm.extract(image, vm.Mask(np.ones(SHAPE, np.uint8), image.grid), settings=settings).rows
    assert "NaN or infinite" in (row.error or "")
