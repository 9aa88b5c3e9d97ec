"""What sentences and notes repeat of a header is told nowhere: in no store, no ledger and no result."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

import voxmill as vm
from cohort_files import FEW, everything_written, rows_of, write_table
from dicom_files import positions, stored, write_pet, write_series
from dicom_masks import segments, write_scan, write_segmentation
from voxmill.cohort import run_cohort
from voxmill.conversion import convert

JANE = {"PatientName": "Doe^Janequin", "PatientID": "PAT 00042X"}
PET = {
    "suv type": ({"Units": "GML", "SUVType": "DOE JANEQUIN"}, "SUVType (0054,1006) is [withheld]: the values are SUV"),
    "units": ({"Units": "JANEQUIN DOE"}, "Units (0054,1001) is [withheld]; BQML"),
    "decay": ({"DecayCorrection": "DOE JANEQUIN"}, "DecayCorrection (0054,1102) is [withheld]; START"),
}


def assert_not_told(folder: Path) -> None:
    everything = everything_written(folder).lower()
    assert not any(one in everything for one in (b"janequin", b"00042x"))


@pytest.mark.parametrize("is_table", [False, True], ids=["tree", "table"])
@pytest.mark.parametrize("kind", PET)
def test_how_a_factor_came_about(tmp_path: Path, kind: str, is_table: bool) -> None:  # noqa: FBT001
    attributes, said = PET[kind]
    source = tmp_path / "in"
    write_pet(source / "pet", {**JANE, **attributes})
    scan = vm.read_image(source / "pet")
    vm.write_mask(vm.Mask(segments(scan.array.shape)[0].astype("u1"), scan.grid), source / "m.nrrd")
    if is_table:
        source = write_table(source, [{"case": "one", "image": "pet", "mask": "m.nrrd"}])
    done = convert(source, tmp_path / "out" / "cohort.zarr")
    ((image,),) = (case.images for case in vm.open_store(done.store).cases)
    assert image.suv is not None
    assert said in image.suv.how
    assert_not_told(tmp_path / "out")
    if is_table:
        run = run_cohort(source, tmp_path / "out" / "run", settings={**FEW, "suv": True})
        assert said in rows_of(run.failures)[0]["sentence"]
        assert_not_told(tmp_path / "out")


def write_faults(folder: Path) -> Path:
    """A series in colour, and a segmentation of no kind that is known, which say whose they are."""
    scan = write_scan(folder / "ct")
    mask = dcmread(write_segmentation(folder / "m.dcm", scan, segments()))
    mask.SegmentationType = "JANEQUIN"
    for path in (folder / "ct").iterdir():
        dataset = dcmread(path)
        dataset.PatientName = "Doe^Janequin"
        dataset.save_as(path)
    mask.save_as(folder / "m.dcm")
    write_series(
        folder / "rgb",
        name="rgb",
        attributes={**JANE, "PhotometricInterpretation": "JANEQUIN DOE", "SamplesPerPixel": 3},
    )
    return folder


def test_why_something_was_not_read(tmp_path: Path) -> None:
    source = write_faults(tmp_path / "in")
    (tmp_path / "out").mkdir()
    done = convert(source, tmp_path / "out" / "cohort.zarr")
    run = run_cohort(source, tmp_path / "out" / "run", settings=FEW)
    for failures in (done.failures, run.failures):
        sentences = " ".join(row["sentence"] for row in rows_of(failures))
        assert "a picture in colour ([withheld]), which" in sentences
        assert "must be BINARY, FRACTIONAL or LABELMAP; found [withheld]; correct" in sentences
    assert_not_told(tmp_path / "out")


def test_identifiers_that_are_kept_are_told(tmp_path: Path) -> None:
    done = convert(write_faults(tmp_path / "in"), tmp_path / "cohort.zarr", keep_ids=True)
    assert "(JANEQUIN DOE)" in str(rows_of(done.failures))


OURS: dict[str, tuple[dict[str, Any], str]] = {
    "a slice is missing": (
        {"places": positions([0, 3, 9, 12, 15])},
        "slices are missing, of 3 mm each: 1 after slice 2; give the whole series, or allow gaps (--allow-gaps; "
        "allow_gaps=True) to make up slices",
    ),
    "a place is shared": (
        {"places": positions([0, 3, 6, 9, 9])},
        "2 or more of its 5 slices share their place; it holds several volumes (times, echoes) or slices twice: give "
        "the files of one volume alone",
    ),
    "no number": (
        {"attributes": {"PixelSpacing": None, "SeriesDescription": "Janequin"}},
        "PixelSpacing (0028,0030) is missing; export the series again from its source",
    ),
    "in colour": (
        {"attributes": {"PhotometricInterpretation": "JANEQUIN DOE", "SamplesPerPixel": 3}},
        "a picture in colour, which has no values to measure",
    ),
    "another kind": (
        {"attributes": {"SOPClassUID": "1.2.826.42", "SeriesDescription": "Janequin"}},
        "there are no DICOM images of CT, MR or PET in it",
    ),
}
"""Faults of a series in a table, and what is told of them: no word of a header nor of the name of a file."""


@pytest.mark.parametrize("kind", OURS)
def test_why_an_image_of_a_table_was_not_read_is_told_in_words_of_ours(tmp_path: Path, kind: str) -> None:
    fault, said = OURS[kind]
    write_series(
        tmp_path / "in" / "ct", name="janequin", **{**fault, "attributes": {**JANE, **fault.get("attributes", {})}}
    )
    assert_told_of_a_table(tmp_path, said)


def test_that_a_folder_of_a_table_has_no_dicom_is_told(tmp_path: Path) -> None:
    (tmp_path / "in" / "ct").mkdir(parents=True)
    (tmp_path / "in" / "ct" / "janequin.txt").write_text("nothing")
    assert_told_of_a_table(tmp_path, "there are no DICOM images of CT, MR or PET in it")


def test_what_may_repeat_the_names_of_files_of_a_table_is_not_told(tmp_path: Path) -> None:
    for name in ("janequin", "doe"):
        write_series(tmp_path / "in" / "ct" / name, stored(2) + (name == "doe"), name="same", attributes=JANE)
    assert_told_of_a_table(tmp_path, "it cannot be read; voxmill extract of these files says why")


def assert_told_of_a_table(folder: Path, said: str) -> None:
    """That this is said of the one image of a table by all that reads it, and nothing that identifies."""
    (folder / "in" / "m.nrrd").write_bytes(b"")
    table = write_table(folder / "in", [{"case": "one", "image": "ct", "mask": "m.nrrd"}])
    (folder / "out").mkdir()
    done = convert(table, folder / "out" / "cohort.zarr")
    run = run_cohort(table, folder / "out" / "run", settings=FEW)
    for failures in (done.failures, run.failures):
        assert [row["sentence"].removeprefix("row 1: ") for row in rows_of(failures)] == [said]
    assert said in (folder / "out" / "cohort.zarr.failures.csv").read_text()
    assert_not_told(folder / "out")


def test_why_a_mask_of_a_table_was_not_read_is_told_in_words_of_ours(tmp_path: Path) -> None:
    source = write_faults(tmp_path / "in")
    table = write_table(source, [{"case": "one", "image": "ct", "mask": "m.dcm"}])
    (tmp_path / "out").mkdir()
    done = convert(table, tmp_path / "out" / "cohort.zarr")
    run = run_cohort(table, tmp_path / "out" / "run", settings=FEW)
    for failures in (done.failures, run.failures):
        (failure,) = rows_of(failures)
        said = "SegmentationType (0062,0001) must be BINARY, FRACTIONAL or LABELMAP; correct the header"
        assert failure["sentence"].removeprefix("row 1: ") == said
    assert_not_told(tmp_path / "out")
