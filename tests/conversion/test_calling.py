"""What cases of a table are called that has no column for it."""

from pathlib import Path

import pytest

from cohort_files import FEW, rows_of, write_scan, write_table
from voxmill.cohort import run_cohort
from voxmill.conversion import convert
from voxmill.discovery.calling import called
from voxmill.discovery.tables import Listed
from voxmill.io.remote import Remote
from voxmill.store import open_store


def name(folder: Path, image: str, case: str = "") -> str:
    return called(Listed(7, case, {"image": image} if image else {}, "", "", ""), folder)


def test_a_case_is_called_as_the_table_says(tmp_path: Path) -> None:
    assert name(tmp_path, "/data/a.nrrd", case="Ada") == "Ada"
    assert name(tmp_path, "") == "row 7"


@pytest.mark.parametrize("written", ["scans/a.nrrd", "./scans/a.nrrd", "{folder}/scans/a.nrrd", "scans/b/../a.nrrd"])
def test_below_the_table_by_the_path_from_there(tmp_path: Path, written: str) -> None:
    assert name(tmp_path, written.format(folder=tmp_path)) == "scans/a.nrrd"


@pytest.mark.parametrize(
    "one, other",
    [
        ("/data/1/ct.nrrd", "/data/2/ct.nrrd"),
        ("../1/ct.nrrd", "../2/ct.nrrd"),
        ("s3://bucket/1/ct.nrrd", "s3://bucket/2/ct.nrrd"),
        ("https://node.example/1/ct.nrrd?token=secret", "https://node.example/2/ct.nrrd"),
    ],
)
def test_elsewhere_by_name_and_a_digest(tmp_path: Path, one: str, other: str) -> None:
    names = name(tmp_path, one), name(tmp_path, other)
    assert len(set(names)) == 2
    for each in names:
        assert each.startswith("ct.nrrd-")
        assert len(each) == len("ct.nrrd-") + 12


def test_from_a_table_at_a_url_as_it_is_written() -> None:
    row = Listed(7, "", {"image": "./scans/a.nrrd"}, "", "", "")
    assert called(row, Remote("https://node.example/study?token=secret")) == "scans/a.nrrd"


def test_a_store_has_the_names_of_a_run_of_the_table(tmp_path: Path) -> None:
    """Also where files of two folders have one name."""
    rows = []
    for at, patient in enumerate(("p1", "p2")):
        (tmp_path / patient).mkdir()
        image, mask = write_scan(tmp_path / patient, "ct", seed=at)
        rows.append({"image": f"{patient}/{image.name}", "mask": f"{patient}/{mask.name}"})
    table = write_table(tmp_path, rows)
    store = convert(table, tmp_path / "cohort.zarr", keep_ids=True).store
    assert sorted(open_store(store).names) == ["p1/ct.nrrd", "p2/ct.nrrd"]
    runs = [run_cohort(cohort, tmp_path / name, settings=FEW) for name, cohort in (("of", table), ("from", store))]
    tables, stores = (sorted({row["case"] for row in rows_of(done.features)}) for done in runs)
    assert tables == stores


def test_secrets_of_a_url_do_not_change_it(tmp_path: Path) -> None:
    tokens = {name(tmp_path, f"https://node.example/1/ct.nrrd?token={token}") for token in ("a", "b")}
    assert len(tokens) == 1


def test_no_path_stands_in_results_and_rows_may_be_added(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    (tmp_path / "scans").mkdir()
    files = [write_scan(tmp_path / "scans", letter, seed=at) for at, letter in enumerate("ab")]
    rows = [{"image": str(image), "mask": str(mask)} for image, mask in files]
    first = run_cohort(write_table(tmp_path / "table", rows[:1]), tmp_path / "out", settings=FEW)
    before = {row["case"] for row in rows_of(first.features)}
    both = run_cohort(write_table(tmp_path / "table", rows), tmp_path / "out", settings=FEW)
    assert before < {row["case"] for row in rows_of(both.features)}
    assert (both.progress.done, both.progress.before) == (1, 1)
    for path in both.folder.glob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()
