"""A cohort into tables: the rows of `extract`, in the same bytes however it was done, whatever happens."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_cohort, write_empty_mask, write_scan, write_table, written
from voxmill.cohort import Forms, Wanted, run_cohort, running
from voxmill.cohort.cases import CohortCase
from voxmill.cohort.job import Extraction
from voxmill.cohort.writing import Tally
from voxmill.runs.ledger import read_ledger
from voxmill.runs.records import Record
from voxmill.runs.signals import Stopped


def test_rows_are_those_of_extract(tmp_path: Path) -> None:
    done = run_cohort(write_cohort(tmp_path), tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed, done.tally.rows) == (4, 0, 8)
    rows = rows_of(done.features)
    assert [(row["case"], row["region"], row["age"]) for row in rows] == [
        (f"case {number}", region, f"0{4 - number}") for number in range(1, 5) for region in ("1", "node")
    ]
    direct = vm.extract(tmp_path / "scan3.nrrd", tmp_path / "scan3.seg.nrrd", settings=FEW)
    for row, expected in zip(rows[:2], direct.rows, strict=True):
        assert {name: row[name] for name in expected.features} == expected.features
        assert row["label"] == expected.label
    assert list(rows[0]) == ["case", "image", "mask", "region", "label", "age", *direct.columns, "notes"]


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path, workers: int) -> None:
    cohort = write_cohort(tmp_path)
    run_cohort(cohort, tmp_path / "here", settings=FEW)
    run_cohort(cohort, tmp_path / "there", settings=FEW, workers=workers)
    assert written(tmp_path / "there") == written(tmp_path / "here")


def test_again_nothing_is_done_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path)
    run_cohort(cohort, tmp_path / "out", settings=FEW)
    before = written(tmp_path / "out")
    again = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (again.progress.done, again.progress.before) == (0, 4)
    assert written(tmp_path / "out") == before


def test_a_file_that_has_changed_is_measured_again(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    before = rows_of(run_cohort(cohort, tmp_path / "out", settings=FEW).features)
    write_scan(tmp_path, "scan0", seed=99)
    done = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.before) == (1, 1)
    after = rows_of(done.features)
    assert after[:2] == before[:2]
    assert after[2]["original_firstorder_Mean"] != before[2]["original_firstorder_Mean"]


def test_records_of_another_format_are_of_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as those that do not tell the CPU time of a case."""
    cohort, do = write_cohort(tmp_path, 2), Extraction.do

    def before(job: Extraction, case: CohortCase, enter: Callable[[str], None]) -> dict[str, Any]:
        result = dict(do(job, case, enter))
        return result | {"took": {name: value for name, value in result["took"].items() if name != "cpu_s"}}

    with monkeypatch.context() as earlier:
        earlier.setattr("voxmill.cohort.job.FORMAT_VERSION", 1)
        earlier.setattr(Extraction, "do", before)
        earlier.setattr("voxmill.cohort.running.write_results", lambda *_: Tally())
        run_cohort(cohort, tmp_path / "out", settings=FEW)
    done = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.before, done.tally.rows) == (2, 0, 4)


def test_what_fails_is_told_by_what_it_is_and_the_rest_goes_on(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "jane", seed=1)
    empty = write_empty_mask(tmp_path, "none")
    broken = tmp_path / "torn.nrrd"
    broken.write_bytes(image.read_bytes()[:100])
    rows = [
        {"case": "good", "image": image.name, "mask": mask.name},
        {"case": "empty", "image": image.name, "mask": empty.name},
        {"case": "torn", "image": broken.name, "mask": mask.name},
        {"case": "bare", "image": image.name, "mask": ""},
    ]
    done = run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.failed) == (1, 3)
    failures = {row["case"]: row for row in rows_of(done.failures)}
    assert list(failures) == ["bare", "empty", "torn"]
    assert failures["bare"]["sentence"] == "it has no mask; fill in the column 'mask'"
    assert failures["torn"]["sentence"].startswith("image: ")
    assert not any("jane" in str(row["sentence"]) for row in failures.values())


def test_an_image_that_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    first, mask = write_scan(tmp_path, "a", seed=1)
    second, _ = write_scan(tmp_path, "b", seed=2)
    cohort = write_table(
        tmp_path, [{"case": "one", "image:t1": first.name, "image:adc": second.name, "mask": mask.name}]
    )
    run_cohort(cohort, tmp_path / "undisturbed", settings=FEW)
    stamp = os.stat(second)
    whole = second.read_bytes()
    second.write_bytes(bytes(len(whole)))
    os.utime(second, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    half = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (half.tally.rows, len(half.tally.failures), half.progress.failed) == (2, 1, 1)
    (failure,) = rows_of(half.failures)
    assert (failure["image"], failure["step"]) == ("adc", "read")
    assert [row["image"] for row in rows_of(half.features)] == ["t1", "t1"]
    second.write_bytes(whole)
    os.utime(second, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    done = run_cohort(cohort, tmp_path / "out", settings=FEW)
    assert (done.progress.done, done.progress.before, done.tally.rows) == (1, 0, 4)
    assert written(tmp_path / "out") == written(tmp_path / "undisturbed")


def test_what_was_out_of_reach_is_tried_again_at_once(tmp_path: Path) -> None:
    """Of a storage that loses a file when the run begins, and has it again when another case has ended."""
    memory = fsspec.filesystem("memory")
    (image, mask), (other, other_mask) = (write_scan(tmp_path, name, seed=1) for name in "ab")
    rows = [
        {"case": "one", "image": "memory://hospital/a.nrrd", "mask": mask.name},
        {"case": "two", "image": other.name, "mask": other_mask.name},
    ]

    def put(_: object = None) -> None:
        memory.pipe("/hospital/a.nrrd", image.read_bytes())

    put()
    try:
        done = run_cohort(
            write_table(tmp_path, rows),
            tmp_path / "out",
            settings=FEW,
            begin=lambda _: memory.rm("/hospital/a.nrrd"),
            tell=put,
        )
    finally:
        memory.rm("/hospital", recursive=True)
    assert (done.progress.done, done.progress.failed, done.tally.rows) == (2, 0, 4)


def test_a_region_that_fails_does_not_cost_the_others(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    cohort = write_table(tmp_path, [{"case": "one", "image": image.name, "mask": mask.name}])
    settings = {**FEW, "resegment": {"range": [0, 40]}, "min_region_voxels": 30}
    done = run_cohort(cohort, tmp_path / "out", settings=settings)
    assert done.tally.rows == 1
    (failure,) = rows_of(done.failures)
    assert (failure["case"], failure["image"], failure["mask"], failure["region"]) == ("one", "image", "mask", "node")
    assert "resegmentation leaves" in failure["sentence"]


def test_a_store_has_the_rows_of_the_table_that_it_was_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    cohort = write_cohort(tmp_path, 2)
    vm.convert(cohort, tmp_path / "cohort.zarr", keep_ids=True)
    table = rows_of(run_cohort(cohort, tmp_path / "files", settings=FEW).features)
    stored = rows_of(run_cohort(tmp_path / "cohort.zarr", tmp_path / "stored", settings=FEW).features)
    assert stored == [{name: value for name, value in row.items() if name != "age"} for row in table]


def test_all_forms_have_the_same_values(tmp_path: Path) -> None:
    done = run_cohort(write_cohort(tmp_path, 2), tmp_path / "out", settings=FEW, forms=Forms(long=True, csv=True))
    wide, long = rows_of(done.features), rows_of(done.folder / "features_long.parquet")
    assert {(row["case"], row["region"], row["feature"]): row["value"] for row in long} == {
        (row["case"], row["region"], name): row[name] for row in wide for name in row if name.startswith("original_")
    }
    import csv

    with (done.folder / "features.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["original_glcm_MCC"]) for line in lines] == [row["original_glcm_MCC"] for row in wide]
    assert [line["age"] for line in lines] == [row["age"] for row in wide]
    run_cohort(tmp_path / "cases.csv", tmp_path / "out", settings=FEW)
    assert not (done.folder / "features.csv").exists()


def test_choices_of_the_command_line_have_public_names(tmp_path: Path) -> None:
    done = vm.run_cohort(
        write_cohort(tmp_path, 2),
        tmp_path / "out",
        settings=FEW,
        wanted=vm.Wanted(limit=1),
        forms=vm.Forms(csv=True),
        workers=1,
        limits=vm.Limits(time_s=600, memory_bytes=4 * 10**9),
    )
    assert done.tally.rows == 2
    assert (done.folder / "features.csv").is_file()


def test_some_cases_are_chosen(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path)
    chosen = run_cohort(cohort, tmp_path / "out", settings=FEW, wanted=Wanted(only="case [13]"))
    assert {row["case"] for row in rows_of(chosen.features)} == {"case 1", "case 3"}
    first = run_cohort(cohort, tmp_path / "first", settings=FEW, wanted=Wanted(limit=2))
    assert {row["case"] for row in rows_of(first.features)} == {"case 3", "case 4"}
    more = run_cohort(cohort, tmp_path / "first", settings=FEW, wanted=Wanted(limit=3))
    assert (more.progress.before, more.tally.rows) == (2, 6)
    assert "These cases are a selection from the cohort." in (more.folder / "methods.md").read_text()
    everything = run_cohort(cohort, tmp_path / "first", settings=FEW)
    assert "selection" not in (more.folder / "methods.md").read_text()
    assert (everything.progress.before, everything.tally.rows) == (3, 8)


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_signal_while_tables_are_written_leaves_those_that_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, out = write_cohort(tmp_path, 3), tmp_path / "out"
    run_cohort(cohort, out, settings=FEW)
    before = written(out)

    def read_after_a_signal(folder: Path) -> Iterator[Record]:
        os.kill(os.getpid(), signal.SIGTERM)
        yield from read_ledger(folder)

    monkeypatch.setattr(running, "read_ledger", read_after_a_signal)
    with pytest.raises(Stopped):
        run_cohort(cohort, out, settings=FEW)
    assert written(out) == before
    monkeypatch.undo()
    run_cohort(cohort, out, settings=FEW)
    assert written(out) == before


def test_where_nothing_of_a_case_can_be_measured_each_part_is_told_with_its_reason(tmp_path: Path) -> None:
    first, mask = write_scan(tmp_path, "a", seed=1)
    torn = tmp_path / "b.nrrd"
    torn.write_bytes(first.read_bytes()[:100])
    cohort = write_table(tmp_path, [{"case": "one", "image:t1": first.name, "image:adc": torn.name, "mask": mask.name}])
    done = run_cohort(cohort, tmp_path / "out", settings={**FEW, "min_region_voxels": 10_000})
    assert (done.progress.failed, done.tally.rows, len(done.tally.failures)) == (1, 0, 3)
    rows = rows_of(done.failures)
    assert [(row["image"], row["mask"], row["region"], row["step"], row["reason"]) for row in rows] == [
        ("adc", "", "", "read", "InputError"),
        ("t1", "mask", "1", "measure", "RegionError"),
        ("t1", "mask", "node", "measure", "RegionError"),
    ]
    assert len({row["sentence"] for row in rows}) == 3


def test_failures_have_the_name_that_logs_have_for_a_case(tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    rows = [
        {"case": "Ada", "image": image.name, "mask": mask.name},
        {"case": "Bob", "image": image.name, "mask": write_empty_mask(tmp_path, "none").name},
    ]
    done = run_cohort(write_table(tmp_path, rows), tmp_path / "out", settings={**FEW, "min_region_voxels": 10_000})
    logged = {record.case for record in read_ledger(tmp_path / "out" / "ledger")}
    found = {row["case"]: row["log_name"] for row in rows_of(done.failures)}
    assert set(found.values()) == logged
    assert set(found) == {"Ada", "Bob"}
    assert all(name.startswith("case-") for name in logged)
