"""A folder tree of DICOM as a cohort: what convert finds there, under names that tell nobody's."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydicom import dcmread

import voxmill as vm
from cohort_files import FEW, rows_of, write_table, written
from dicom_masks import segments, write_scan, write_segmentation
from voxmill.cohort import CohortRun, run_cohort

PATIENT, STUDY = "PATIENT-0042", "1.2.826.77.1"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of Jane's: a series and a segmentation of it, and a file that is neither."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    folder = tmp_path / "in"
    scan = write_scan(folder / "a" / "ct of Jane")
    (folder / "b").mkdir()
    write_segmentation(folder / "b" / "Jane.dcm", scan, segments())
    for path in (*(folder / "a" / "ct of Jane").iterdir(), folder / "b" / "Jane.dcm"):
        dataset = dcmread(path)
        dataset.PatientID, dataset.PatientName, dataset.StudyInstanceUID = PATIENT, "Doe^Jane", STUDY
        dataset.save_as(path)
    (folder / "c").mkdir()
    (folder / "c" / "lost of Jane.dcm").write_bytes((folder / "b" / "Jane.dcm").read_bytes()[:300])
    return folder


def everything(run: CohortRun) -> bytes:
    """All that a run wrote, tables as text: what is compressed cannot be searched."""
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    names = "\n".join(str(path.relative_to(run.folder)) for path in files).encode()
    tables = [str(pq.read_table(path).to_pylist()).encode() for path in files if path.suffix == ".parquet"]
    return names + b"".join(tables) + b"".join(path.read_bytes() for path in files if path.suffix != ".parquet")


def test_rows_are_those_of_series_and_segmentation(tree: Path, tmp_path: Path) -> None:
    done = run_cohort(tree, tmp_path / "out", settings=FEW)
    image = vm.read_image(tree / "a" / "ct of Jane")
    direct = vm.extract(image, vm.read_mask(tree / "b" / "Jane.dcm", image), settings=FEW)
    rows = rows_of(done.features)
    assert [(row["region"], row["original_glcm_Contrast"]) for row in rows] == [
        (row.region, row.features["original_glcm_Contrast"]) for row in direct.rows if row.error is None
    ]
    assert rows[0]["case"].startswith("study-")
    assert rows[0]["image"].startswith("series-")
    assert (tmp_path / "out.key").is_file()


def test_series_without_a_mask_and_those_of_other_kinds_are_no_failures(tree: Path, tmp_path: Path) -> None:
    (tree / "c" / "lost of Jane.dcm").unlink()
    write_scan(tree / "d")
    for path in (tree / "d").iterdir():
        dataset = dcmread(path)
        dataset.PatientID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID = PATIENT, STUDY, "1.2.826.77.2"
        dataset.SOPInstanceUID = f"1.2.826.77.2.{path.stem.encode().hex()[-8:].replace('a', '1').strip('bcdef')}"
        dataset.save_as(path)
    report = dcmread(next((tree / "d").iterdir()))
    report.SOPClassUID, report.Modality, report.SeriesInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.88.11",
        "SR",
        "1.2.826.77.3",
    )
    report.save_as(tree / "c" / "report.dcm")
    done = run_cohort(tree, tmp_path / "out", settings=FEW)
    assert (done.tally.rows > 0, done.tally.bare, rows_of(done.failures)) == (True, 1, [])
    assert "1 image was not measured, for want of a mask." in (done.folder / "methods.md").read_text()


def test_nothing_identifying_is_written(tree: Path, tmp_path: Path) -> None:
    done = run_cohort(tree, tmp_path / "out", settings=FEW)
    found = everything(done)
    for secret in (PATIENT, STUDY, "Jane", str(tree)):
        assert secret.encode() not in found
    (failure,) = rows_of(done.failures)
    assert failure["case"].startswith("file-")
    assert (failure["step"], failure["reason"]) == ("find", "InputError")


def test_identifiers_are_kept_where_that_is_asked_for(tree: Path, tmp_path: Path) -> None:
    done = run_cohort(tree, tmp_path / "out", settings=FEW, keep_ids=True)
    assert {row["case"] for row in rows_of(done.features)} == {STUDY}


def test_names_are_the_same_when_it_is_begun_again(tree: Path, tmp_path: Path) -> None:
    first = rows_of(run_cohort(tree, tmp_path / "out", settings=FEW).features)
    again = run_cohort(tree, tmp_path / "out", settings=FEW)
    assert (again.progress.done, again.progress.before) == (0, 1)
    assert rows_of(again.features) == first


def test_with_one_key_two_folders_have_the_same_bytes(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    monkeypatch.setenv("VOXMILL_KEY_FILE", str(key))
    first, second = (run_cohort(tree, tmp_path / name, settings=FEW).folder for name in ("first", "second"))
    assert written(first) == written(second)


def test_of_dicom_that_a_table_names_no_header_is_repeated(tree: Path, tmp_path: Path) -> None:
    rows = [{"case": "one", "image": "a/ct of Jane", "mask": "c/lost of Jane.dcm"}]
    done = run_cohort(write_table(tree, rows), tmp_path / "out", settings=FEW)
    (failure,) = rows_of(done.failures)
    assert failure["sentence"] == "it cannot be read; voxmill extract of these files says why"
    assert b"Jane" not in everything(done)
