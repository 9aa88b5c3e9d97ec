"""Image types through `extract`: names and their order, notes, and what may change no value."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from small_images import SPACING, case, texture
from voxmill.execute import derive, share
from voxmill.image_types import IMAGE_TYPES
from voxmill.operators.images import chains
from voxmill.operators.operator import Form
from voxmill.settings import Settings

SOME: Mapping[str, Any] = {
    "original": {},
    "log": {"sigma_mm": [1, 2.5]},
    "wavelet": {"wavelet": "haar"},
    "square": {},
    "gradient": {},
    "lbp2d": {},
    "lbp3d": {"levels": 1},
}
NAMES = (
    "original",
    "log-sigma-1-mm-3D",
    "log-sigma-2-5-mm-3D",
    *(f"wavelet-{band}" for band in ("LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH", "LLL")),
    "square",
    "gradient",
    "lbp-2D",
    "lbp-3D-m1",
    "lbp-3D-k",
)
FEATURES: Mapping[str, Any] = {"shape": ["MeshVolume"], "firstorder": ["Mean", "Energy"], "glcm": ["Contrast"]}
TALL = (600, 512, 512)


def settings(**given: Any) -> vm.Settings:  # noqa: ANN401
    return vm.Settings.parse({"images": SOME, "features": FEATURES, **given})


def rows(image: vm.Volume, mask: vm.Mask, used: vm.Settings, **options: Any) -> tuple[vm.Row, ...]:  # noqa: ANN401
    table = vm.extract(image, mask, settings=used, **options)
    assert not table.failed
    return table.rows


def test_every_image_has_its_columns_in_order_and_shape_is_of_the_mask() -> None:
    (row, _) = rows(*case(), settings())
    of_images = [f"{name}_{one}" for name in NAMES for one in ("firstorder_Energy", "firstorder_Mean", "glcm_Contrast")]
    assert list(row.features) == ["original_shape_MeshVolume", *of_images]


def test_an_image_type_has_what_it_has_alone() -> None:
    (together, _) = rows(*case(), settings())
    for name, own in SOME.items():
        (alone, _) = rows(*case(), settings(images={name: own}))
        assert alone.features.items() <= together.features.items()


def test_without_the_original_there_are_its_shape_and_nothing_else_of_it() -> None:
    (row, _) = rows(*case(), settings(images={"square": {}}))
    assert [name for name in row.features if name.startswith("original")] == ["original_shape_MeshVolume"]


def test_settings_of_one_image_type_are_those_of_no_other() -> None:
    plain, _ = rows(*case(), settings())
    own = {**SOME, "gradient": {"discretise": {"bin_count": 4}, "distances": [2], "voxel_array_shift": 100}}
    changed, _ = rows(*case(), settings(images=own))
    different = {name for name, value in plain.features.items() if changed.features[name] != value}
    assert different == {"gradient_firstorder_Energy", "gradient_glcm_Contrast"}


def test_threads_change_nothing() -> None:
    labels = np.zeros((20, 30, 40), np.uint8)
    for number, place in enumerate(np.ndindex(2, 2, 2), start=1):
        z, y, x = (3 + 8 * one for one in place)
        labels[z : z + 6, y : y + 7, x : x + 5] = number
    image = vm.Volume(texture(labels.shape), spacing=SPACING)
    mask = vm.Mask(labels, image.grid)
    one, four = (vm.extract(image, mask, settings=settings(), threads=threads) for threads in (1, 4))
    assert one.rows == four.rows


@pytest.mark.parametrize(
    "steps", [{}, {"crop": {"margin_voxels": 2}}, {"resample": {"spacing_mm": [1, 1, 2]}}], ids=str
)
def test_regions_measured_together_have_what_they_have_alone(steps: Mapping[str, Any]) -> None:
    """Boxes that overlap share what is made of them; labels in layers share voxels as well."""
    image, mask = case()
    both = vm.Mask.of_layers([mask.layers[0], np.ones_like(mask.layers[0])], image.grid, names={(1, 1): "all"})
    used = settings(unions={"both": [1, 3]}, **steps)
    together = {row.region: row.features for row in rows(image, both, used)}
    assert len(together) == 4
    for region, features in together.items():
        (alone,) = (row for row in rows(image, both, used, labels=[region]) if row.region == region)
        assert alone.features == features


def test_a_region_is_what_it_is_in_the_whole_filtered_image() -> None:
    image, mask = case()
    (row,) = rows(image, mask, settings(), labels=[3])
    inside = mask.layers[0] == 3
    for name, own in SOME.items():
        made = chains(IMAGE_TYPES[name](**own), Form(image.grid, image.dtype), None)
        for title, operators in made.items():
            whole = derive(image, *operators).read(vm.Window.whole(image.grid.shape))
            assert row.features[f"{title}_firstorder_Mean"] == pytest.approx(whole[inside].mean(dtype=float), rel=1e-12)


def test_resegmentation_chooses_voxels_by_the_original_image() -> None:
    image, mask = case()
    (row,) = rows(image, mask, settings(resegment={"range": [50, 150]}), labels=[1])
    inside = (mask.layers[0] == 1) & (image.array >= 50) & (image.array <= 150)
    squares = derive(image, *chains(IMAGE_TYPES["square"](), Form(image.grid, image.dtype), None)["square"])
    expected = squares.read(vm.Window.whole(image.grid.shape))[inside].mean()
    assert row.features["square_firstorder_Mean"] == pytest.approx(expected, rel=1e-12)


def test_a_flat_image_has_the_bands_of_two_axes() -> None:
    labels = np.zeros((20, 22), np.uint8)
    labels[4:16, 5:17] = 1
    image = vm.Volume(texture(labels.shape), spacing=SPACING[:2])
    flat = {name: own for name, own in SOME.items() if name != "lbp3d"}
    (row,) = rows(image, vm.Mask(labels, image.grid), settings(images=flat, features={"firstorder": ["Mean"]}))
    bands = [name for name in row.features if name.startswith("wavelet")]
    assert bands == [f"wavelet-{band}_firstorder_Mean" for band in ("LH", "HL", "HH", "LL")]


def test_what_is_too_small_for_a_filter_is_left_out_with_a_note() -> None:
    image, mask = case()
    (row, other) = rows(image, mask, settings(images={"original": {}, "log": {"sigma_mm": [1, 10]}, "square": {}}))
    (note,) = row.notes
    assert note.startswith("log: left out: LoG with a sigma of 10 mm needs at least 15 voxels along x")
    assert other.notes == (note,)
    assert {name.partition("_")[0] for name in row.features} == {"original", "log-sigma-1-mm-3D", "square"}


@pytest.mark.parametrize(
    "images, said",
    [
        ({"wavelet": {"wavelet": "coif99"}}, "there is no wavelet 'coif99'"),
        ({"wavelet": {"levels": 0}}, "images.wavelet: levels must be at least 1; found 0"),
        ({"wavelet": {"start_level": 99}}, "images.wavelet: start_level must be at most 20; found 99"),
        ({"log": {"sigma_mm": [-1]}}, "images.log: sigma_mm.0 must be above 0; found -1"),
        ({"log": {"sigma_mm": []}}, "give at least one, each once"),
        ({"log": {"sigma_mm": [1, math.nan]}}, "images.log: sigma_mm.1 must be finite; found nan"),
        ({"lbp2d": {"samples": 1025}}, "images.lbp2d: samples must be at most 1024; found 1025"),
        ({"lbp2d": {"samples": 32, "method": "ror"}}, "images.lbp2d: samples must be at most 31 by the method ror; fo"),
        ({"lbp2d": {"samples": 0}}, "images.lbp2d: samples must be at least 1; found 0"),
        (
            {"lbp2d": {"method": "unifrom"}},
            "images.lbp2d: method must be 'default', 'ror', 'uniform', 'nri_unif",
        ),
        ({"lbp2d": {"radius": 0}}, "images.lbp2d: radius must be above 0; found 0"),
        ({"lbp2d": {"radius": math.inf}}, "images.lbp2d: radius must be finite; found inf"),
        ({"lbp3d": {"radius": math.nan}}, "images.lbp3d: radius must be finite; found nan"),
        ({"lbp3d": {"levels": 0}}, "images.lbp3d: levels must be at least 1; found 0"),
        ({"lbp3d": {"subdivision": -1}}, "images.lbp3d: subdivision must be at least 0; found -1"),
        ({"wavelet": {"wavelet": "mexh"}}, "there is no wavelet 'mexh'"),
        ({"wavelet": {"start_level": -1}}, "images.wavelet: start_level must be at least 0; found -1"),
        ({"lbp3d": {"levels": 17}}, "images.lbp3d: levels must be at most 16; found 17"),
        ({"lbp3d": {"subdivision": 6}}, "images.lbp3d: subdivision must be at most 5; found 6"),
        ({"log": {}}, "images.log: sigma_mm is needed"),
        ({"laplacian": {}}, "laplacian"),
        ({"gradient": {"spacing": True}}, "spacing"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(images: Mapping[str, Any], said: str) -> None:
    with pytest.raises(vm.SettingsError) as refused:
        Settings.parse({"images": images})
    assert said in str(refused.value)
    assert str(refused.value).count("found") <= 1
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 0.5), (0.3, 0.3, 6.0)])
def test_a_tall_volume_of_thin_slices(spacing: tuple[float, float, float]) -> None:
    """Small windows are those of a column through all slices, in the middle and at every border, of every image.

    Not promised here: that the column is right, which the definitions on small images say.
    """
    random = np.random.default_rng(5)
    voxels = np.empty(TALL, np.int16)
    for z in range(TALL[0]):
        voxels[z] = random.normal(40, 60, TALL[1:])
    image = vm.Volume(voxels, spacing=spacing)
    types = {name: own for name, own in SOME.items() if name[:3] != "lbp"} | {"log": {"sigma_mm": [1, 3]}}
    for name, own in types.items():
        made = chains(IMAGE_TYPES[name](**own), Form(image.grid, image.dtype), None)
        sources = [derive(image, *operators) for operators in made.values()]
        for y, x in ((0, 0), (250, 490), (490, 250)):
            column = vm.Window((0, y, x), (TALL[0], y + 22, x + 22))
            for source, whole in zip(sources, share(sources, [column] * len(sources)), strict=True):
                for z in (0, 137, 299, 580):
                    window = vm.Window((z, y + 3, x + 1), (z + 20, y + 20, x + 22))
                    found = source.read(window)
                    assert found.tobytes() == np.ascontiguousarray(whole[window.within(column).slices]).tobytes()


def test_patterns_that_are_nan_are_left_out() -> None:
    image, mask = case()
    voxels = image.array.astype(np.float32)
    voxels[0, 0, 0] = np.nan
    (row, _) = rows(vm.Volume(voxels, image.grid), mask, settings(images={"lbp3d": {}}))
    assert list(row.features) == ["original_shape_MeshVolume"]
    assert [note.split(": ")[0] for note in row.notes] == ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"]


def test_what_is_left_out_of_log_is_one_sigma() -> None:
    (row, _) = rows(*case(), settings(images={"log": {"sigma_mm": [0.01, 1, 10, 2.5]}}))
    assert {name.partition("_")[0] for name in row.features} == {"original", "log-sigma-1-mm-3D", "log-sigma-2-5-mm-3D"}
    assert [note.partition(";")[0] for note in row.notes] == [
        "log: left out: LoG with a sigma of 10 mm needs at least 15 voxels along x, and the image has 13",
        "log: left out: a LoG with a sigma of 0.01 mm is too narrow for voxels 3 mm apart",
    ]


@pytest.mark.parametrize(
    "name, start_level, levels, made, last",
    [
        ("haar", 0, 12, 12 * 7 + 1, 12),
        ("haar", 0, 14, 12 * 7, 12),
        ("haar", 11, 1, 8, 12),
        ("haar", 12, 1, 0, 12),
        ("haar", 20, 20, 0, 12),
        ("coif1", 0, 3, 2 * 7, 2),
        ("coif17", 0, 1, 8, 1),
        ("coif17", 0, 2, 7, 1),
        ("coif17", 1, 1, 0, 1),
    ],
)
def test_wavelets_that_are_too_deep(name: str, start_level: int, levels: int, made: int, last: int) -> None:
    """The longest axis has 13 voxels; filters of haar, coif1 and coif17 have 2, 6 and 102 taps."""
    wavelet = {"wavelet": name, "levels": levels, "start_level": start_level}
    images, features = {"original": {}, "wavelet": wavelet}, {"firstorder": ["Mean"]}
    used = settings(images=images, features=features, discretise={"bin_count": 8})
    (row, _) = rows(*case(), used)
    assert sum(title.startswith("wavelet") for title in row.features) == made
    said = f"wavelet: left out: levels above {last}: level {start_level + levels} of {name} averages over "
    assert [note.startswith(said) for note in row.notes] == [True] * (start_level + levels > last)
