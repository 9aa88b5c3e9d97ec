"""`voxmill convert`, `inspect` and `remove`, as a person uses them."""

import os
import stat
from pathlib import Path

import fsspec
import nibabel as nib
import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk

import voxmill as vm
from dicom_files import stored, write_series
from run_command import Command, call
from small_images import texture, write_case
from voxmill.runs.lock import locked


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process: its exit code, what it wrote and what it said."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)

    return lambda *arguments: call(arguments, monkeypatch, capsys)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    image, mask = write_case(tmp_path)
    path = tmp_path / "cases.csv"
    path.write_text(f"image,mask,case\n{image.name},{mask.name},one\n{image.name},{mask.name},two\n")
    return path


def test_a_table_becomes_a_store_and_the_store_rows(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    store = tmp_path / "cohort.zarr"
    code, out, said = voxmill("convert", cases, store)
    assert (code, out) == (0, "")
    assert said == f"voxmill: 2 cases converted: {store}\n"
    assert stat.S_IMODE((tmp_path / "cohort.zarr.key").stat().st_mode) == 0o600
    code, out, _ = voxmill("extract", store)
    assert code == 0
    assert len(out.splitlines()) == 1 + 2 * 2
    _, _, said = voxmill("convert", cases, store)
    assert said == f"voxmill: 0 cases converted, 2 were there: {store}\n"


def test_a_source_at_a_url_and_a_store_that_is_one(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    storage.put(str(tmp_path), "/far", recursive=True)
    store = tmp_path / "cohort.zarr"
    assert voxmill("convert", "memory://far/cases.csv", store) == (0, "", f"voxmill: 2 cases converted: {store}\n")
    storage.store.clear()
    code, out, said = voxmill("convert", cases, "s3://bucket/cohort.zarr")
    assert (code, out) == (3, "")
    assert said == (
        "voxmill: a store is written to a folder of this machine, not to a URL; give a folder, and copy it there\n"
    )


def test_fractions_have_a_threshold(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    assert voxmill("convert", cases, tmp_path / "cohort.zarr", "--threshold", "0.3")[0] == 0
    code, _, said = voxmill("convert", cases, tmp_path / "cohort.zarr")
    assert (code, said.count("\n")) == (3, 1)
    assert "begun with the threshold 0.3 for fractional segmentations, and this conversion has 0.5" in said
    assert voxmill("convert", cases, tmp_path / "other.zarr", "--threshold", "2")[0] == 2


def test_what_fails_is_told_and_the_rest_goes_on(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    cases.write_text(cases.read_text() + "gone.nrrd,,three\n")
    store = tmp_path / "cohort.zarr"
    code, _, said = voxmill("convert", cases, store)
    assert code == 1
    assert said.splitlines()[1:] == [f"voxmill: 1 case could not be read; why: {store / 'failures.parquet'}"]
    cases.write_text("image\ngone.nrrd\n")
    assert voxmill("convert", cases, tmp_path / "other.zarr")[0] == 3


def test_a_case_that_is_refused_again_is_not_said_to_be_unreadable(
    voxmill: Command, cases: Path, tmp_path: Path
) -> None:
    store = tmp_path / "cohort.zarr"
    cases.write_text("".join(cases.read_text().splitlines(keepends=True)[:2]))
    assert voxmill("convert", cases, store)[0] == 0
    vm.write_image(vm.Volume(np.ones((3, 4, 5), np.int16), spacing=(1, 1, 1)), tmp_path / "other.nrrd")
    cases.write_text("image,case\nother.nrrd,one\n")
    code, _, said = voxmill("convert", cases, store)
    assert (code, said.splitlines()[-1]) == (
        1,
        f"voxmill: 1 case could not be converted again, and stays as it was; why: {store / 'failures.parquet'}",
    )


def test_what_belongs_to_no_case_is_counted_in_words(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    scan, gone = cases.read_text().splitlines()[1].split(",")[0], "gone.nrrd"
    cases.write_text(cases.read_text() + f"{gone},,three\n{gone},,four\n{scan}\n,,five\n{scan}\n")
    store = tmp_path / "cohort.zarr"
    code, _, said = voxmill("convert", cases, store)
    assert (code, said.splitlines()[-1]) == (
        1,
        "voxmill: 2 cases and 3 rows could not be read; why: " + str(store / "failures.parquet"),
    )
    _, _, said = voxmill("remove", store, "one")
    assert said.splitlines()[1:] == [
        "voxmill: also gone: 3 rows of failures of no case, as nobody can tell whose they are; voxmill convert lists "
        "them again"
    ]
    assert "2 cases and 3 rows could not be read" in voxmill("convert", cases, store)[2]


def test_series_of_kinds_that_are_never_read_are_no_failure(voxmill: Command, tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "scan")
    planned = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "SeriesInstanceUID": "1.2.3"}
    write_series(tmp_path / "in" / "scout", stored(2), attributes=planned)
    code, _, said = voxmill("convert", tmp_path / "in", tmp_path / "cohort.zarr")
    why = f"why: {tmp_path / 'cohort.zarr' / 'failures.parquet'}"
    assert (code, said.splitlines()[1:]) == (0, [f"voxmill: 1 series is of a kind that is never read; {why}"])
    report = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR", "SeriesInstanceUID": "1.2.4"}
    write_series(tmp_path / "in" / "report", stored(1), attributes=report)
    (tmp_path / "in" / "link").symlink_to(tmp_path / "in" / "scan")
    code, _, said = voxmill("convert", tmp_path / "in", tmp_path / "cohort.zarr")
    assert (code, said.splitlines()[1:]) == (
        1,
        [f"voxmill: 1 folder could not be read, 2 series are of kinds that are never read; {why}"],
    )


def test_a_column_of_labels_chooses_nothing_and_that_is_said(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    image, mask, _ = cases.read_text().splitlines()[1].split(",")
    cases.write_text(f"Image,Mask,Label\n{image},{mask},1\n{image},{mask},2\n")
    code, _, said = voxmill("convert", cases, tmp_path / "cohort.zarr")
    assert (code, len(said.splitlines())) == (0, 2)
    assert said.startswith(
        "voxmill: the columns Label and Label_channel choose nothing here: a store keeps every label"
    )


@pytest.mark.parametrize("content", ["wrong\n", "picture\na\n", ""])
def test_a_source_that_is_refused_leaves_nothing(voxmill: Command, tmp_path: Path, content: str) -> None:
    (tmp_path / "cases.csv").write_text(content)
    (tmp_path / "empty").mkdir()
    for source in ("cases.csv", "empty", "nowhere"):
        assert voxmill("convert", tmp_path / source, tmp_path / "cohort.zarr")[0] == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cases.csv", "empty"]


def test_a_source_that_is_refused_leaves_a_link_to_a_key_whose_disk_is_not_there(
    voxmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    (key := tmp_path / "cohort.zarr.key").symlink_to(tmp_path / "vault" / "study.key")
    assert voxmill("convert", tmp_path / "none.csv", tmp_path / "cohort.zarr")[0] == 3
    assert key.is_symlink()


def test_a_source_that_is_refused_leaves_a_store_that_was_there(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    voxmill("convert", cases, tmp_path / "cohort.zarr")
    before = sorted(tmp_path.rglob("*"))
    assert voxmill("convert", tmp_path / "nowhere", tmp_path / "cohort.zarr")[0] == 3
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "new.zarr").mkdir()
    assert voxmill("convert", tmp_path / "nowhere", tmp_path / "new.zarr")[0] == 3
    assert list((tmp_path / "new.zarr").iterdir()) == []


def test_without_the_key_it_says_that_the_key_is_not_there(voxmill: Command, tmp_path: Path) -> None:
    write_series(tmp_path / "in")
    store = tmp_path / "cohort.zarr"
    voxmill("convert", tmp_path / "in", store)
    key = (tmp_path / "cohort.zarr.key").rename(tmp_path / "hidden")
    code, _, said = voxmill("remove", store, "P1")
    assert (code, said.count("\n")) == (3, 1)
    assert said.startswith(
        "voxmill: without the key a case is known by its name in the store alone (cohort.zarr.key: the key cannot be "
        "read: No such file or directory); by that name the store has no case, study or patient 'P1'"
    )
    key.rename(tmp_path / "cohort.zarr.key")
    assert voxmill("remove", store, "P1")[0] == 0


def test_a_store_shows_its_cases_and_loses_one(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    store = tmp_path / "cohort.zarr"
    voxmill("convert", cases, store, "--keep-ids")
    code, out, _ = voxmill("inspect", store)
    assert code == 0
    assert [line.split("\t")[:3] for line in out.splitlines()] == [
        ["case", "image", "voxels"],
        ["one", "image", "13 × 11 × 9"],
        ["two", "image", "13 × 11 × 9"],
    ]
    assert voxmill("remove", store, "one") == (0, "", "voxmill: erased: one\n")
    assert vm.open_store(store).names == ("two",)
    code, _, said = voxmill("remove", store, "one")
    assert code == 3
    assert said.startswith("voxmill: the store has no case, study or patient 'one'")


def test_a_folder_shows_its_series(voxmill: Command, tmp_path: Path) -> None:
    write_series(tmp_path / "whole", stored())
    gap = write_series(tmp_path / "gap", stored(), attributes={"SeriesNumber": 9, "SeriesInstanceUID": "1.2.3"})
    gap[2].unlink()
    code, out, _ = voxmill("inspect", tmp_path)
    assert code == 0
    head, *lines = [line.split("\t") for line in out.splitlines()]
    assert head == ["series", "modality", "description", "files", "voxels", "spacing mm", "read"]
    assert sorted(line[3] for line in lines) == ["4", "5"]
    assert any("missing" in line[6] for line in lines)


def test_an_image_file_shows_its_grid(voxmill: Command, tmp_path: Path) -> None:
    image, _ = write_case(tmp_path)
    code, out, _ = voxmill("inspect", image)
    assert (code, out.splitlines()[1]) == (0, f"{image.name}\t13 × 11 × 9\t0.75 × 1.5 × 3\tint16")


def test_what_headers_carry_is_told_without_what_it_is(voxmill: Command, tmp_path: Path) -> None:
    write_series(tmp_path / "scan", stored(), attributes={"PatientName": "Doe^Jane", "StudyDate": "20210304"})
    code, out, _ = voxmill("inspect", tmp_path / "scan", "--privacy")
    assert code == 0
    assert "a person's name\tPatientName (0010,0010)\t5" in out.splitlines()
    assert "Jane" not in out


def test_what_is_not_looked_at_is_told(voxmill: Command, tmp_path: Path) -> None:
    write_series(tmp_path, stored(), attributes={"SeriesInstanceUID": None, "PatientName": "Doe^Jane"})
    (tmp_path / "letter.txt").write_text("Dear Jane")
    code, out, _ = voxmill("inspect", tmp_path, "--privacy")
    assert code == 0
    assert "a person's name\tPatientName (0010,0010)\t5" in out.splitlines()
    assert "not looked at\ta file that is damaged, or of another kind\t1" in out.splitlines()


def test_privacy_is_for_sources_and_folders_hold_something(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    voxmill("convert", cases, tmp_path / "cohort.zarr")
    code, _, said = voxmill("inspect", tmp_path / "cohort.zarr", "--privacy")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("voxmill: cohort.zarr: --privacy is for what is to be converted, and this is a store")
    (tmp_path / "empty").mkdir()
    for options in ((), ("--privacy",)):
        code, out, said = voxmill("inspect", tmp_path / "empty", *options)
        assert (code, out, said.count("\n")) == (3, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "."),
        ("inspect", ".", "--privacy"),
        ("convert", ".", "../cohort.zarr"),
        ("run", ".", "--out", "../out"),
    ],
)
def test_the_folder_that_one_is_in_is_called_by_its_name(
    voxmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (tmp_path / "scans").mkdir()
    monkeypatch.chdir(tmp_path / "scans")
    code, _, err = voxmill(*words)
    assert (code, err.splitlines()[-1].partition(": there ")[0]) == (3, "voxmill: scans")


def test_what_will_matter_when_it_is_measured_is_said(voxmill: Command, tmp_path: Path) -> None:
    """A sheared image and a mask on another grid have notes; a mask that lies nowhere in its image is a failure."""
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    sheared = affine.copy()
    sheared[0, 2] = 0.5
    nib.save(nib.Nifti1Image(texture(), sheared), tmp_path / "sheared.nii.gz")
    image, mask = write_case(tmp_path)
    half = sitk.ReadImage(str(mask))[::2, ::2, ::2]
    sitk.WriteImage(half, str(tmp_path / "half.nrrd"))
    half.SetOrigin((900.0, 0.0, 0.0))
    sitk.WriteImage(half, str(tmp_path / "far.nrrd"))
    rows = ["sheared.nii.gz,,sheared", f"{image.name},half.nrrd,half", f"{image.name},far.nrrd,far"]
    (tmp_path / "cases.csv").write_text("\n".join(["image,mask,case", *rows]))
    code, _, said = voxmill("convert", tmp_path / "cases.csv", tmp_path / "cohort.zarr", "--keep-ids")
    assert (code, "1 mask could not be read" in said) == (1, True)
    index = {row["case"]: row for row in pq.read_table(tmp_path / "cohort.zarr" / "index.parquet").to_pylist()}
    assert "its axes are not at right angles" in index["sheared"]["notes"]
    assert "a mask lies on another grid" in index["half"]["notes"]
    assert (index["far"]["notes"], index["far"]["masks"]) == ("[]", 0)
    (failure,) = pq.read_table(tmp_path / "cohort.zarr" / "failures.parquet").to_pylist()
    assert "no region of it lies in the image (image: " in failure["sentence"]


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
@pytest.mark.parametrize("command", ["convert", "remove"])
def test_a_store_that_cannot_be_written_to_is_named(
    voxmill: Command, cases: Path, tmp_path: Path, command: str
) -> None:
    """No file may grow, as on a disk that is full: the sentence names what cannot be written."""
    import resource

    store = tmp_path / "cohort.zarr"
    voxmill("convert", cases, store, "--keep-ids")
    arguments = (cases, store, "--keep-ids") if command == "convert" else (store, "one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        code, _, said = voxmill(command, *arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, said.count("\n")) == (3, 1)
    assert said.startswith("voxmill: cohort.zarr.ledger: ")
    assert "file too large" in said.lower()


def test_a_store_that_another_process_writes_to_is_named(voxmill: Command, cases: Path, tmp_path: Path) -> None:
    store = tmp_path / "cohort.zarr"
    voxmill("convert", cases, store)
    with locked(tmp_path / "cohort.zarr.ledger" / "lock"):
        code, _, said = voxmill("convert", cases, store)
    assert code == 3
    assert said.startswith(f"voxmill: cohort.zarr.ledger/lock: process {os.getpid()} on ")


@pytest.mark.parametrize("suffix", ["nrrd", "nii.gz", "mha"])
def test_texts_of_other_headers_are_told(voxmill: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    if "nii" in suffix:
        written = nib.Nifti1Image(texture(), np.eye(4))
        written.header["descrip"] = "Doe^Jane"
        nib.save(written, path)
    else:
        image = sitk.GetImageFromArray(texture())
        image.SetMetaData("Operator", "Doe^Jane")
        sitk.WriteImage(image, str(path))
    code, out, _ = voxmill("inspect", tmp_path, "--privacy")
    assert code == 0
    assert any(line.startswith("free text\t") for line in out.splitlines())
    assert "Jane" not in out


@pytest.mark.parametrize(
    "command", [("convert", "nowhere", "store"), ("inspect", "nowhere"), ("remove", "nowhere", "x")]
)
def test_paths_that_are_none(
    voxmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, said = voxmill(*command)
    assert (code, out) == (3, "")
    assert said.startswith("voxmill: nowhere: there is no such")
    assert said.count("\n") == 1


def test_columns_that_stay_outside_are_told_and_those_that_are_carried_are_not(
    voxmill: Command, tmp_path: Path
) -> None:
    image, mask = write_case(tmp_path)
    (tmp_path / "cases.csv").write_text(f"case,image,mask,age,centre\none,{image.name},{mask.name},61,north\n")
    _, _, said = voxmill("convert", tmp_path / "cases.csv", tmp_path / "a.zarr")
    first = "voxmill: columns of the table that stay outside: age, centre; --carry COLUMN takes one along"
    assert said.splitlines()[0] == first
    _, _, said = voxmill("convert", tmp_path / "cases.csv", tmp_path / "b.zarr", "--carry", "age", "--carry", "c*")
    assert "stay outside" not in said.replace(str(tmp_path), "")
