"""Table: every form in which rows leave, to the last digit, and files that are whole or not there."""

import csv
import datetime
import io
import json
import math
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import voxmill as vm
from small_images import case
from voxmill import table as table_module

NAMES = ("original_glcm_Contrast", "original_firstorder_Mean", "original_firstorder_Energy")
MANY = 10_000
HARD = (0.1 + 0.2, 1 / 3, -5e-324, 1.7976931348623157e308, 2.0**53 + 2, -0.0, 123456789.123456789)


def row(values: tuple[float, ...] = (1.0, 2.5, 1 / 3), **changes: object) -> vm.Row:
    return vm.Row("scan", "node", dict(zip(NAMES, values, strict=True)), **changes)  # type: ignore[arg-type]


@pytest.fixture
def table() -> vm.Table:
    """A sound row, one with an undefined value, a failed one."""
    undefined = row((math.nan, 2.0, math.inf), notes=("glcm is undefined, so", 'a "note"'))
    failed = vm.Row("scan", "tiny, too", {}, diagnostics={"label": 9}, error="region tiny: 1 voxel")
    return vm.Table((row(diagnostics={"label": 3, "box": [1, 2, 3]}), undefined, failed), vm.Settings())


def test_a_dictionary_as_the_json_file_has_it(table: vm.Table) -> None:
    content = table.to_dict()
    assert list(content) == ["voxmill", "settings", "device", "rows"]
    assert (content["voxmill"], content["device"]) == (vm.__version__, "cpu")
    assert vm.Settings.parse(content["settings"]) == table.settings
    assert [list(one) for one in content["rows"]] == [
        ["case", "region", "label", "features", "notes", "diagnostics", "error"],
    ] * 3
    assert content["rows"][0] == {
        "case": "scan",
        "region": "node",
        "label": 3,
        "features": dict(zip(NAMES, (1.0, 2.5, 1 / 3), strict=True)),
        "notes": [],
        "diagnostics": {"label": 3, "box": [1, 2, 3]},
        "error": None,
    }
    assert list(content["rows"][1]["features"].values()) == [None, 2.0, None]
    assert content["rows"][2]["features"] == {}
    assert content["rows"][2]["error"] == "region tiny: 1 voxel"


def test_equal_rows_are_equal_whatever_measured_them(table: vm.Table) -> None:
    assert replace(table, device="H200") == table


def test_json_is_json(table: vm.Table, tmp_path: Path) -> None:
    table.write(tmp_path / "t.json")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)  # NaN and Infinity are no JSON

    assert json.loads((tmp_path / "t.json").read_text("utf-8"), parse_constant=refuse) == table.to_dict()


def test_csv(table: vm.Table) -> None:
    lines = list(csv.reader(io.StringIO(table.to_csv())))
    assert lines[0] == ["case", "region", "label", *NAMES, "notes", "error"]
    assert lines[1] == ["scan", "node", "3", "1.0", "2.5", "0.3333333333333333", "", ""]
    assert lines[2] == ["scan", "node", "", "nan", "2.0", "inf", 'glcm is undefined, so; a "note"', ""]
    assert lines[3] == ["scan", "tiny, too", "9", "", "", "", "", "region tiny: 1 voxel"]


def in_every_form(table: vm.Table, folder: Path) -> dict[str, list[float]]:
    """The column that all rows of a table have, out of each form."""
    for suffix in (".csv", ".json", ".parquet"):
        table.write(folder / f"t{suffix}")
    assert (folder / "t.csv").read_text("utf-8") == table.to_csv()
    name = NAMES[0]
    content = json.loads((folder / "t.json").read_text("utf-8"))
    return {
        "csv": [float(line[name]) for line in csv.DictReader(io.StringIO(table.to_csv()))],
        "json": [one["features"][name] for one in content["rows"]],
        "parquet": parquet.read_table(folder / "t.parquet")[name].to_pylist(),
        "arrow": table.to_arrow()[name].to_pylist(),
        "pandas": table.to_pandas()[name].tolist(),
    }


def test_no_digit_is_lost(tmp_path: Path) -> None:
    table = vm.Table(tuple(vm.Row("scan", "1", {NAMES[0]: value}) for value in HARD), vm.Settings())
    for form, values in in_every_form(table, tmp_path).items():
        assert np.array(values).tobytes() == np.array(HARD).tobytes(), form


def test_numpy_numbers_are_numbers() -> None:
    table = vm.Table((vm.Row("scan", "1", {NAMES[0]: np.float64(0.1)}),), vm.Settings())
    assert table.to_csv().splitlines()[1] == "scan,1,,0.1,,"


def test_arrow(table: vm.Table) -> None:
    arrow = table.to_arrow()
    assert arrow.schema == pa.schema(
        [
            ("case", pa.string()),
            ("region", pa.string()),
            ("label", pa.int64()),
            *((name, pa.float64()) for name in NAMES),
            ("notes", pa.string()),
            ("error", pa.string()),
        ]
    )
    assert arrow["region"].to_pylist() == ["node", "node", "tiny, too"]
    assert arrow["label"].to_pylist() == [3, None, 9]
    assert arrow["error"].to_pylist() == [None, None, "region tiny: 1 voxel"]
    assert arrow[NAMES[1]].to_pylist() == [2.5, 2.0, None]
    assert math.isnan(arrow[NAMES[0]][1].as_py())  # undefined is not missing
    assert arrow[NAMES[0]].null_count == 1


def test_pandas(table: vm.Table) -> None:
    frame = table.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == table.to_arrow().column_names
    assert frame[NAMES[2]].dtype == np.float64
    assert frame.loc[0, NAMES[2]] == 1 / 3


def test_without_pandas_it_says_what_to_install(table: vm.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas: pip install 'voxmill\[pandas\]'"):
        table.to_pandas()


def test_parquet_is_the_arrow_table(table: vm.Table, tmp_path: Path) -> None:
    table.write(tmp_path / "t.parquet")
    found = parquet.read_table(tmp_path / "t.parquet")
    assert found.schema == table.to_arrow().schema
    assert found.num_rows == 3


def test_failed_and_columns(table: vm.Table) -> None:
    assert table.failed == (table.rows[2],)
    assert table.columns == NAMES


def test_they_are_described_in_few_words(table: vm.Table) -> None:
    assert repr(table) == "<Table: 3 rows of 3 features, 1 of them failed>"
    assert repr(table.rows[0]) == "<Row scan, node: 3 features>"
    assert repr(table.rows[2]) == "<Row scan, tiny, too: failed, region tiny: 1 voxel>"
    one = vm.Table((vm.Row("scan", "1", {NAMES[0]: 1.0}),), vm.Settings())
    assert (one.summary, one.remarks) == ("1 row of 1 feature", "")
    assert table.remarks == "1 row with notes"
    rows = (row(notes=("a", "b"), left_out=2), row(notes=("c",), left_out=1), row(notes=()))
    assert vm.Table(rows, vm.Settings()).remarks == "2 rows with notes, 3 images left out"


class Watched(vm.Row):
    """A row whose attributes are counted as they are read."""

    reads = 0

    def __getattribute__(self, name: str) -> object:
        Watched.reads += 1
        assert Watched.reads < 40 * MANY, "rows are looked at again for each of them"
        return super().__getattribute__(name)


@pytest.mark.parametrize("form", [vm.Table.to_dict, vm.Table.to_csv, vm.Table.to_arrow])
def test_rows_are_not_looked_at_again_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch, form: Callable[[vm.Table], object]
) -> None:
    monkeypatch.setattr(Watched, "reads", 0)
    form(vm.Table(tuple(Watched("scan", "1", {NAMES[0]: 1.0}) for _ in range(MANY)), vm.Settings()))


def test_regions_of_one_name_are_told_apart() -> None:
    table = vm.Table((row(diagnostics={"label": 1}), row(diagnostics={"label": 2})), vm.Settings())
    assert [line["label"] for line in csv.DictReader(io.StringIO(table.to_csv()))] == ["1", "2"]
    assert table.to_pandas()["label"].tolist() == [1, 2]


def test_columns_of_rows_that_differ() -> None:
    rows = (vm.Row("a", "1", {"x_y_A": 1.0}), vm.Row("a", "2", {"x_y_B": 2.0, "x_y_A": 3.0}))
    table = vm.Table(rows, vm.Settings())
    assert table.columns == ("x_y_A", "x_y_B")
    assert table.to_csv() == "case,region,label,x_y_A,x_y_B,notes,error\na,1,,1.0,,,\na,2,,3.0,2.0,,\n"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet", ".CSV"])
def test_an_empty_table(suffix: str, tmp_path: Path) -> None:
    table = vm.Table((), vm.Settings())
    table.write(tmp_path / f"t{suffix}")
    assert table.to_csv() == "case,region,label,notes,error\n"
    assert table.to_arrow().num_rows == 0
    assert len(table.to_pandas()) == 0
    assert (tmp_path / f"t{suffix}").stat().st_size > 0


@pytest.mark.parametrize("name", ["t.xlsx", "t", ".csv", "t.csv.gz"])
def test_an_unknown_suffix(table: vm.Table, tmp_path: Path, name: str) -> None:
    with pytest.raises(vm.SettingsError, match=r"one of \.json, \.csv, \.parquet; found"):
        table.write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_where_no_file_can_be(table: vm.Table, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    for path, said in (
        (tmp_path / "none" / "t.csv", "t.csv: cannot be written: there is no such folder; make it first"),
        (tmp_path / "folder.csv", "folder.csv: cannot be written: this is a folder; give the name of a file"),
        (tmp_path / "file" / "t.csv", "t.csv: cannot be written: Not a directory; choose another file"),
        (tmp_path / f"{'x' * 300}.csv", f"{'x' * 120}: cannot be written: File name too long; choose another file"),
        (tmp_path / "a\0.csv", "a\0.csv: cannot be written: "),
    ):
        with pytest.raises(vm.OutputError) as caught:
            table.write(path)
        assert str(caught.value).startswith(said)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder.csv"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="needs a user who is not root")
def test_a_folder_of_somebody_else(table: vm.Table, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(vm.OutputError, match=r"^t.csv: cannot be written: its folder is not yours to write to"):
            table.write(tmp_path / "t.csv")
    finally:
        tmp_path.chmod(0o700)


def test_a_link_stays_and_what_it_leads_to_is_written(table: vm.Table, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "t.csv")
    table.write(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there" / "t.csv").read_text("utf-8") == table.to_csv()


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_file_is_whole_or_not_there(
    table: vm.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_text("what was there before")
    honest = table_module.WRITERS[suffix]

    def full_disk(table: vm.Table, draft: Path) -> None:
        honest(table, draft)
        assert path.read_text() == "what was there before"
        assert draft.parent == tmp_path  # so that it can be renamed
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table_module, "WRITERS", {suffix: full_disk})
    with pytest.raises(vm.OutputError, match="cannot be written: No space left on device"):
        table.write(path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "what was there before"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_writing_replaces_and_leaves_nothing_else(table: vm.Table, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_text("what was there before")
    table.write(str(path))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert b"before" not in path.read_bytes()


@pytest.mark.skipif(not hasattr(os, "umask"), reason="no umask here")
def test_a_file_has_the_mode_of_any_other(table: vm.Table, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    table.write(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_names_in_any_script(tmp_path: Path) -> None:
    table = vm.Table((vm.Row("Größe", "瘤, links\n2", {NAMES[0]: 1.0}),), vm.Settings())
    for suffix in (".csv", ".json", ".parquet"):
        table.write(tmp_path / f"t{suffix}")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["region"] == "瘤, links\n2"
    assert json.loads((tmp_path / "t.json").read_text("utf-8"))["rows"][0]["case"] == "Größe"
    assert parquet.read_table(tmp_path / "t.parquet")["region"].to_pylist() == ["瘤, links\n2"]


def test_what_an_extraction_gives_goes_to_another_process() -> None:
    table = vm.extract(*case())
    assert pickle.loads(pickle.dumps(table)) == table
    assert isinstance(table.rows[0].features, dict)


def reported_table() -> vm.Table:
    """PyRadiomics' diagnostics of every kind in a row; a failed row has none."""
    diagnostics: dict[str, object] = {
        "label": 3,
        "diagnostics_Versions_PyWavelet": None,
        "diagnostics_Configuration_EnabledImageTypes": {"Original": {}},
        "diagnostics_Image-original_Spacing": (0.1 + 0.2, 2.0),
        "diagnostics_Image-original_Mean": 1 / 3,
        "diagnostics_Image-original_Maximum": math.inf,
        "diagnostics_Mask-original_VoxelNum": 5,
    }
    failed = vm.Row("scan", "tiny", {}, diagnostics={"label": 9}, error="1 voxel")
    return vm.Table((row(diagnostics=diagnostics), failed), vm.Settings())


def test_json_has_diagnostics_as_lists_and_numbers() -> None:
    content = reported_table().to_dict()["rows"]
    assert content[0]["diagnostics"] == {
        "label": 3,
        "diagnostics_Versions_PyWavelet": None,
        "diagnostics_Configuration_EnabledImageTypes": {"Original": {}},
        "diagnostics_Image-original_Spacing": [0.1 + 0.2, 2.0],
        "diagnostics_Image-original_Mean": 1 / 3,
        "diagnostics_Image-original_Maximum": None,
        "diagnostics_Mask-original_VoxelNum": 5,
    }
    assert content[1]["diagnostics"] == {"label": 9}
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_csv_has_diagnostics_before_features() -> None:
    table = reported_table()
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert rows[0] == ["case", "region", "label", *table.reported, *NAMES, "notes", "error"]
    spacing = "(0.30000000000000004, 2.0)"
    assert rows[1][3:9] == ["", "{'Original': {}}", spacing, "0.3333333333333333", "inf", "5"]
    assert rows[2][3:9] == [""] * 6


def test_arrow_has_diagnostics_by_their_types(tmp_path: Path) -> None:
    table = reported_table()
    table.write(tmp_path / "t.parquet")
    found = parquet.read_table(tmp_path / "t.parquet")
    assert found.column_names == ["case", "region", "label", *table.reported, *NAMES, "notes", "error"]
    kinds = [found.schema.field(name).type for name in table.reported]
    assert kinds == [pa.string(), pa.string(), pa.string(), pa.float64(), pa.float64(), pa.int64()]
    values = [found.column(name).to_pylist() for name in table.reported]
    assert values == [
        [None, None],
        ["{'Original': {}}", None],
        ["(0.30000000000000004, 2.0)", None],
        [1 / 3, None],
        [math.inf, None],
        [5, None],
    ]


def test_what_is_carried_stands_before_features_as_arrow_and_json_have_it(tmp_path: Path) -> None:
    carried = pa.table(
        {
            "age": pa.array([61, None], pa.int64()),
            "os": [math.nan, 1.0],
            "seen": [datetime.date(2021, 3, 4), None],
            "living": [True, False],
            "doses": [[1, 2], None],
        }
    )
    table = vm.Table((row(), row()), vm.Settings(), carried=carried)
    assert table.to_arrow().select(carried.column_names).drop_columns(["os"]).equals(carried.drop_columns(["os"]))
    assert table.to_arrow().column_names[2:9] == ["label", *carried.column_names, NAMES[0]]
    lines = list(csv.reader(io.StringIO(table.to_csv())))
    assert [one[3:8] for one in lines] == [
        carried.column_names, ["61", "nan", "2021-03-04", "true", "[1, 2]"], ["", "1", "", "false", ""],
    ]  # fmt: skip
    table.write(tmp_path / "t.json")
    assert [one["carried"] for one in json.loads((tmp_path / "t.json").read_text())["rows"]] == [
        {"age": 61, "os": None, "seen": "2021-03-04", "living": True, "doses": "[1, 2]"},
        {"age": None, "os": 1.0, "seen": None, "living": False, "doses": None},
    ]
