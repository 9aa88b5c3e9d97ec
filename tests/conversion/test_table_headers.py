"""A table of DICOM: its headers say the same of a case as those of a folder tree."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cohort_files import FEW, everything_written, rows_of, write_scan, write_table
from dicom_files import uid, write_series
from small_images import write_case
from voxmill.cohort import run_cohort
from voxmill.conversion import convert, remove_case

ABOUT = {"PatientID": "PATIENT-0042", "PatientName": "Doe^Jane", "StudyDate": "20210304", "ConvolutionKernel": "B30f"}
SAME = ("patient", "study", "day", "series", "frame_of_reference", "Modality", "ConvolutionKernel", "KVP")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of two series of a study."""
    for name in ("native", "venous"):
        about = {**ABOUT, "StudyInstanceUID": uid("study"), "FrameOfReferenceUID": uid(name, "frame")}
        write_series(tmp_path / "in" / name, name=name, attributes={**about, "SeriesInstanceUID": uid(name)})
    return write_table(tmp_path / "in", [{"case": "one", "image:native": "native", "image:venous": "venous"}])


def told(store: Path) -> list[dict[str, Any]]:
    """What an index says of whose images are, and of what."""
    return sorted(({name: row[name] for name in SAME} for row in rows_of(store / "index.parquet")), key=str)


@pytest.mark.parametrize("keep_ids", [False, True], ids=["names", "ids"])
def test_the_index_is_that_of_the_tree(
    tmp_path: Path,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep_ids: bool,  # noqa: FBT001
) -> None:
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("VOXMILL_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "out").mkdir()
    stores = [
        convert(source, tmp_path / "out" / f"{number}.zarr", keep_ids=keep_ids).store
        for number, source in enumerate((table, table.parent))
    ]
    assert told(stores[0]) == told(stores[1])
    assert {row["ConvolutionKernel"] for row in told(stores[0])} == {"B30f"}
    assert (b"PATIENT-0042" in everything_written(tmp_path / "out")) == keep_ids


def test_it_is_removed_by_the_identifier_of_its_patient(tmp_path: Path, table: Path) -> None:
    store = convert(table, tmp_path / "cohort.zarr").store
    assert len(remove_case(store, "PATIENT-0042").cases) == 1
    assert not rows_of(store / "index.parquet")


def test_what_comes_later_joins_a_case_that_is_of_somebody(tmp_path: Path, table: Path) -> None:
    write_table(table.parent, [{"case": "one", "image:native": "native"}])
    convert(table, tmp_path / "cohort.zarr")
    plain, _ = write_case(table.parent)
    write_table(table.parent, [{"case": "one", "image:native": "native", "image:plain": plain.name}])
    done = convert(table, tmp_path / "cohort.zarr")
    assert done.progress.failed == 0
    native, other = sorted(rows_of(done.index), key=lambda row: str(row["image"]))
    assert native["patient"] == other["patient"] is not None
    assert (native["Modality"], other["Modality"]) == ("CT", None)


def test_an_image_of_another_patient_is_no_part_of_a_case(tmp_path: Path, table: Path) -> None:
    """By the identifier of that patient it could not be removed."""
    other = {**ABOUT, "PatientID": "PATIENT-0043", "SeriesInstanceUID": uid("other")}
    write_series(table.parent / "other", name="other", attributes=other)
    write_table(table.parent, [{"case": "one", "image:native": "native", "image:other": "other"}])
    done = convert(table, tmp_path / "cohort.zarr")
    assert ([row["image"] for row in rows_of(done.index)], done.not_read) == (["native"], {"image": 1})
    (failure,) = rows_of(done.failures)
    assert (failure["image"], failure["reason"]) == ("other", "UnrelatedError")
    assert failure["sentence"].endswith(
        ": it is of another patient than the images of its case before it (PatientID); give each patient a case of its "
        "own"
    )


def test_nor_of_what_a_run_measures(tmp_path: Path, table: Path) -> None:
    write_series(table.parent / "other", name="other", attributes={**ABOUT, "PatientID": "PATIENT-0043"})
    grid = vm.read_image(table.parent / "native").grid
    vm.write_mask(vm.Mask(np.ones(grid.shape, np.uint8), grid), table.parent / "mask.nrrd")
    rows = {"case": "one", "image:native": "native", "image:other": "other", "mask": "mask.nrrd"}
    done = run_cohort(write_table(table.parent, [rows]), tmp_path / "out", settings=FEW)
    assert {row["image"] for row in rows_of(done.features)} == {"native"}
    (failure,) = rows_of(done.failures)
    assert (failure["image"], failure["reason"]) == ("other", "UnrelatedError")
    assert failure["sentence"].startswith("other: it is of another patient than the images of its case before it")


def write_rows(folder: Path, images: Sequence[str]) -> Path:
    """A table in which each image is a row of one case."""
    grid = vm.read_image(folder / "native").grid
    vm.write_mask(vm.Mask(np.ones(grid.shape, np.uint8), grid), folder / "mask.nrrd")
    return write_table(folder, [{"case": "one", "image": image, "mask": "mask.nrrd"} for image in images])


@pytest.mark.parametrize("workers", [0, 1])
def test_nor_where_it_is_in_another_row(tmp_path: Path, table: Path, workers: int) -> None:
    """Of the first image that says so, however rows are tried: a row that has failed is tried again, and fails."""
    folder, out = table.parent, tmp_path / "out"
    write_series(folder / "other", name="other", attributes={**ABOUT, "PatientID": "PATIENT-0043"})
    write_scan(folder, "scan", seed=1)
    rows = write_rows(folder, ["scan.nrrd", "native", "other", "venous"])
    for before in (0, 1):
        done = run_cohort(rows, out, settings=FEW, workers=workers)
        assert (done.progress.failed, done.progress.before) == (1, 0), before
        assert {row["image"] for row in rows_of(done.features)} == {"native", "venous"}
        failures = {row["image"]: row for row in rows_of(done.failures)}
        assert failures["other"]["reason"] == "UnrelatedError"
        assert failures["other"]["sentence"].startswith("other: it is of another patient than the images of its case")
    assert b"PATIENT-004" not in everything_written(out)


def test_what_was_done_is_done_again_where_another_image_says_whose_it_is(tmp_path: Path, table: Path) -> None:
    folder, out = table.parent, tmp_path / "out"
    rows = write_rows(folder, ["native", "venous"])
    assert run_cohort(rows, out, settings=FEW).progress.done == 1
    for path in (folder / "native").iterdir():
        path.unlink()
    write_series(folder / "native", name="native", attributes={**ABOUT, "PatientID": "PATIENT-0043"})
    done = run_cohort(rows, out, settings=FEW)
    assert {row["image"] for row in rows_of(done.features)} == {"native"}
    assert [row["image"] for row in rows_of(done.failures)] == ["venous"]
