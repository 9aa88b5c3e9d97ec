"""Segments that a file describes and that have no voxel: a note, and a failed row for whoever asks for one of them."""

from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

import voxmill as vm
from cohort_files import FEW, rows_of, write_table
from dicom_masks import segments, write_scan, write_segmentation
from small_images import SPACING, sitk_image, texture, two_labels
from stored import write_case
from voxmill.cohort import run_cohort
from voxmill.preview import preview

NAMES = ("GTVp", "GTVn", "GTVx")
SAID = "region GTVn: it has no voxel in the mask"
NOTE = "segments without a voxel were left out: GTVn"


@pytest.fixture
def case(tmp_path: Path) -> tuple[Path, Path]:
    """A scan, and a segmentation whose second segment is empty."""
    series = write_scan(tmp_path / "ct")
    pixels = segments()
    pixels[1] = False
    return tmp_path / "ct", write_segmentation(tmp_path / "seg.dcm", series, pixels, names=NAMES)


def ended(table: vm.Table) -> list[tuple[str, str | None]]:
    return [(row.region, row.error) for row in table.rows]


def test_who_does_not_ask_for_it_has_a_note(case: tuple[Path, Path]) -> None:
    for labels in (None, "GTVp", "GTV*"):
        table = vm.extract(*case, settings=FEW, labels=labels)
        assert not table.failed
        assert all(NOTE in row.notes for row in table.rows)


@pytest.mark.parametrize("label", ["GTVn", 2, "2", "*n"])
def test_who_asks_for_it_has_a_row_that_says_so(case: tuple[Path, Path], label: str | int) -> None:
    expected = [("GTVx", None), ("GTVn", SAID)]
    assert ended(vm.extract(*case, settings=FEW, labels=["GTVx", label, label])) == expected
    changes: tuple[dict[str, Any], ...] = (
        {"diagnostics": True},
        {"components": {}},
        {"resample": {"spacing_mm": [2, 2, 2]}},
    )
    for settings in changes:
        assert ended(vm.extract(*case, settings={**FEW, **settings, "labels": ["GTVp", label]}))[-1] == ("GTVn", SAID)
    (row,) = vm.extract(*case, settings=FEW, labels=label).rows
    assert (row.label, row.diagnostics["voxels"]) == (2, 0)


def test_it_has_no_box(case: tuple[Path, Path]) -> None:
    table = vm.extract(*case, settings=FEW, labels="GTVn")
    assert table.to_dict()["rows"][0]["diagnostics"] == {"label": 2, "voxels": 0, "box": None}
    (planned,) = preview(*case, settings=vm.Settings.parse(FEW), labels="GTVn")
    assert (planned.shape, planned.error) == (None, SAID.removeprefix("region GTVn: "))


def test_a_union_with_it_fails_alone(case: tuple[Path, Path]) -> None:
    *measured, union = ended(vm.extract(*case, settings={**FEW, "unions": {"both": ["GTVp", "GTVn"]}}))
    assert measured == [("GTVp", None), ("GTVx", None)]
    said = "region both: of its union, label GTVn has no voxel in the mask; labels present: 1 (GTVp), 3 (GTVx)"
    assert union == ("both", said)


def test_a_union_by_a_pattern_goes_without_it_and_says_so(case: tuple[Path, Path]) -> None:
    settings = {**FEW, "unions": {"all": "GTV*"}, "components": {"min_volume_mm3": 0}}
    rows = vm.extract(*case, settings=settings, labels=["all", "GTVp"]).rows
    said = "no part of the union, as it has no voxel: GTVn"
    assert [said in row.notes for row in rows] == ["all" in row.region for row in rows]


def test_what_has_a_row_is_not_said_to_be_left_out(case: tuple[Path, Path]) -> None:
    for row in vm.extract(*case, settings=FEW, labels=["GTVp", "GTVn"]).rows:
        assert not any("left out" in note for note in row.notes)


def test_a_run_has_it_among_its_failures_and_the_others_among_its_rows(case: tuple[Path, Path]) -> None:
    image, mask = case
    table = write_table(image.parent, [{"case": "one", "image": image.name, "mask": mask.name}])
    done = run_cohort(table, image.parent / "out", settings={**FEW, "labels": ["GTVp", "GTVn"]})
    assert [row["region"] for row in rows_of(done.features)] == ["GTVp"]
    (failure,) = rows_of(done.failures)
    assert (failure["region"], failure["reason"], failure["sentence"]) == ("GTVn", "RegionError", SAID)


def test_a_store_knows_of_it(case: tuple[Path, Path], tmp_path: Path) -> None:
    image, mask = vm.read_image(case[0]), vm.read_mask(case[1])
    write_case(tmp_path / "store", image, mask)
    store = vm.open_store(tmp_path / "store")
    assert store.cases[0].images[0].masks[0].undrawn == mask.undrawn
    table = vm.extract_store(store, settings=FEW, labels=["GTVp", "GTVn"])
    assert ended(table) == [("GTVp", None), ("GTVn", SAID)]


def test_those_of_slicer_are_known_too(tmp_path: Path) -> None:
    image, drawn = vm.Volume(texture(), spacing=SPACING), sitk_image(two_labels())
    for number, (name, label) in enumerate((("node", 3), ("GTVn", 7))):
        drawn.SetMetaData(f"Segment{number}_Name", name)
        drawn.SetMetaData(f"Segment{number}_LabelValue", str(label))
    sitk.WriteImage(drawn, tmp_path / "a.seg.nrrd")
    mask = vm.read_mask(tmp_path / "a.seg.nrrd")
    assert mask.notes == (NOTE,)
    table = vm.extract(image, mask, settings=FEW, labels=["GTVn", "node"])
    assert ended(table) == [("GTVn", SAID), ("node", None)]


def test_a_run_loses_no_row_to_labels_that_are_not_there(case: tuple[Path, Path]) -> None:
    image, mask = case
    table = write_table(image.parent, [{"case": "one", "image": image.name, "mask": mask.name}])
    settings = {**FEW, "labels": ["GTVp", "liver", "both"], "unions": {"both": ["GTVp", "GTVn"]}}
    done = run_cohort(table, image.parent / "out", settings=settings)
    assert [row["region"] for row in rows_of(done.features)] == ["GTVp"]
    failed = [(row["region"], row["reason"]) for row in rows_of(done.failures)]
    assert failed == [("both", "RegionError"), ("liver", "RegionError")]
    assert done.progress.failed == 0
