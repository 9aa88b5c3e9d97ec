"""A conversion that was stopped: the store tells of it wherever it is looked at, until it has come to its end."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort
from voxmill.cli import main
from voxmill.cohort import run_cohort
from voxmill.conversion import convert, remove_case
from voxmill.runs.runner import Progress
from voxmill.store.layout import UNFINISHED

SAID = "conversion is not finished: 1 of 3 cases is there; run voxmill convert again"


class InterruptedConversionError(Exception):
    """Something that ends a conversion."""


def stop(progress: Progress) -> None:
    """Nothing comes after the first case."""
    if progress.done:
        raise InterruptedConversionError


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    return write_cohort(tmp_path, 3)


@pytest.fixture
def store(table: Path, tmp_path: Path) -> Path:
    """A store with one case of three."""
    with pytest.raises(InterruptedConversionError):
        convert(table, tmp_path / "cohort.zarr", keep_ids=True, tell=stop)
    assert vm.open_store(tmp_path / "cohort.zarr").names == ("case 3",)
    return tmp_path / "cohort.zarr"


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """The command line: its exit code, and what it wrote and said."""

    def run(*arguments: object) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, "".join(capsys.readouterr())

    return run


def test_a_run_tells_of_it(store: Path, tmp_path: Path, voxmill: Callable[..., tuple[object, str]]) -> None:
    out = tmp_path / "out"
    code, said = voxmill("run", store, "-o", out, "-j", 0)
    assert (code, f"voxmill: {SAID}" in said.splitlines()) == (1, True)
    assert [(row["case"], row["step"], row["sentence"]) for row in rows_of(out / "failures.parquet")] == [
        ("", "convert", SAID)
    ]
    assert json.loads((out / "run.json").read_text())["counts"]["not_converted_yet"] == 2
    assert "Conversion was not finished: 1 of 3 cases was in the store." in (out / "methods.md").read_text()


def test_an_extraction_and_an_inspection_tell_of_it(store: Path, voxmill: Callable[..., tuple[object, str]]) -> None:
    code, said = voxmill("extract", store)
    assert (code, f"voxmill: cohort.zarr: {SAID}" in said.splitlines()) == (1, True)
    assert [row.error for row in vm.extract_store(vm.open_store(store), settings=FEW, cases=["case 3"]).failed] == []
    code, said = voxmill("inspect", store)
    assert (code, said.splitlines()[-1].rstrip("\t")) == (0, SAID)


def test_where_no_case_is_there_yet_that_is_said(store: Path, voxmill: Callable[..., tuple[object, str]]) -> None:
    remove_case(store, "case 3")
    said = "cohort.zarr: conversion is not finished: 0 of 2 cases are there; run voxmill convert again"
    code, told = voxmill("extract", store)
    assert (code, told.splitlines()[-1]) == (3, f"voxmill: {said}")
    with pytest.raises(vm.InputError, match=f"^{said}$"):
        run_cohort(store, store.parent / "out", settings=FEW)


def test_once_it_has_come_to_its_end_nothing_tells_of_it(table: Path, store: Path) -> None:
    done = convert(table, store, keep_ids=True)
    assert (done.progress.done, done.progress.before, vm.open_store(store).unfinished) == (2, 1, None)
    assert not (store / UNFINISHED).exists()
    assert not vm.extract_store(vm.open_store(store), settings=FEW).failed


def test_another_source_does_not_end_it_and_one_that_was_moved_does(table: Path, store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(table.read_text().replace("case ", "further "))
    convert(other, store, keep_ids=True)
    assert str(vm.open_store(store).unfinished) == SAID
    convert(table.rename(tmp_path / "moved.csv"), store, keep_ids=True)
    assert vm.open_store(store).unfinished is None


def test_a_case_that_failed_is_no_reason_to_go_on(table: Path, store: Path) -> None:
    (table.parent / "scan1.nrrd").write_bytes(b"torn")
    assert convert(table, store, keep_ids=True).unread == 1
    assert vm.open_store(store).unfinished is None


def test_a_case_that_is_removed_is_awaited_no_more(store: Path) -> None:
    assert remove_case(store, "case 2").cases == ("case 2",)
    assert "case 2" not in (store / UNFINISHED).read_text()
    assert str(vm.open_store(store).unfinished) == SAID.replace("3", "2")


def test_what_tells_of_it_may_be_damaged_or_a_link(store: Path, tmp_path: Path) -> None:
    (store / UNFINISHED).write_text("[")
    with pytest.raises(vm.InputError, match=r"^unfinished.json: what tells of a conversion under way is damaged; del"):
        run_cohort(store, tmp_path / "out", settings=FEW)
    (store / UNFINISHED).rename(tmp_path / "outside.json")
    (store / UNFINISHED).symlink_to(tmp_path / "outside.json")
    with pytest.raises(vm.InputError, match=r"^cohort.zarr: unfinished.json is a link out of the store, which is not"):
        run_cohort(store, tmp_path / "out", settings=FEW)
