"""What an extraction does, to look at: its plan is what it reads and makes, its images are what it measures."""

from pathlib import Path

import numpy as np
import pytest

import voxmill as vm
from small_images import SPACING, texture, two_labels
from voxmill.cli.show import plan_csv
from voxmill.inspection import inspect_plan, save_images

FILTERS = vm.Settings.parse({"images": {"original": {}, "log": {"sigma_mm": [1.0, 2]}, "wavelet": {}, "square": {}}})


def case() -> tuple[vm.Volume, vm.Mask]:
    image = vm.Volume(texture(), spacing=SPACING, name="a/ct 1")
    return image, vm.Mask(two_labels(), image.grid, names={1: "tumour"})


def test_a_plan_reads_what_the_filters_need_and_makes_what_they_share_once() -> None:
    image, mask = case()
    steps = inspect_plan(image, mask, settings=FILTERS, labels=[1])
    assert {step.region for step in steps} == {"tumour"}
    operators = [step.operator for step in steps]
    assert operators.count("Laplacian(sigma_mm=1.0)") == 1
    assert sum(step.startswith("Pass(axis=2") for step in operators) == 2
    assert sum(step.startswith("Pass(axis=1") for step in operators) == 4
    assert sum(step.startswith("Pass(axis=0") for step in operators) == 8
    read = [step for step in steps if step.operator == "read"]
    assert read[0].bytes == np.prod(read[0].shape) * image.dtype.itemsize  # type: ignore[arg-type]
    box = mask.segments[0].box.shape
    assert all(step.shape >= box for step in steps if step.shape)
    assert plan_csv(steps).splitlines()[0] == "region,step,makes,from,bytes"
    assert len(plan_csv(steps).splitlines()) == len(steps) + 1


def test_a_plan_without_filters_reads_the_box() -> None:
    image, mask = case()
    (step,) = inspect_plan(image, mask, settings=vm.Settings(), labels=[1])
    assert (step.operator, step.shape, step.given) == ("read", mask.segments[0].box.shape, ())


def test_a_plan_says_why_nothing_is_made() -> None:
    image, mask = case()
    (step,) = inspect_plan(image, mask, settings=vm.Settings(min_region_voxels=10_000), labels=[1])
    assert "at least 10000 are needed" in step.reason
    (first, *_) = inspect_plan(image, mask, settings=vm.Settings.parse({"images": {"log": {"sigma_mm": [50]}}}))
    assert "needs at least" in first.reason


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


def test_regions_that_cannot_be_measured_have_no_files(tmp_path: Path) -> None:
    image, mask = case()
    assert save_images(image, mask, tmp_path, settings=vm.Settings(min_region_voxels=10_000)) == []
