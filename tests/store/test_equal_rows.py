"""Features through a store are those from files or memory, to the bit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from image_cases import noise
from small_images import SHAPE, case
from stored import stored

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "steps": {
        "normalise": {"scale": 100, "outliers": 3},
        "resample": {"spacing_mm": [2, 2, 2]},
        "resegment": {"range": [-3, 3], "mode": "sigma"},
    },
    "filters": {
        "images": {"original": {}, "log": {"sigma_mm": [2.0]}, "wavelet": {}, "square": {}, "exponential": {}},
        "features": ["firstorder", "glcm"],
    },
    "diagnostics": {"diagnostics": True, "features": ["firstorder"]},
    "components": {"components": {"min_volume_mm3": 0}, "features": ["shape", "firstorder"]},
}


def content(table: vm.Table) -> str:
    """All that a table holds, every digit included."""
    return repr(table.to_dict())


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
def test_reference_cases(reference_data: Path, tmp_path: Path, name: str, settings: Mapping[str, Any]) -> None:
    files = [reference_data / "pyradiomics" / f"{name}_{kind}.nrrd" for kind in ("image", "label")]
    image = vm.read_image(files[0])
    found = stored(tmp_path / "store", image, vm.read_mask(files[1], image))
    assert content(vm.extract(found, found.masks[0], settings=settings)) == content(
        vm.extract(*files, settings=settings)
    )


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8"])
def test_other_types(tmp_path: Path, dtype: str, settings: Mapping[str, Any]) -> None:
    _, mask = case()
    image = vm.Volume(noise(4, SHAPE, dtype), mask.grid, name="scan", notes=["of a phantom"])
    found = stored(tmp_path / "store", image, mask)
    for threads in (1, 3):
        table = vm.extract(found, found.masks[0], settings=settings, threads=threads)
        assert content(table) == content(vm.extract(image, mask, settings=settings))


def test_overlapping_segments_and_unions(tmp_path: Path) -> None:
    image, _ = case()
    layers = [np.zeros(SHAPE, np.uint8) for _ in range(2)]
    layers[0][2:6, 2:8, 2:9] = 1
    layers[1][4:8, 4:10, 4:11] = 2
    mask = vm.Mask.of_layers(layers, image.grid, names={1: "tumour", 2: "node"}, notes=["drawn twice"])
    found = stored(tmp_path / "store", image, mask)
    settings = {"unions": {"all": ["tumour", "node"]}}
    table = vm.extract(found, found.masks[0], settings=settings)
    assert [row.region for row in table.rows] == ["tumour", "node", "all"]
    assert content(table) == content(vm.extract(image, mask, settings=settings))


def test_a_mask_on_a_grid_of_its_own(tmp_path: Path) -> None:
    image, _ = case()
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:6, 2:8, 2:9] = 1
    moved = vm.Mask(labels, spacing=image.grid.spacing, origin=(0.3, 0.2, 0.1))
    found = stored(tmp_path / "store", image, moved)
    table = vm.extract(found, found.masks[0])
    assert "resampled onto the grid" in table.rows[0].notes[-1]
    assert content(table) == content(vm.extract(image, moved))


def test_flat_images(tmp_path: Path) -> None:
    image = vm.Volume(noise(6, (1, 40, 50), "i2")[0], spacing=(1, 2))
    labels = np.zeros((40, 50), np.uint8)
    labels[10:20, 10:30] = 1
    mask = vm.Mask(labels, image.grid)
    found = stored(tmp_path / "store", image, mask)
    assert content(vm.extract(found, found.masks[0])) == content(vm.extract(image, mask))
