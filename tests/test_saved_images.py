"""Saved images are what an extraction measures."""

from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from small_images import SPACING, texture, two_labels
from voxmill.saved_images import save_images

FILTERS = vm.Settings.parse({"images": {"original": {}, "log": {"sigma_mm": [1.0, 2]}, "wavelet": {}, "square": {}}})


def case() -> tuple[vm.Volume, vm.Mask]:
    image = vm.Volume(texture(), spacing=SPACING, name="a/ct 1")
    return image, vm.Mask(two_labels(), image.grid, names={1: "tumour"})


def test_saved_images_are_what_is_measured(tmp_path: Path) -> None:
    image, mask = case()
    settings = FILTERS.changed({"features": {"firstorder": ["Mean", "Maximum"]}, "resegment": {"range": [50, 400]}})
    files = save_images(image, mask, tmp_path / "new" / "folder", settings=settings, labels=["tumour"])
    assert len(files) == 1 + 2 + 8 + 1 + 1
    assert all(file.exists() and file.name.startswith("a-ct-1_tumour_") for file in files)
    (row,) = vm.extract(image, mask, settings=settings, labels=["tumour"]).rows
    inside = vm.read_mask(files[-1])
    assert inside.segments[0].voxels == row.diagnostics["voxels"]
    for file in files[:-1]:
        saved = vm.read_image(file)
        assert saved.grid.matches(inside.grid)
        values = saved.array[inside.layers[0] == 1]
        name = file.stem.split("_")[-1]
        assert row.features[f"{name}_firstorder_Maximum"] == values.max()
        assert row.features[f"{name}_firstorder_Mean"] == pytest.approx(float(values.mean(dtype=np.float64)), rel=1e-6)


def test_regions_whose_names_are_the_same_in_files(tmp_path: Path) -> None:
    image, mask = case()
    layers = [mask.layers[0] == 1, mask.layers[0] == 3, mask.layers[0] > 0]
    names = {(0, 1): "GTV 1", (1, 1): "gtv-1", (2, 1): "GTV-1-2"}
    several = vm.Mask.of_layers([layer.astype(np.uint8) for layer in layers], image.grid, names=names)
    files = save_images(image, several, tmp_path, settings=vm.Settings())
    assert sorted(files) == sorted(tmp_path.iterdir())
    begins = [file.name.removesuffix("_mask.nrrd") for file in files if file.name.endswith("_mask.nrrd")]
    assert begins == ["a-ct-1_GTV-1", "a-ct-1_gtv-1-2", "a-ct-1_GTV-1-2-2"]
    voxels = [vm.read_mask(file).segments[0].voxels for file in files if file.name.endswith("_mask.nrrd")]
    assert voxels == [int(layer.sum()) for layer in layers]


def test_regions_that_cannot_be_measured_have_no_files(tmp_path: Path) -> None:
    image, mask = case()
    assert save_images(image, mask, tmp_path, settings=vm.Settings(min_region_voxels=10_000)) == []
