"""Rows of one case that name different files: a store has all of them, as a run of the table measures all of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_scan, write_table
from voxmill.cohort import run_cohort
from voxmill.conversion import Converted, convert
from voxmill.conversion.origins import owned_of

TWO_MASKS = [{"image": "a.nrrd", "mask": "a.seg.nrrd"}, {"image": "a.nrrd", "mask": "b.seg.nrrd"}]
TWO_IMAGES = [{"image": "a.nrrd", "mask": "a.seg.nrrd"}, {"image": "b.nrrd", "mask": "b.seg.nrrd"}]
VISITS = [
    {"image:t1": "a.nrrd", "image:adc": "a.nrrd", "mask": "a.seg.nrrd"},
    {"image:t1": "b.nrrd", "image:adc": "a.nrrd", "mask": "b.seg.nrrd"},
]


@pytest.fixture(autouse=True)
def _scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    for seed, name in enumerate("abc"):
        write_scan(tmp_path, name, seed=seed)


def table_of(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    return write_table(folder, [{"case": "one", **row} for row in rows])


def converted(folder: Path, rows: Sequence[Mapping[str, Any]], *, keep_ids: bool = True) -> Converted:
    return convert(table_of(folder, rows), folder / "cohort.zarr", keep_ids=keep_ids)


def names_in(store: Path) -> dict[str, list[str]]:
    (case,) = vm.open_store(store).cases
    return {image.name: [mask.name for mask in image.masks] for image in case.images}


def told_in(done: Converted) -> str:
    (failure,) = rows_of(done.failures)
    return str(failure["sentence"])


@pytest.mark.parametrize("rows", [TWO_MASKS, TWO_IMAGES, VISITS])
def test_a_run_of_the_store_has_the_rows_of_a_run_of_the_table(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    done = converted(tmp_path, rows)
    assert (done.cases, done.progress.done, done.unread) == (1, 1, 0)
    of_table = run_cohort(tmp_path / "cases.csv", tmp_path / "files", settings=FEW)
    of_store = run_cohort(done.store, tmp_path / "stored", settings=FEW)
    found, expected = (sorted(map(repr, rows_of(one.features))) for one in (of_store, of_table))
    assert len(found) >= 4
    assert found == expected


def test_names_of_files_do_not_enter_the_store(tmp_path: Path) -> None:
    done = converted(tmp_path, VISITS, keep_ids=False)
    assert done.unread == 0
    names = names_in(done.store)
    assert [name.partition("-")[0] for name in names] == ["adc", "t1 image", "t1 image"]
    assert sorted(len(masks) for masks in names.values()) == [1, 1, 2]
    assert all(mask.startswith("mask-") for masks in names.values() for mask in masks)
    assert not any("nrrd" in str(path) for path in done.store.rglob("*"))


def test_what_cannot_be_read_is_told_with_the_rows_of_its_case(tmp_path: Path) -> None:
    (tmp_path / "b.nrrd").write_bytes(b"NRRD0004\n")
    done = converted(tmp_path, TWO_IMAGES)
    assert done.not_read == {"image": 1}
    assert told_in(done).startswith("rows 1, 2: b.nrrd: ")
    assert owned_of(done.store).read_text().endswith(",b.nrrd\n")
    write_scan(tmp_path, "b", seed=1)
    assert converted(tmp_path, TWO_IMAGES).unread == 0
    assert names_in(done.store) == {"a.nrrd": ["a.seg.nrrd"], "b.nrrd": ["b.seg.nrrd"]}


def test_a_further_row_adds_to_its_case(tmp_path: Path) -> None:
    done = converted(tmp_path, TWO_MASKS)
    again = converted(tmp_path, [*TWO_MASKS, {"image": "a.nrrd", "mask": "c.seg.nrrd"}])
    assert (again.progress.done, again.unread) == (1, 0)
    assert names_in(done.store) == {"image": ["a.seg.nrrd", "b.seg.nrrd", "c.seg.nrrd"]}


@pytest.mark.parametrize("rows", [TWO_MASKS, TWO_IMAGES, VISITS])
def test_what_is_there_by_another_name_is_never_added_again(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    for first, then in ((rows[:1], rows), (rows, rows[:1])):
        folder = tmp_path / str(len(first))
        folder.mkdir()
        for name in "ab":
            write_scan(folder, name, seed=1)
        before = names_in(converted(folder, first).store)
        again = converted(folder, then)
        assert (again.progress.failed, names_in(again.store)) == (1, before)
        assert "already, of other files, or these have changed; remove it first" in told_in(again)


def test_a_name_that_is_too_long_for_a_store_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 150) / ("y" * 60)
    folder.mkdir(parents=True)
    _, mask = write_scan(folder, "b", seed=1)
    done = converted(tmp_path, [TWO_MASKS[0], {"image": "a.nrrd", "mask": mask.relative_to(tmp_path)}])
    assert (done.progress.done, done.not_read) == (1, {"mask": 1})
    assert "a name in a store is 1 to 200 bytes long; choose another name" in told_in(done)
    assert names_in(done.store) == {"image": ["a.seg.nrrd"]}


BY_CHANCE = [
    {"image": "t1", "image:t1": "b.nrrd", "mask": "a.seg.nrrd"},
    {"image": "a.nrrd", "image:t1": "b.nrrd", "mask": "b.seg.nrrd"},
]


@pytest.mark.parametrize("rows", [BY_CHANCE, BY_CHANCE[::-1]])
def test_two_images_of_one_name_are_refused(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """A file that is called like a column of images."""
    (tmp_path / "a.nrrd").rename(tmp_path / "t1")
    write_scan(tmp_path, "a", seed=0)
    said = r"^cases.csv: the images of columns 'image(:t1)?' \(row \d\) and 'image(:t1)?' \(row \d\) are of one case"
    for begin in (lambda: converted(tmp_path, rows), lambda: run_cohort(tmp_path / "cases.csv", tmp_path / "out")):
        with pytest.raises(vm.InputError, match=said):
            begin()
    assert not (tmp_path / "cohort.zarr").exists()
    assert names_in(converted(tmp_path, rows, keep_ids=False).store)


def test_columns_that_call_their_image_alike_are_refused(tmp_path: Path) -> None:
    rows = [{"image": "a.nrrd", "image:image": "b.nrrd", "mask": "a.seg.nrrd"}]
    with pytest.raises(vm.InputError, match=r"^cases.csv: columns image, image:image are of one image; keep one"):
        converted(tmp_path, rows)


def test_the_same_row_twice_is_refused_as_a_run_refuses_it(tmp_path: Path) -> None:
    said = "cases.csv: these rows have the same case, image, mask and label: 1 and 2; keep one"
    with pytest.raises(vm.InputError, match=said):
        converted(tmp_path, TWO_MASKS[:1] * 2)
    with pytest.raises(vm.InputError, match=said):
        run_cohort(tmp_path / "cases.csv", tmp_path / "out")


def test_rows_of_one_mask_are_told_apart_by_label_and_by_no_other_column(tmp_path: Path) -> None:
    lesions = [{**TWO_MASKS[0], "lesion": name} for name in "ab"]
    said = "1 and 2; keep one of them, or give each the number of the label that it is of, in a column 'Label'"
    with pytest.raises(vm.InputError, match=said):
        converted(tmp_path, lesions)
    labels = ("1", "9" * 5_000)
    done = converted(tmp_path, [{**row, "Label": label} for row, label in zip(lesions, labels, strict=True)])
    assert names_in(done.store) == {"image": ["mask"]}
