"""`voxmill convert`, `inspect` and `remove`, as a person uses them."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import fsspec
import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

import voxmill as vm
from dicom_files import stored, write_series
from small_images import texture, write_case
from voxmill.cli import main

Command = Callable[..., tuple[object, str, str]]


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process: its exit code, what it wrote and what it said."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)

    def run(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


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
    assert said.splitlines()[1:] == [
        f"voxmill: 1 case could not be read, 0 files or series belong to none; why: {store / 'failures.parquet'}"
    ]
    cases.write_text("image\ngone.nrrd\n")
    assert voxmill("convert", cases, tmp_path / "other.zarr")[0] == 3


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
