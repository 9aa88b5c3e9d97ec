"""Conversion: DICOM trees and tables into a store, whose rows are those of the files, and which tells nobody's name."""

import csv
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk
from pydicom import dcmread

import voxmill as vm
from cohort_files import everything_written
from dicom_files import write_pet, write_series
from dicom_masks import segments, write_scan, write_segmentation
from small_images import write_case
from voxmill.conversion import Removed, convert, remove_case
from voxmill.conversion.converting import ledger_of
from voxmill.errors import InputError, OutputError, SettingsError
from voxmill.privacy import Key
from voxmill.runs.ledger import read_ledger

PATIENT, STUDY, DESCRIPTION = "PATIENT-0042", "1.2.826.77.1", "thorax of Jane"
SETTINGS = vm.Settings.parse({"images": {"original": {}, "log": {"sigma_mm": [2]}}, "features": ["firstorder", "glcm"]})


@pytest.fixture(autouse=True)
def _key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("k" * 40)
    file.chmod(0o600)
    monkeypatch.setenv("VOXMILL_KEY_FILE", str(file))


def identify(path: Path) -> None:
    """Give a file what identifies a patient."""
    dataset = dcmread(path)
    dataset.PatientID, dataset.PatientName, dataset.StudyInstanceUID = PATIENT, "Doe^Jane", STUDY
    dataset.SeriesDescription, dataset.StudyDate, dataset.Manufacturer = DESCRIPTION, "20210304", "ACME"
    dataset.save_as(path)


def write_tree(folder: Path) -> Path:
    """A study of one series and a segmentation of it, among other files."""
    scan = write_scan(folder / "a" / "ct of Jane")
    (folder / "b").mkdir()
    write_segmentation(folder / "b" / "Jane.dcm", scan, segments())
    for path in (*(folder / "a" / "ct of Jane").iterdir(), folder / "b" / "Jane.dcm"):
        identify(path)
    (folder / "notes.txt").write_text("not an image")
    return folder


def table(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "cases.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def index_of(store: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(store / "index.parquet").to_pylist()
    return rows


def failures_of(store: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(store / "failures.parquet").to_pylist()
    return rows


def test_a_tree_of_dicom_has_the_rows_of_its_files(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.cases, done.progress.done, done.progress.failed) == (1, 1, 0)
    image = vm.read_image(tree / "a" / "ct of Jane")
    files = vm.extract(image, vm.read_mask(tree / "b" / "Jane.dcm", image), settings=SETTINGS)
    stored = vm.extract_store(vm.open_store(done.store), settings=SETTINGS)
    assert len(files.rows) == 3
    assert [(row.region, row.features, row.error) for row in stored.rows] == [
        (row.region, row.features, row.error) for row in files.rows
    ]


def test_nothing_identifying_is_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = convert(write_tree(tmp_path / "in"), tmp_path / "out" / "cohort.zarr")
    assert done.progress.done == 1
    written = everything_written(tmp_path / "out")
    for secret in (PATIENT, STUDY, "Jane", "20210304", "thorax"):
        assert secret.encode() not in written
    (row,) = index_of(done.store)
    assert row["Manufacturer"] == "ACME"
    assert row["patient"].startswith("patient-")
    assert row["day"] == 0


def test_identifiers_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    done = convert(write_tree(tmp_path / "in"), tmp_path / "cohort.zarr", keep_ids=True)
    (row,) = index_of(done.store)
    assert (row["case"], row["patient"], row["day"], row["description"]) == (STUDY, PATIENT, 0, DESCRIPTION)
    assert b"20210304" not in everything_written(done.store)


def test_days_are_since_the_first_study_however_they_come(tmp_path: Path) -> None:
    """The same after two runs, the later study first, as after one."""
    for name, date in (("later", "20210317"), ("earlier", "20200317")):
        attributes = {"StudyDate": date, "StudyInstanceUID": f"1.2.{date}", "SeriesInstanceUID": f"1.2.{date}.1"}
        write_series(tmp_path / name, attributes=attributes)
    write_series(tmp_path / "earlier" / "other", name="b", attributes={"PatientID": "P2", "StudyInstanceUID": "1.2.5"})
    convert(tmp_path / "later", tmp_path / "two.zarr")
    for source, store in (("earlier", "two.zarr"), (".", "one.zarr")):
        convert(tmp_path / source, tmp_path / store)
    expected = [("P1", 0), ("P1", 365), ("P2", 0)]
    key = Key.read(tmp_path / "key")
    named = [(key.name("patient", patient), day) for patient, day in expected]
    for store in ("one.zarr", "two.zarr"):
        assert sorted((row["patient"], row["day"]) for row in index_of(tmp_path / store)) == sorted(named)
    cases = [[case.attributes for case in vm.open_store(tmp_path / store).cases] for store in ("one.zarr", "two.zarr")]
    assert cases[0] == cases[1]


def test_a_table_of_files_has_their_rows(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    rows = [{"Image": image.name, "Mask": mask.name, "ID": "one"}, {"Image": "gone.nrrd", "Mask": "", "ID": "two"}]
    done = convert(table(tmp_path, rows), tmp_path / "cohort.zarr")
    assert (done.progress.done, done.progress.failed) == (1, 1)
    stored, files = vm.extract_store(vm.open_store(done.store)), vm.extract(image, mask)
    assert [row.features for row in stored.rows] == [row.features for row in files.rows]
    (failure,) = failures_of(done.store)
    assert failure["sentence"].startswith("row 2: name-")
    assert failure["sentence"].endswith("there is no such file; check the path")


def test_several_images_of_a_case_share_its_mask(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    rows = [{"image:t1": image.name, "image:adc": image.name, "mask": mask.name, "case": "one"}]
    done = convert(table(tmp_path, rows), tmp_path / "cohort.zarr")
    (case,) = vm.open_store(done.store).cases
    assert sorted(one.name for one in case.images) == ["adc", "t1"]
    assert all(len(one.masks) == 1 for one in case.images)


def test_pet_in_standardised_uptake_values_is_the_same_from_the_store(tmp_path: Path) -> None:
    tree = tmp_path / "in"
    write_pet(tree)
    image = vm.read_image(tree)
    labels = np.zeros(image.grid.shape, np.uint8)
    labels[1:4, 5:20, 5:20] = 1
    vm.write_mask(vm.Mask(labels, image.grid), tmp_path / "mask.nrrd")
    done = convert(table(tmp_path, [{"image": "in", "mask": "mask.nrrd", "case": "one"}]), tmp_path / "cohort.zarr")
    (stored,) = vm.open_store(done.store).cases[0].images
    assert stored.suv == image.suv
    assert stored.about.suv is not None
    assert (stored.about.suv.slope, stored.about.suv.intercept) == ((1.5, 1.75, 2.0, 2.25, 2.5), 0.0)
    settings = vm.Settings.parse({"suv": True, "features": ["firstorder"]})
    files = vm.extract(image, tmp_path / "mask.nrrd", settings=settings)
    from_store = vm.extract_store(vm.open_store(done.store), settings=settings)
    assert [row.features for row in from_store.rows] == [row.features for row in files.rows]
    assert files.failed == ()


def test_an_image_file_alone(tmp_path: Path) -> None:
    image, _ = write_case(tmp_path)
    done = convert(image, tmp_path / "cohort.zarr")
    assert np.array_equal(vm.open_store(done.store).cases[0].images[0].load().array, vm.read_image(image).array)


def test_again_it_does_what_is_missing_and_the_tables_have_the_same_bytes(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    rows = [{"image": image.name, "mask": mask.name, "case": str(number)} for number in range(4)]
    rows.append({"image": "gone.nrrd", "mask": "", "case": "gone"})
    first = convert(table(tmp_path, rows), tmp_path / "cohort.zarr", workers=2)
    before = {path.name: path.read_bytes() for path in first.store.glob("*.parquet")}
    again = convert(table(tmp_path, rows), tmp_path / "cohort.zarr")
    assert (again.progress.done, again.progress.failed, again.progress.before) == (0, 1, 4)
    other = convert(table(tmp_path, rows), tmp_path / "other.zarr")
    for store in (first.store, other.store):
        assert {path.name: path.read_bytes() for path in store.glob("*.parquet")} == before


def test_from_another_folder_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = write_case(tmp_path)
    cases = table(tmp_path, [{"image": image.name, "mask": mask.name, "case": "one"}])
    convert(cases, tmp_path / "cohort.zarr")
    monkeypatch.chdir(tmp_path)
    assert convert(cases.name, "cohort.zarr").progress.before == 1


def test_a_case_whose_record_was_lost_is_kept(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    cases = table(tmp_path, [{"image": image.name, "mask": mask.name, "case": "one"}])
    done = convert(cases, tmp_path / "cohort.zarr")
    before = index_of(done.store)
    for part in ledger_of(done.store).glob("part-*"):
        part.unlink()
    assert convert(cases, tmp_path / "cohort.zarr").progress.done == 1
    assert index_of(done.store) == before


def test_a_case_that_was_interrupted_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = write_case(tmp_path)
    cases = table(tmp_path, [{"image": image.name, "mask": mask.name, "case": "one"}])

    def full(*_: object, **__: object) -> None:
        raise OutputError("the store cannot be written: No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="No space left"):  # noqa: PT012
        patch.setattr("voxmill.conversion.job.write_mask", full)
        convert(cases, tmp_path / "cohort.zarr")
    store = vm.open_store(tmp_path / "cohort.zarr")
    assert (store.names, len(store.incomplete)) == ((), 1)
    assert convert(cases, tmp_path / "cohort.zarr").progress.done == 1
    assert len(vm.extract_store(vm.open_store(tmp_path / "cohort.zarr")).rows) == 2


@pytest.mark.parametrize("change", ["raw", "slice"])
def test_voxels_that_lie_in_other_files_count_as_well(tmp_path: Path, change: str) -> None:
    if change == "raw":
        sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5, 6), np.int16)), str(tmp_path / "scan.mhd"))
        image, touched = "scan.mhd", tmp_path / "scan.raw"
    else:
        image, touched = "series", write_series(tmp_path / "series")[2]
    cases = table(tmp_path, [{"image": image, "mask": "", "case": "one"}])
    assert convert(cases, tmp_path / "cohort.zarr").progress.done == 1
    os.utime(touched, (1, 1))
    assert convert(cases, tmp_path / "cohort.zarr").progress.before == 0


def test_other_files_of_a_case_that_is_there_are_refused(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    cases = table(tmp_path, [{"image": image.name, "mask": mask.name, "case": "one"}])
    convert(cases, tmp_path / "cohort.zarr")
    sitk.WriteImage(sitk.ReadImage(image) + 1, image)
    done = convert(cases, tmp_path / "cohort.zarr")
    assert done.progress.failed == 1
    (failure,) = failures_of(done.store)
    assert "already, of other files, or these have changed; remove it first" in failure["sentence"]


def test_a_mask_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    (tree / "b" / "copy.dcm").write_bytes((tree / "b" / "Jane.dcm").read_bytes())
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.not_read) == (1, {"mask": 1})
    assert index_of(done.store)[0]["masks"] == 1
    assert "there twice" in failures_of(done.store)[0]["sentence"]


def test_two_patients_in_one_series_are_refused(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    (first, *_) = (tree / "a" / "ct of Jane").iterdir()
    dataset = dcmread(first)
    dataset.PatientID = "ANOTHER"
    dataset.save_as(first)
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.progress.failed) == (0, 1)
    (failure,) = (one for one in failures_of(done.store) if one["case"])
    assert "differ in PatientID (0010,0020) (4 and 1 of them are alike)" in failure["sentence"]


def test_a_gap_allowed_later_leaves_what_is_done_as_it_is_and_the_failure_is_gone(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    write_scan(tmp_path / "in" / "gap")
    gap = sorted((tmp_path / "in" / "gap").iterdir())
    for path in gap:
        dataset = dcmread(path)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.PatientID = "1.2.9", "1.2.9.1", "OTHER"
        dataset.save_as(path)
    gap[2].unlink()
    first = convert(tree, tmp_path / "cohort.zarr")
    assert (first.progress.done, first.progress.failed, first.unread) == (1, 1, 1)
    again = convert(tree, tmp_path / "cohort.zarr", allow_gaps=True)
    assert (again.progress.done, again.progress.failed, again.progress.before, again.unread) == (1, 0, 1, 0)
    assert failures_of(again.store) == []


def test_a_moved_source_is_the_same(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    convert(tree, tmp_path / "cohort.zarr")
    tree.rename(tmp_path / "mounted elsewhere")
    assert convert(tmp_path / "mounted elsewhere", tmp_path / "cohort.zarr").progress.before == 1


def test_a_mask_that_cannot_be_read_is_told_and_its_regions_are_not(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    path = tree / "b" / "Jane.dcm"
    dataset = dcmread(path)
    dataset.PixelData = dataset.PixelData[:10]
    dataset.save_as(path)
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.unread) == (1, 1)
    (failure,) = failures_of(done.store)
    assert failure["mask"].startswith("mask-")


def test_a_store_has_one_key_and_one_kind_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write_tree(tmp_path / "in")
    convert(tree, tmp_path / "cohort.zarr")
    with pytest.raises(InputError, match="the store does not keep identifiers"):
        convert(tree, tmp_path / "cohort.zarr", keep_ids=True)
    other = tmp_path / "other key"
    other.write_text("o" * 40)
    other.chmod(0o600)
    monkeypatch.setenv("VOXMILL_KEY_FILE", str(other))
    for again in (
        lambda: convert(tree, tmp_path / "cohort.zarr"),
        lambda: remove_case(tmp_path / "cohort.zarr", PATIENT),
    ):
        with pytest.raises(InputError, match="begun with another key"):
            again()
    monkeypatch.delenv("VOXMILL_KEY_FILE")
    with pytest.raises(InputError, match=r"cohort.zarr.key: the key cannot be read"):
        convert(tree, tmp_path / "cohort.zarr")


def test_a_case_deleted_by_hand_is_made_again(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    done = convert(tree, tmp_path / "cohort.zarr")
    shutil.rmtree(vm.open_store(done.store).cases[0].folder)
    assert convert(tree, tmp_path / "cohort.zarr").progress.done == 1


def test_a_case_that_failed_can_be_removed(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    sorted((tree / "a" / "ct of Jane").iterdir())[2].unlink()
    done = convert(tree, tmp_path / "cohort.zarr")
    assert done.progress.failed == 1
    assert len(remove_case(done.store, STUDY).cases) == 1
    assert (failures_of(done.store), list(read_ledger(ledger_of(done.store)))) == ([], [])


def test_sources_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no DICOM image of CT, MR or PET in it"):
        convert(tmp_path / "empty", tmp_path / "cohort.zarr")
    with pytest.raises(InputError, match="there is no such file or folder"):
        convert(tmp_path / "nowhere", tmp_path / "cohort.zarr")
    with pytest.raises(OutputError, match="it is there already, and no store"):
        convert(tmp_path / "empty", tmp_path)


def test_what_is_damaged_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    whole = (tree / "b" / "Jane.dcm").read_bytes()
    (tree / "b" / "cut by Jane.dcm").write_bytes(whole[:300])
    (slice_, *_) = sorted((tree / "a" / "ct of Jane").iterdir())
    slice_.write_bytes(slice_.read_bytes()[:-50])
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.progress.failed) == (0, 1)
    failures = failures_of(done.store)
    assert len(failures) == 2
    assert not any("Jane" in str(failure) for failure in failures)


def test_names_that_no_folder_can_have(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    names = ["../up", "a/b", "Müller: 1", "."]
    rows = [{"image": image.name, "mask": mask.name, "case": name} for name in names]
    done = convert(table(tmp_path, rows), tmp_path / "cohort.zarr", keep_ids=True)
    assert done.progress.done == len(names)
    assert convert(tmp_path / "cases.csv", done.store, keep_ids=True).progress.before == len(names)
    assert sorted(row["case"] for row in index_of(done.store)) == sorted(names)
    assert remove_case(done.store, "../up") == Removed(("../up",), 0)
    assert len(vm.open_store(done.store).names) == len(names) - 1


def test_cases_that_are_called_like_files_of_a_store(tmp_path: Path) -> None:
    image, mask = write_case(tmp_path)
    names = ["carried.parquet", "failures.parquet", "Index.parquet", "unfinished.json", "zarr.json"]
    rows = [{"image": image.name, "mask": mask.name, "case": name, "age": "7"} for name in names]
    done = convert(table(tmp_path, rows), tmp_path / "cohort.zarr", keep_ids=True, carry=["age"])
    assert [row["case"] for row in index_of(done.store)] == sorted(names)
    assert sorted(vm.open_store(done.store).names) == sorted(names)
    for name in names:
        assert remove_case(done.store, name) == Removed((name,), 0)
    assert not {path.name.lower() for path in done.store.iterdir() if path.is_dir()}


@pytest.mark.parametrize("meant", ["name", PATIENT, STUDY])
def test_a_removed_case_is_gone_everywhere(tmp_path: Path, meant: str) -> None:
    (tmp_path / "out").mkdir()
    done = convert(write_tree(tmp_path / "in"), tmp_path / "out" / "cohort.zarr")
    (name,) = vm.open_store(done.store).names
    assert remove_case(done.store, name if meant == "name" else meant) == Removed((name,), 0)
    assert vm.open_store(done.store).names == ()
    assert (index_of(done.store), failures_of(done.store)) == ([], [])
    assert list(read_ledger(ledger_of(done.store))) == []
    assert name.encode() not in everything_written(tmp_path / "out")
    with pytest.raises(InputError, match="has no case, study or patient"):
        remove_case(done.store, name)


def test_a_removed_case_can_be_converted_again(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    done = convert(tree, tmp_path / "cohort.zarr")
    remove_case(done.store, PATIENT)
    assert convert(tree, tmp_path / "cohort.zarr").progress.done == 1
    stored = vm.open_store(done.store).cases[0].images[0].load()
    assert np.array_equal(stored.array, vm.read_image(tree / "a" / "ct of Jane").array)


def test_a_store_has_one_threshold_of_fractions(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "in")
    shares = np.random.default_rng(3).integers(0, 256, (1, 5, 33, 34)) / 255
    write_segmentation(tmp_path / "in" / "seg.dcm", scan, shares, kind="FRACTIONAL", names=("organ",))
    done = convert(tmp_path / "in", tmp_path / "cohort.zarr", threshold=0.2)
    (mask,) = vm.open_store(done.store).cases[0].images[0].masks
    assert mask.segments[0].voxels == (np.round(shares * 255) >= 0.2 * 255).sum()
    assert mask.notes == ("of a fractional segmentation, voxels of at least 0.2 of its maximum are inside",)
    with pytest.raises(InputError, match=r"begun with the threshold 0.2 .* has 0.5; begin a new store"):
        convert(tmp_path / "in", done.store)
    with pytest.raises(SettingsError, match="threshold: it is a share of the maximum"):
        convert(tmp_path / "in", tmp_path / "other.zarr", threshold=0)


def test_a_name_that_is_too_long_for_a_store_stops_nothing_else(tmp_path: Path) -> None:
    image, _ = write_case(tmp_path)
    rows = [{"image": image.name, "image:" + "t" * 250: "", "case": "a" * 250}]
    rows += [{**rows[0], "image:" + "t" * 250: image.name, "case": "good"}]
    done = convert(table(tmp_path, rows), tmp_path / "cohort.zarr", keep_ids=True)
    assert (done.progress.done, done.not_read) == (1, {"case": 1, "image": 1})
    (row,) = index_of(done.store)
    assert (row["case"], row["image"]) == ("good", "image")
    told = [str(failure["sentence"]) for failure in failures_of(done.store)]
    assert all("a name in a store is 1 to 200 bytes long; choose another name" in one for one in told)
    assert len(told) == 2
