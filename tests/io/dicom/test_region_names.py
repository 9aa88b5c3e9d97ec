"""Names of regions that repeat a header: replaced, told apart, and said in a note."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

import voxmill as vm
from dicom_masks import (
    Drawn,
    Series,
    outline,
    pixel_outlines,
    segments,
    write_scan,
    write_segmentation,
    write_structure_set,
)
from voxmill.io.dicom.identity import Identity
from voxmill.io.dicom.region_names import region_names, without_identity

NAMES = ("GTV Jane", "Doe, Jane: GTV", "node")


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """A series of Jane Doe's."""
    return write_scan(tmp_path / "scan")


def called(mask: vm.Mask) -> dict[int, str | None]:
    return {one.label: one.name for one in mask.segments}


def drawn(series: Series, path: Path, names: tuple[str, ...] = NAMES) -> Path:
    outlines = [pixel_outlines(series.grid, inside) for inside in segments()]
    regions = [Drawn(number, name, lines) for number, (name, lines) in enumerate(zip(names, outlines, strict=True), 3)]
    between = Drawn(9, "Jane, but thin", [outline(series.grid, 2, [(4.1, 5.1), (4.1, 5.2), (4.2, 5.2)])])
    return write_structure_set(path, series, [*regions, between])


def test_what_names_repeat_of_their_header_is_replaced(tmp_path: Path, series: Series) -> None:
    path = drawn(series, tmp_path / "rs.dcm")
    mask = vm.read_mask(path, series.image)
    told, (note,) = without_identity(mask, dcmread(path), Identity())
    assert called(told) == {3: "GTV region 3", 4: "region 4: GTV", 5: "node"}
    assert [(one.box, one.voxels) for one in told.segments] == [(one.box, one.voxels) for one in mask.segments]
    assert told.notes == (
        "regions without a voxel were left out: a region, but thin",
        "what names of regions repeat of the patient's header, and dates in them, was replaced: labels 3, 4, 9",
    )
    assert told.notes[-1] == note
    assert [str(one) for one in told.undrawn] == ["region 9, but thin"]
    assert told.digest == mask.digest


def test_of_a_segmentation_too_by_what_another_header_says(tmp_path: Path, series: Series) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", series, segments(), names=("organ", "AB-77: lesion", "other"))
    mask, image = vm.read_mask(path, series.image), Dataset()
    same, replaced = without_identity(mask, dcmread(path), Identity.of(image))
    assert (same.segments, same.notes, replaced) == (mask.segments, mask.notes, ())
    image.PatientID = "ab77"
    told, _ = without_identity(mask, dcmread(path), Identity.of(image))
    assert called(told) == {1: "organ", 2: "region 2: lesion", 3: "other"}


def test_names_that_became_alike_are_told_apart(tmp_path: Path, series: Series) -> None:
    path = drawn(series, tmp_path / "rs.dcm", ("region 4", "Jane", "4 (Jane)"))
    told, _ = without_identity(vm.read_mask(path, series.image), dcmread(path), Identity())
    assert called(told) == {3: "region 4 (3)", 4: "region 4 (4)", 5: "4 (region 5)"}
    assert told.select(["region 4 (4)"])[0].label == 4


def test_names_of_regions_are_those_of_the_header(tmp_path: Path, series: Series) -> None:
    assert region_names(dcmread(drawn(series, tmp_path / "rs.dcm"))) == {*NAMES, "Jane, but thin"}
    assert region_names(Dataset()) == frozenset()
