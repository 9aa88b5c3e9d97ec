"""What failed, for the owner: in which files; and that removal finds failed studies, and leaves nothing of them."""

import csv
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydicom import dcmread

from dicom_files import write_series
from dicom_masks import segments, write_scan, write_segmentation
from small_images import write_case
from voxmill.conversion import convert, remove_case
from voxmill.conversion.converting import ledger_of
from voxmill.conversion.origins import owned_of
from voxmill.runs.ledger import read_ledger


@pytest.fixture(autouse=True)
def _key_beside_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)


def owned(store: Path) -> list[dict[str, str]]:
    with owned_of(store).open(newline="") as file:
        return list(csv.DictReader(file))


def told(store: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(store / "failures.parquet").to_pylist()
    return rows


def write_gap(folder: Path, name: str, **attributes: object) -> None:
    """A series without its third slice."""
    written = write_series(folder, name=name, attributes={"SeriesInstanceUID": f"1.2.{ord(name)}", **attributes})
    written[2].unlink()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A good study of a patient, one with two gaps of the same patient, one with a gap of another; what is no DICOM."""
    folder = tmp_path / "in"
    scan = write_scan(folder / "ct of Jane")
    write_segmentation(folder / "Jane.dcm", scan, segments())
    patient = scan.headers[0].PatientID
    write_gap(folder / "gaps" / "one", "b", PatientID=patient, StudyInstanceUID="1.2.9")
    write_gap(folder / "gaps" / "two", "c", PatientID=patient, StudyInstanceUID="1.2.9")
    write_gap(folder / "theirs", "d", PatientID="OTHER", StudyInstanceUID="1.2.10")
    (folder / "cut by Jane").write_bytes((folder / "Jane.dcm").read_bytes()[:300])
    return folder


def test_the_owner_finds_every_failure_and_nobody_else_does(tmp_path: Path, tree: Path) -> None:
    done = convert(tree, tmp_path / "cohort.zarr")
    assert (done.progress.done, done.not_read) == (1, {"case": 2, "file": 1})
    assert stat.S_IMODE(owned_of(done.store).stat().st_mode) == 0o600
    found = {row["source"]: row for row in owned(done.store)}
    assert set(found) == {"gaps/one", "gaps/two", "theirs", "cut by Jane"}
    assert found["gaps/two"]["series"] == f"1.2.{ord('c')}"
    assert found["gaps/two"]["sentence"].startswith("c0")
    assert found["cut by Jane"]["sentence"].startswith("cut by Jane: ")
    rows = told(done.store)
    assert len(rows) == len(found)
    assert all(row["image"] and row["patient"] and row["study"] for row in rows if row["case"])
    assert not any(secret in str(rows) for secret in ("Jane", "gaps/", "theirs", "OTHER", "1.2.9"))
    assert "source" not in rows[0]


def test_with_identifiers_kept_the_store_tells_files(tmp_path: Path, tree: Path) -> None:
    done = convert(tree, tmp_path / "cohort.zarr", keep_ids=True)
    assert {row["source"] for row in told(done.store)} == {"gaps/one", "gaps/two", "theirs", "cut by Jane"}
    remove_case(done.store, "OTHER")
    assert {row["source"] for row in told(done.store)} == {"gaps/one", "gaps/two"}


def test_a_mask_of_another_patient_has_its_file_and_image(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "in" / "ct")
    mask = dcmread(write_segmentation(tmp_path / "in" / "seg.dcm", scan, segments()))
    mask.PatientID = "ANOTHER"
    mask.save_as(tmp_path / "in" / "seg.dcm")
    done = convert(tmp_path / "in", tmp_path / "cohort.zarr")
    assert done.not_read == {"mask": 1}
    (row,) = owned(done.store)
    assert (row["source"], row["series"]) == ("seg.dcm", scan.headers[0].SeriesInstanceUID)
    assert row["image"] == pq.read_table(done.store / "index.parquet")["image"][0].as_py()


def test_rows_of_another_source_stay_and_what_is_mended_goes(tmp_path: Path, tree: Path) -> None:
    store = tmp_path / "cohort.zarr"
    convert(tree, store)
    image, _ = write_case(tmp_path)
    convert(image, store)
    assert {row["source"] for row in owned(store)} == {"gaps/one", "gaps/two", "theirs"}
    convert(tree, store, allow_gaps=True)
    assert {row["source"] for row in owned(store)} == {"cut by Jane"}
    (tree / "cut by Jane").unlink()
    convert(tree, store)
    assert not owned_of(store).exists()


def test_a_patient_goes_wholly_with_studies_that_failed(tmp_path: Path, tree: Path) -> None:
    done = convert(tree, tmp_path / "cohort.zarr")
    gone = remove_case(done.store, "P1")
    assert (len(gone.cases), gone.caseless) == (2, 1)
    assert [row["source"] for row in owned(done.store)] == ["theirs"]
    assert len(told(done.store)) == len(list(read_ledger(ledger_of(done.store)))) == 1
    assert len(remove_case(done.store, "1.2.10").cases) == 1
    assert (told(done.store), owned_of(done.store).exists()) == ([], False)
    assert list(read_ledger(ledger_of(done.store))) == []


def test_removal_spares_the_case_whose_name_another_patient_claimed(tmp_path: Path) -> None:
    """A study of two patients in two runs: the second failed, and has the name of the case of the first."""
    write_series(tmp_path / "mine")
    write_series(tmp_path / "theirs", name="b", attributes={"PatientID": "OTHER"})
    store = tmp_path / "cohort.zarr"
    convert(tmp_path / "mine", store)
    assert convert(tmp_path / "theirs", store).not_read == {"case": 1}
    assert remove_case(store, "OTHER").cases == ()
    assert (told(store), len(pq.read_table(store / "index.parquet"))) == ([], 1)
    assert len(remove_case(store, "P1").cases) == 1
