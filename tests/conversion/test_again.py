"""Conversion begun again: what failed and what is new is done, what is whole is not touched."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydicom import dcmread

import voxmill as vm
from dicom_files import write_series
from dicom_masks import segments, write_scan, write_segmentation
from small_images import write_case
from voxmill.conversion import Converted, convert
from voxmill.errors import OutputError
from voxmill.store import write_mask


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A study of a series and a segmentation of it."""
    scan = write_scan(tmp_path / "in" / "ct")
    write_segmentation(tmp_path / "in" / "seg.dcm", scan, segments())
    return tmp_path / "in"


def rows(done: Converted, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(done.store / table).to_pylist()
    return found


def times(store: Path) -> dict[Path, int]:
    """When every file of voxels was written."""
    return {path: path.stat().st_mtime_ns for path in store.rglob("c/**/*") if path.is_file()}


def assert_the_rows_of_files(done: Converted, tree: Path) -> None:
    """What is in the store gives the same rows as the files."""
    image = vm.read_image(tree / "ct")
    settings = vm.Settings.parse({"features": ["firstorder"]})
    files = vm.extract(image, vm.read_mask(tree / "seg.dcm", image), settings=settings)
    stored = vm.extract_store(vm.open_store(done.store), settings=settings)
    assert [row.features for row in stored.rows] == [row.features for row in files.rows]


def test_a_study_may_come_in_two_deliveries(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "a" / "ct")
    segmentation = tmp_path / "a" / "seg.dcm"
    write_segmentation(segmentation, scan, segments())
    write_scan(tmp_path / "b" / "ct")
    for path in (tmp_path / "b" / "ct").iterdir():
        dataset = dcmread(path)
        dataset.SeriesInstanceUID = "1.2.826.77.2"
        dataset.save_as(path)
    damaged = dcmread(segmentation)
    damaged.PixelData = damaged.PixelData[:10]
    damaged.save_as(segmentation)
    store = tmp_path / "cohort.zarr"
    first = convert(tmp_path / "a", store)
    owned, before = (tmp_path / "cohort.zarr.failures.csv").read_text(), times(store)
    second = convert(tmp_path / "b", store)
    assert (first.unread, second.progress.done, second.not_read) == (1, 1, {"mask": 1})
    assert len(rows(second, "index.parquet")) == 2
    assert before.items() <= times(store).items()
    assert (tmp_path / "cohort.zarr.failures.csv").read_text() == owned
    assert convert(tmp_path / "a", store).progress.failed == 0
    assert len(rows(second, "index.parquet")) == 2


def test_a_mask_that_was_damaged_is_added_when_it_is_mended(tmp_path: Path, tree: Path) -> None:
    whole = (tree / "seg.dcm").read_bytes()
    damaged = dcmread(tree / "seg.dcm")
    damaged.PixelData = damaged.PixelData[:10]
    damaged.save_as(tree / "seg.dcm")
    first = convert(tree, tmp_path / "cohort.zarr")
    assert (first.progress.done, first.unread, rows(first, "index.parquet")[0]["masks"]) == (1, 1, 0)
    before = times(first.store)
    (tree / "seg.dcm").write_bytes(whole)
    again = convert(tree, first.store)
    assert (again.progress.done, again.progress.failed, again.unread) == (1, 0, 0)
    (row,) = rows(again, "index.parquet")
    assert (row["masks"], row["regions"]) == (1, 3)
    assert before.items() <= times(again.store).items()
    assert_the_rows_of_files(again, tree)
    assert convert(tree, first.store).progress.before == 1


def test_a_mask_that_is_new_is_added(tmp_path: Path, tree: Path) -> None:
    hidden = (tree / "seg.dcm").rename(tmp_path / "seg.dcm")
    first = convert(tree, tmp_path / "cohort.zarr")
    before = times(first.store)
    hidden.rename(tree / "seg.dcm")
    again = convert(tree, first.store)
    assert (again.progress.done, again.unread) == (1, 0)
    assert before.items() <= times(again.store).items()
    assert_the_rows_of_files(again, tree)


def test_a_series_that_is_new_is_added_to_its_study(tmp_path: Path, tree: Path) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    before = times(first.store)
    write_series(tree / "other", name="b")
    again = convert(tree, first.store, workers=1)
    assert (again.progress.done, again.unread, len(rows(again, "index.parquet"))) == (1, 0, 2)
    assert before.items() <= times(again.store).items()
    (case,) = vm.open_store(again.store).cases
    assert sorted(len(image.masks) for image in case.images) == [0, 1]


def test_a_gap_that_is_allowed_later(tmp_path: Path, tree: Path) -> None:
    gap = write_series(tree / "other", name="b")
    gap[2].unlink()
    first = convert(tree, tmp_path / "cohort.zarr")
    assert (first.progress.done, first.unread) == (1, 1)
    still = convert(tree, first.store)
    assert (still.progress.done, still.unread, len(rows(still, "failures.parquet"))) == (1, 1, 1)
    again = convert(tree, first.store, allow_gaps=True)
    assert (again.unread, len(rows(again, "index.parquet")), rows(again, "failures.parquet")) == (0, 2, [])


@pytest.mark.parametrize("changed", ["image", "mask"])
def test_files_of_what_is_whole_that_have_changed_are_refused(tmp_path: Path, tree: Path, changed: str) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    before = times(first.store)
    write_series(tree / "other", name="b")
    path = sorted((tree / "ct").iterdir())[0] if changed == "image" else tree / "seg.dcm"
    dataset = dcmread(path)
    dataset.PixelData = bytes([dataset.PixelData[0] ^ 1]) + dataset.PixelData[1:]
    dataset.save_as(path)
    again = convert(tree, first.store)
    assert (again.progress.done, again.progress.failed, again.unread) == (0, 1, 1)
    assert "of other files, or these have changed; remove it first" in rows(again, "failures.parquet")[0]["sentence"]
    assert before == times(again.store)


@pytest.mark.parametrize("changed", ["image", "mask", "both"])
def test_files_with_other_times_and_the_same_content_are_the_same(tmp_path: Path, tree: Path, changed: str) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    before = times(first.store)
    for path in tree.rglob("*"):
        if changed == "both" or (path.name == "seg.dcm") == (changed == "mask"):
            os.utime(path, (1, 1))
    again = convert(tree, first.store)
    assert (again.progress.done, again.unread, before) == (1, 0, times(again.store))
    assert_the_rows_of_files(again, tree)
    third = convert(tree, first.store)
    assert (third.progress.done, third.progress.before) == (0, 1)


@pytest.mark.parametrize("keyword, value", [("SegmentLabel", "tumour"), ("Manufacturer", "Another")])
def test_what_stands_in_headers_alone_may_change_too(tmp_path: Path, tree: Path, keyword: str, value: str) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    for path in (tree / "ct").iterdir() if keyword == "Manufacturer" else [tree / "seg.dcm"]:
        dataset = dcmread(path)
        setattr(dataset.SegmentSequence[0] if keyword == "SegmentLabel" else dataset, keyword, value)
        dataset.save_as(path)
    assert convert(tree, first.store).progress.failed == 1


def test_another_patient_does_not_come_into_a_case(tmp_path: Path, tree: Path) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    write_series(tmp_path / "theirs", name="b", attributes={"PatientID": "ANOTHER"})
    again = convert(tmp_path / "theirs", first.store)
    assert again.progress.failed == 1
    assert "already, of another patient or study; convert" in rows(again, "failures.parquet")[0]["sentence"]


@pytest.mark.parametrize("step", ["write_image", "write_mask", "finish_case"])
def test_interrupted_while_a_case_is_added_to(
    tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = convert(tree, tmp_path / "cohort.zarr")
    before = times(first.store)
    scan = write_scan(tree / "other", attributes={"SeriesInstanceUID": "1.2.77", "SeriesNumber": 8})
    write_segmentation(tree / "other.dcm", scan, segments())

    def full(*_: object, **__: object) -> None:
        raise OutputError("the store cannot be written: No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="No space left"):  # noqa: PT012
        patch.setattr(f"voxmill.conversion.job.{step}", full)
        convert(tree, first.store)
    again = convert(tree, first.store)
    assert (again.progress.done, again.unread) == (1, 0)
    assert before.items() <= times(again.store).items()
    (case,) = vm.open_store(again.store).cases
    assert [len(image.masks) for image in case.images] == [1, 1]
    assert case.incomplete == ()
    assert sorted(row["masks"] for row in rows(again, "index.parquet")) == [1, 1]


def test_a_second_mask_of_an_image_whose_first_is_told(tmp_path: Path) -> None:
    """A mask that an interruption has left beside one that is told of goes, and the other stays."""
    image, mask = write_case(tmp_path)
    (tmp_path / "cases.csv").write_text(f"image:t1,mask,case\n{image.name},{mask.name},one\n")
    done = convert(tmp_path / "cases.csv", tmp_path / "cohort.zarr", keep_ids=True)
    (stored,) = vm.open_store(done.store).case("one").images
    write_stray(stored.folder, image)
    (tmp_path / "cases.csv").write_text(f"image:t1,image:t2,mask,case\n{image.name},{image.name},{mask.name},one\n")
    assert convert(tmp_path / "cases.csv", done.store, keep_ids=True).progress.done == 1
    images = vm.open_store(done.store).case("one").images
    assert [(one.name, [mask.name for mask in one.masks]) for one in images] == [("t1", ["mask"]), ("t2", ["mask"])]


def write_stray(folder: Path, image: Path) -> None:
    """A mask that no attributes of the case tell of."""
    volume = vm.read_image(image)
    write_mask(folder, vm.Mask(np.ones(volume.grid.shape, np.uint8), volume.grid, name="stray"))


def test_of_a_damaged_slice_the_series_beside_it_is_told(tmp_path: Path, tree: Path) -> None:
    last = max((tree / "ct").iterdir())
    last.write_bytes(last.read_bytes()[:300])
    done = convert(tree, tmp_path / "cohort.zarr")
    (row,) = rows(done, "index.parquet")
    assert "1 of the files beside it could not be read, and may be a slice of it" in row["notes"]
    assert done.not_read == {"file": 1}


@pytest.mark.parametrize("length", [0, 100, 140, 400])
def test_a_slice_at_an_end_that_is_cut_off_is_told_however_short_it_is(tmp_path: Path, tree: Path, length: int) -> None:
    last = max((tree / "ct").iterdir())
    last.write_bytes(last.read_bytes()[:length])
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.not_read, len(rows(done, "failures.parquet"))) == ({"file": 1}, 1)


@pytest.mark.parametrize("done, said", [(0, "0 cases are"), (1, "1 case is"), (2, "2 cases are")])
def test_a_full_disk_says_how_far_it_got_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int, said: str
) -> None:
    image, mask = write_case(tmp_path)
    lines = ["image,mask,case", *(f"{image.name},{mask.name},{number}" for number in range(3))]
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    left = iter(range(done))

    def filling(place: Path, mask: vm.Mask) -> None:
        if next(left, None) is None:
            raise OutputError("the store cannot be written: No space left on device")
        write_mask(place, mask)

    monkeypatch.setattr("voxmill.conversion.job.write_mask", filling)
    with pytest.raises(OutputError, match=rf"No space left on device; {said} in the store: run the command again when"):
        convert(tmp_path / "cases.csv", tmp_path / "cohort.zarr")
    assert len(vm.open_store(tmp_path / "cohort.zarr").names) == done
