"""EUCAIM's layout and its index.json: what is missing is told, what is beside it is converted with a note."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dicom_files import uid, write_series
from voxmill.conversion import Converted, convert
from voxmill.conversion.origins import owned_of

PATIENTS = ("Jane", "John")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """imaging_data/PATIENT/STUDY/SERIES of two patients, a series each."""
    for patient in PATIENTS:
        write_patient(tmp_path / "dataset", patient)
    return tmp_path / "dataset"


def write_patient(dataset: Path, patient: str) -> None:
    about = {"PatientID": patient, "StudyInstanceUID": uid(patient), "SeriesInstanceUID": uid(patient, "series")}
    write_series(dataset / "imaging_data" / patient / f"{patient}-ct" / "thorax", name=patient, attributes=about)


def rows(done: Converted, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(done.store / table).to_pylist()
    return found


def converted(dataset: Path, listing: object) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of what is there, and of what is not, of a folder with this listing."""
    path = dataset / "index.json"
    path.write_text(listing if isinstance(listing, str) else json.dumps(listing))
    done = convert(dataset, dataset.with_name("cohort.zarr"))
    assert (done.progress.done, done.progress.failed) == (2, 0)
    everything = str(rows(done, "index.parquet")) + str(rows(done, "failures.parquet"))
    assert not any(name in everything for name in (*PATIENTS, "Gone", str(uid("Jane"))))
    return rows(done, "index.parquet"), rows(done, "failures.parquet")


def by_headers(patient: str) -> dict[str, object]:
    return {
        "patient_id": patient,
        "studies": [{"StudyInstanceUID": uid(patient), "series": [{"SeriesInstanceUID": uid(patient, "series")}]}],
    }


def by_folders(patient: str) -> dict[str, object]:
    return {"subjectName": patient, "studies": [{"name": f"{patient}-ct", "series": [{"folderName": "thorax"}]}]}


FORMS: dict[str, Any] = {
    "headers": lambda names: {"version": 1, "patients": [by_headers(name) for name in names]},
    "folders": lambda names: [by_folders(name) for name in names],
    "records": lambda names: [{"PatientID": name, "Study UID": uid(name)} for name in names],
    "names": lambda names: {name: {f"{name}-ct": ["thorax"]} for name in names},
    "names of names": lambda names: {"patients": {name: {f"{name}-ct": {"thorax": {"files": 5}}} for name in names}},
    "patients": lambda names: {"subjects": list(names)},
    "empty lists": lambda names: [{"patientId": name, "studies": []} for name in names],
    "studies": lambda names: {"studies": [{"id": uid(name)} for name in names]},
    "paths": lambda names: [{"path": f"imaging_data/{name}/{name}-ct/thorax"} for name in names],
    "paths of Windows": lambda names: [{"path": f"imaging_data\\{name}\\{name}-ct\\thorax"} for name in names],
    "paths of files": lambda names: {"series": [{"path": f"{name}/{name}-ct/thorax/1.dcm"} for name in names]},
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_listed_and_there_is_as_if_there_were_no_listing(dataset: Path, form: str) -> None:
    images, failures = converted(dataset, FORMS[form](PATIENTS))
    assert failures == []
    assert all("index.json" not in row["notes"] for row in images)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_missing_and_what_is_beside_it(dataset: Path, form: str) -> None:
    images, failures = converted(dataset, FORMS[form](["Jane", "Gone"]))
    (missing,) = failures
    assert missing["sentence"].startswith("index.json lists this ")
    assert missing["sentence"].endswith(", and no file of it is there; copy it, and convert again")
    assert sorted("does not list this series" in row["notes"] for row in images) == [False, True]


@pytest.mark.parametrize(
    "form, series, source",
    [
        ("headers", uid("Gone", "series"), f"Gone/{uid('Gone')}/{uid('Gone', 'series')}"),
        ("names", "", "Gone/Gone-ct/thorax"),
        ("patients", "", "Gone"),
        ("paths", "", "Gone/Gone-ct/thorax"),
    ],
)
def test_the_owner_is_told_what_is_missing(dataset: Path, form: str, series: str, source: str) -> None:
    converted(dataset, FORMS[form](["Jane", "Gone"]))
    with owned_of(dataset.with_name("cohort.zarr")).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["series"], row["source"]) == (series, source)


@pytest.mark.parametrize("listing", [["Jane", "John", "\ud800"], {"Jane": {}, "John": {}, "\ud800": {}}])
def test_half_a_character_is_of_no_patient(dataset: Path, listing: object) -> None:
    _, failures = converted(dataset, {"patients": listing})
    assert [row["sentence"].partition(",")[0] for row in failures] == ["index.json lists this patient"]


def test_a_listing_in_a_linked_folder_is_not_read(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "index.json").write_text('{"patients": ["Gone"]}')
    (dataset / "outside-1").symlink_to(tmp_path / "elsewhere")
    _, failures = converted(dataset, {"patients": PATIENTS})
    (failure,) = failures
    assert "this is a link to a folder, and is not followed" in failure["sentence"]


def test_what_is_damaged_is_not_missing_as_well(dataset: Path) -> None:
    (dataset / "imaging_data" / "Gone" / "s").mkdir(parents=True)
    (dataset / "imaging_data" / "Gone" / "s" / "a").write_bytes(bytes(128) + b"DICM" + b"\x08\x00\x05\x00CS\xff")
    _, failures = converted(dataset, {"patients": ["Gone", *PATIENTS]})
    (failure,) = failures
    assert "index.json" not in failure["sentence"]


@pytest.mark.parametrize(
    "listing, reason",
    [
        ("not JSON", "it cannot be read as JSON"),
        ("[" * 100_000, "it cannot be read as JSON"),
        ("[]", "it lists patients, studies or series in no form that is known"),
        ({"title": "a study", "licence": [1, 2]}, "it lists patients, studies or series in no form that is known"),
        (7, "it lists patients, studies or series in no form that is known"),
        ({"patients": ["Gone"]}, "nothing that it lists is in its folder, or its form is not known"),
        ({"about": {"id": 3}, "tables": ["Gone"]}, "nothing that it lists is in its folder, or its form is not known"),
    ],
)
def test_a_listing_of_no_known_form_is_ignored(dataset: Path, listing: object, reason: str) -> None:
    images, failures = converted(dataset, listing)
    assert [row["sentence"] for row in failures] == [f"index.json: {reason}; it is ignored"]
    assert all("index.json" not in row["notes"] for row in images)


def test_a_listing_of_many_levels_is_ignored(dataset: Path) -> None:
    """Whether Python's reader of JSON gives up, or what it has read is found to have no known form."""
    _, (failure,) = converted(dataset, '{"studies":[' * 300 + "1" + "]}" * 300)
    assert failure["sentence"] in (
        "index.json: it cannot be read as JSON; it is ignored",
        "index.json: nothing that it lists is in its folder, or its form is not known; it is ignored",
    )


def test_a_listing_in_the_folder_of_the_data(dataset: Path) -> None:
    (dataset / "imaging_data" / "index.json").write_text(json.dumps({"patients": ["Jane", "Gone"]}))
    done = convert(dataset, dataset.with_name("cohort.zarr"))
    assert len(rows(done, "failures.parquet")) == 1
    assert sum("index.json" in row["notes"] for row in rows(done, "index.parquet")) == 1


def test_a_listing_at_a_url(dataset: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    (dataset / "index.json").write_text(json.dumps({"patients": ["Jane", "Gone"]}))
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    storage.put(str(dataset), "/node", recursive=True)
    done = convert("memory://node", dataset.with_name("cohort.zarr"))
    storage.store.clear()
    assert [row["sentence"].partition(",")[0] for row in rows(done, "failures.parquet")] == [
        "index.json lists this patient"
    ]
    assert sum("index.json" in row["notes"] for row in rows(done, "index.parquet")) == 1
