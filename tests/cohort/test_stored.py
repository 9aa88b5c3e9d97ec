"""A whole store → rows: which there are, what they are called, and that what fails does not stop the others."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import voxmill as vm
from cuda_host import HostDevice, HostProcess, registered
from small_images import SHAPE, case
from stored import write_case
from voxmill import computing
from voxmill.cohort import run_cohort
from voxmill.computing import FoundGPU
from voxmill.store import create_store, finish_case, new_case, open_store, write_image, write_mask

SETTINGS = {"features": ["firstorder"]}


def without_case(table: vm.Table) -> str:
    whose = ("case", "image", "mask")
    return repr([{name: one[name] for name in one if name not in whose} for one in table.to_dict()["rows"]])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for name in ("ada", "bob"):
        write_case(tmp_path / "store", *case(), name=name)
    return tmp_path / "store"


def test_rows_are_those_of_image_and_mask(store: Path) -> None:
    done: list[str] = []
    table = vm.extract_store(vm.open_store(store), settings=SETTINGS, done=done.append)
    assert [(row.case, row.region) for row in table.rows] == [
        ("ada", "1"), ("ada", "node"), ("bob", "1"), ("bob", "node"),
    ]  # fmt: skip
    expected = vm.extract(*case(), settings=SETTINGS)
    assert without_case(vm.Table(table.rows[:2], table.settings)) == without_case(expected)
    assert done == ["ada", "bob"]


def test_tables_say_what_measured(store: Path, plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    with registered(HostDevice(plain)) as device:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(device)])
        for asked, name in (("cpu", "cpu"), ("gpu", device.name), ("auto", device.name)):
            stored = vm.extract_store(open_store(store), settings=SETTINGS, device=asked)
            given = vm.extract(*case(), settings=SETTINGS, device=asked)
            assert (stored.device, given.device, given.to_dict()["device"]) == (name, name, name)


def test_some_cases_and_labels(store: Path) -> None:
    table = vm.extract_store(open_store(store), settings=SETTINGS, cases=["bob", "bob"], labels=iter(["node"]))
    assert [(row.case, row.region) for row in table.rows] == [("bob", "node")]
    for label in ("liver", 9):
        table = vm.extract_store(store, settings=SETTINGS, labels=label)
        assert [(row.case, row.region) for row in table.failed] == [("ada", str(label)), ("bob", str(label))]
        assert table.settings == vm.Settings.parse(SETTINGS)
    with pytest.raises(vm.SettingsError, match=r"^labels: give "):
        vm.extract_store(store, labels=[])
    with pytest.raises(vm.InputError, match=r"^store: the store has no case 'cid'; known: ada, bob$"):
        vm.extract_store(open_store(store), cases=["cid"])


def test_settings_are_checked_before_any_work(store: Path) -> None:
    with pytest.raises(vm.SettingsError, match="unknown device"):
        vm.extract_store(open_store(store), device="abacus")
    with pytest.raises(vm.SettingsError, match="threads"):
        vm.extract_store(open_store(store), threads=0)


def test_several_images_and_masks_are_told_apart(tmp_path: Path) -> None:
    image, mask = case()
    folder = new_case(create_store(tmp_path / "store"), "ada")
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:6, 2:8, 2:9] = 1
    first = write_image(folder, image)
    for one in (mask, vm.Mask(labels, image.grid, name="box")):
        write_mask(first, one)
    second = vm.Volume(image.array, image.grid, name="second")
    write_mask(write_image(folder, second), vm.Mask(labels, image.grid, name="box"))
    finish_case(folder, "ada")
    table = vm.extract_store(open_store(tmp_path / "store"), settings=SETTINGS)
    assert [(row.called, row.region) for row in table.rows] == [
        ("ada/scan/labels", "1"), ("ada/scan/labels", "node"), ("ada/scan/box", "1"), ("ada/second/box", "1"),
    ]  # fmt: skip
    done = run_cohort(tmp_path / "store", tmp_path / "out", settings=SETTINGS)
    key = ["case", "image", "mask", "region", "label"]
    of_run = pq.read_table(done.features, columns=key)
    assert table.to_arrow().column_names[:5] == pq.read_schema(done.features).names[:5] == key
    assert sorted(map(repr, of_run.to_pylist())) == sorted(map(repr, table.to_arrow().select(key).to_pylist()))
    assert [row.split(",")[:4] for row in table.to_csv().splitlines()[:2]] == [key[:4], ["ada", "scan", "labels", "1"]]
    assert list(table.to_dict()["rows"][0])[:5] == key


def test_its_columns_do_not_depend_on_what_is_in_it(tmp_path: Path) -> None:
    write_case(tmp_path / "store", case()[0], name="bare")
    table = vm.extract_store(tmp_path / "store", settings=SETTINGS)
    assert table.rows == ()
    assert table.to_arrow().column_names == ["case", "image", "mask", "region", "label", "notes", "error"]
    assert table.to_csv() == "case,image,mask,region,label,notes,error\n"


def test_what_fails_is_a_row_and_the_others_go_on(store: Path) -> None:
    image, _ = case()
    new_case(store, "cut")
    write_image(store / "cut", image)
    for name in ("bare", "dim", "hollow"):
        write_case(store, image, name=name)
    (store / "dim/scan/zarr.json").unlink()
    (store / "hollow/scan").rename(store.parent / "elsewhere")
    shard = store / "ada/scan/0/c/0/0/0"
    shard.write_bytes(shard.read_bytes()[:100])
    bare: list[str] = []
    table = vm.extract_store(open_store(store), settings=SETTINGS, bare=bare.append)
    assert bare == ["bare/scan"]
    assert {row.case: row.error for row in table.rows if row.case != "ada"} == {
        "bob": None,
        "cut": "cut: the case was not written to its end; convert it again",
        "dim": "scan: the image was not written to its end; convert the case again",
        "hollow": "the case has no image; convert it again",
    }
    (damaged,) = [row for row in table.rows if row.case == "ada"]
    assert damaged.error is not None
    assert damaged.error.startswith("scan: damaged in the store (")


def test_nothing_is_read_but_the_cases_that_are_wanted(store: Path) -> None:
    (store / "ada/zarr.json").write_text("{")
    table = vm.extract_store(open_store(store), settings=SETTINGS, cases=["bob"])
    assert not table.failed
