"""Columns of a table that are carried into a store: those that are chosen, and how they reach its results."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort, write_scan, write_table
from voxmill.cohort import run_cohort
from voxmill.conversion import convert, remove_case


@pytest.fixture(autouse=True)
def _own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    """A table in Parquet of two cases, with columns of several types, in an order that is not that of names."""
    rows = [
        {"case": name, "image": image.name, "mask": mask.name, "age": age, "centre": f"centre of {name}", "os": os}
        for name, age, os in (("bob", 61, 1.5), ("ada", None, 2.25))
        for image, mask in [write_scan(tmp_path, name, seed=len(name))]
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "cases.parquet")
    return tmp_path / "cases.parquet"


def carried(store: Path) -> list[dict[str, Any]]:
    return rows_of(store / "carried.parquet")


def test_a_run_of_the_store_has_the_rows_of_a_run_of_the_table(tmp_path: Path, typed: Path) -> None:
    done = convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["*"])
    assert done.not_carried == ()
    table = run_cohort(typed, tmp_path / "files", settings=FEW)
    stored = run_cohort(tmp_path / "cohort.zarr", tmp_path / "stored", settings=FEW)
    assert pq.read_table(stored.features).equals(pq.read_table(table.features))
    assert (stored.folder / "dictionary.csv").read_bytes() == (table.folder / "dictionary.csv").read_bytes()


def test_rows_of_a_store_in_memory_have_what_a_run_has(tmp_path: Path, typed: Path) -> None:
    convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["*"])
    run = pq.read_table(run_cohort(tmp_path / "cohort.zarr", tmp_path / "out", settings=FEW).features)
    table = vm.extract_store(vm.open_store(tmp_path / "cohort.zarr"), settings=FEW)
    assert table.to_arrow().drop_columns(["error"]).equals(run)
    key = ["case", "image", "mask", "region", "label"]
    assert table.to_arrow().column_names[:8] == [*key, "age", "centre", "os"]
    assert [row.split(",")[:8] for row in table.to_csv().splitlines()[::2]] == [
        [*key, "age", "centre", "os"],
        ["ada", "image", "mask", "node", "3", "", "centre of ada", "2.25"],
        ["bob", "image", "mask", "node", "3", "61", "centre of bob", "1.5"],
    ]
    assert table.to_dict()["rows"][0]["carried"] == {"age": None, "centre": "centre of ada", "os": 2.25}
    assert "61" in vm.extract_store(vm.open_store(tmp_path / "cohort.zarr"), cases=["bob"], settings=FEW).to_csv()


def test_a_column_of_errors_cannot_be_carried_on_to_rows_in_memory(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "a", seed=1)
    table = write_table(tmp_path, [{"case": "a", "image": image.name, "mask": mask.name, "error": "none"}])
    convert(table, tmp_path / "cohort.zarr", keep_ids=True, carry=["error"])
    with pytest.raises(
        vm.InputError, match=r"^cohort.zarr: it carries a column error, and one of these results is cal"
    ):
        vm.extract_store(vm.open_store(tmp_path / "cohort.zarr"))


def test_nothing_enters_that_nobody_chose(tmp_path: Path, typed: Path) -> None:
    done = convert(typed, tmp_path / "cohort.zarr", keep_ids=True)
    assert done.not_carried == ("age", "centre", "os")
    assert not (tmp_path / "cohort.zarr" / "carried.parquet").exists()
    some = convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["os", "a*"])
    assert some.not_carried == ("centre",)
    assert carried(tmp_path / "cohort.zarr") == [
        {"case": "ada", "os": 2.25, "age": None},
        {"case": "bob", "os": 1.5, "age": 61},
    ]
    everything = b"".join(path.read_bytes() for path in (tmp_path / "cohort.zarr").rglob("*") if path.is_file())
    assert b"centre of" not in everything


def test_names_stand_for_cases_there_too(tmp_path: Path, typed: Path) -> None:
    convert(typed, tmp_path / "cohort.zarr", carry=["age"])
    assert all(row["case"].startswith("case-") for row in carried(tmp_path / "cohort.zarr"))
    rows = rows_of(run_cohort(tmp_path / "cohort.zarr", tmp_path / "out", settings=FEW).features)
    assert {row["age"] for row in rows} == {None, 61}


def test_again_values_are_those_of_now_and_nothing_is_converted(tmp_path: Path) -> None:
    cohort, store = write_cohort(tmp_path, 2), tmp_path / "cohort.zarr"
    convert(cohort, store, keep_ids=True, carry=["age"])
    cohort.write_text(cohort.read_text().replace(",00", ",77"))
    done = convert(cohort, store, keep_ids=True)
    assert (done.progress.done, done.not_carried) == (0, ())
    assert carried(store) == [{"case": "case 1", "age": "01"}, {"case": "case 2", "age": "77"}]
    before = (store / "carried.parquet").read_bytes()
    convert(cohort, store, keep_ids=True)
    assert (store / "carried.parquet").read_bytes() == before


def test_cases_of_another_table_join_and_may_lack_a_column(tmp_path: Path, typed: Path) -> None:
    store = tmp_path / "cohort.zarr"
    convert(typed, store, keep_ids=True, carry=["age"])
    image, mask = write_scan(tmp_path, "cid", seed=9)
    rows = [{"case": "cid", "image": image.name, "mask": mask.name, "sex": "f"}]
    convert(write_table(tmp_path, rows), store, keep_ids=True, carry=["sex"])
    assert carried(store) == [
        {"case": "ada", "age": None, "sex": None},
        {"case": "bob", "age": 61, "sex": None},
        {"case": "cid", "age": None, "sex": "f"},
    ]
    convert(image, store, keep_ids=True)
    found = rows_of(run_cohort(store, tmp_path / "out", settings=FEW).features)
    assert {(row["case"], row["age"], row["sex"]) for row in found} == {
        ("ada", None, None), ("bob", 61, None), ("cid", None, "f"),
    }  # fmt: skip
    rows[0] |= {"age": "sixty"}
    with pytest.raises(vm.InputError, match="already has values of another type here; begin a new store"):
        convert(write_table(tmp_path, rows), store, keep_ids=True)


def test_values_stay_of_columns_that_the_table_lacks_now(tmp_path: Path, typed: Path) -> None:
    store = tmp_path / "cohort.zarr"
    convert(typed, store, keep_ids=True, carry=["age", "centre"])
    table = pq.read_table(typed).filter(pa.compute.field("case") == "bob").drop_columns(["centre", "os"])
    pq.write_table(table.set_column(3, "age", pa.array([62])), typed)
    convert(typed, store, keep_ids=True)
    assert carried(store) == [
        {"case": "ada", "age": None, "centre": "centre of ada"},
        {"case": "bob", "age": 62, "centre": "centre of bob"},
    ]


@pytest.mark.parametrize("other", [math.nan, 1.5])
def test_values_that_are_no_numbers_are_alike(tmp_path: Path, other: float) -> None:
    image, mask = write_scan(tmp_path, "a", seed=1)
    files = {"case": "a", "image": image.name, "mask": mask.name}
    rows = [{**files, "Label": label, "os": os} for label, os in ((1, math.nan), (3, other))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "cases.parquet")
    if other == 1.5:
        with pytest.raises(vm.InputError, match=r"rows 1 and 2 are one case, and differ in os; give a case"):
            convert(tmp_path / "cases.parquet", tmp_path / "cohort.zarr", carry=["os"])
    else:
        convert(tmp_path / "cases.parquet", tmp_path / "cohort.zarr", carry=["os"])
        assert math.isnan(carried(tmp_path / "cohort.zarr")[0]["os"])


def test_a_removed_case_is_gone_there_too(tmp_path: Path, typed: Path) -> None:
    convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["age"])
    remove_case(tmp_path / "cohort.zarr", "bob")
    assert carried(tmp_path / "cohort.zarr") == [{"case": "ada", "age": None}]


def test_a_case_that_is_not_in_the_store_is_not_there_either(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    (tmp_path / "scan0.nrrd").write_bytes(b"NRRD0004\n")
    convert(cohort, tmp_path / "cohort.zarr", keep_ids=True, carry=["age"])
    assert carried(tmp_path / "cohort.zarr") == [{"case": "case 1", "age": "01"}]


@pytest.mark.parametrize(
    "columns, carry, error, said",
    [
        (
            {"age": "1"},
            ["agee"],
            vm.SettingsError,
            "carry: the table has no column 'agee' to carry; did you mean 'age",
        ),
        ({"Label": "1"}, ["Label"], vm.SettingsError, "carry: the table has no column 'Label' to carry"),
        ({"notes": "1"}, ["*"], vm.InputError, "cases.csv: column notes is called like one of the result; rename it"),
    ],
)
def test_columns_that_cannot_be_carried(
    tmp_path: Path, columns: dict[str, str], carry: list[str], error: type[Exception], said: str
) -> None:
    image, mask = write_scan(tmp_path, "a", seed=1)
    table = write_table(tmp_path, [{"case": "a", "image": image.name, "mask": mask.name, **columns}])
    with pytest.raises(error, match=said):
        convert(table, tmp_path / "cohort.zarr", carry=carry)
    assert not (tmp_path / "cohort.zarr").exists()


def test_a_case_has_one_value(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "a", seed=1)
    rows = [{"ID": "a", "Image": image.name, "Mask": mask.name, "Label": label, "age": 60 + label} for label in (1, 3)]
    table = write_table(tmp_path, rows)
    with pytest.raises(vm.InputError, match=r"^cases.csv: rows 1 and 2 are one case, and differ in age; give a case"):
        convert(table, tmp_path / "cohort.zarr", carry=["age"])
    done = convert(table, tmp_path / "cohort.zarr")
    assert done.not_carried == ("age",)


def test_only_a_table_has_columns(tmp_path: Path) -> None:
    image, _ = write_scan(tmp_path, "a", seed=1)
    with pytest.raises(vm.SettingsError, match=r"^carry: a.nrrd is no table, and has no columns to carry"):
        convert(image, tmp_path / "cohort.zarr", carry=["age"])


def test_a_table_that_is_damaged_is_told(tmp_path: Path, typed: Path) -> None:
    convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["age"])
    table = tmp_path / "cohort.zarr" / "carried.parquet"
    table.write_bytes(b"no table")
    for _ in range(2):
        with pytest.raises(vm.InputError, match=r"^carried.parquet: the table of what is carried is damaged"):
            run_cohort(tmp_path / "cohort.zarr", tmp_path / "out", settings=FEW)
        pq.write_table(pa.table({"case": [1], "age": [61]}), table)


def test_a_table_that_is_a_link_out_of_the_store_is_not_read(tmp_path: Path, typed: Path) -> None:
    convert(typed, tmp_path / "cohort.zarr", keep_ids=True, carry=["age"])
    (tmp_path / "cohort.zarr" / "carried.parquet").rename(tmp_path / "outside.parquet")
    (tmp_path / "cohort.zarr" / "carried.parquet").symlink_to(tmp_path / "outside.parquet")
    with pytest.raises(vm.InputError, match=r"^cohort.zarr: carried.parquet is a link out of the store, which is not"):
        run_cohort(tmp_path / "cohort.zarr", tmp_path / "out", settings=FEW)
