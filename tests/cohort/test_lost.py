"""What conversion lost: whenever the store is measured it is told of, until it is mended."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import voxmill as vm
from cohort_files import FEW, rows_of, write_scan, write_table, written
from voxmill.cohort import Wanted, run_cohort
from voxmill.conversion import remove_case


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of one case, another of which a mask is lost, and a third that is lost."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    image, mask = write_scan(tmp_path, "a", seed=1)
    torn = tmp_path / "torn.nrrd"
    torn.write_bytes(image.read_bytes()[:100])
    rows = [
        {"case": "whole", "image": image.name, "mask": mask.name},
        {"case": "maskless", "image": image.name, "mask": torn.name},
        {"case": "gone", "image": torn.name, "mask": mask.name},
    ]
    vm.convert(write_table(tmp_path, rows), tmp_path / "cohort.zarr", keep_ids=True)
    return tmp_path / "cohort.zarr"


def test_what_conversion_lost_is_told_of(store: Path, tmp_path: Path) -> None:
    done = run_cohort(store, tmp_path / "out", settings=FEW)
    assert (done.tally.rows, len(done.tally.failures), len(done.tally.apart.lost)) == (2, 0, 2)
    rows = rows_of(done.failures)
    assert [(row["case"], row["image"], row["mask"], row["step"]) for row in rows] == [
        ("gone", "image", "", "convert"),
        ("maskless", "image", "mask", "convert"),
    ]
    assert [row["sentence"] for row in rows] == [row["sentence"] for row in rows_of(store / "failures.parquet")]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["counts"]["not_converted"] == 2
    said = (tmp_path / "out" / "methods.md").read_text()
    assert "2 cases, images or masks could not be converted, and so not measured." in said


def test_extract_tells_of_it_too(store: Path) -> None:
    ended = []
    for more in ((), ("--case", "whole")):
        command = [sys.executable, "-m", "voxmill", "extract", store, *more]
        ended.append(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False))
    assert [one.returncode for one in ended] == [1, 0]
    why = f"could not be converted, and so not measured; why: {store / 'failures.parquet'}\n"
    assert ended[0].stderr.endswith(f"voxmill: 2 cases, images or masks {why}")
    assert why not in ended[1].stderr
    assert {row.case for row in vm.extract_store(str(store), settings=FEW).rows} == {"whole"}


def test_again_it_has_the_same_bytes_and_is_gone_when_it_is_mended(store: Path, tmp_path: Path) -> None:
    run_cohort(store, tmp_path / "out", settings=FEW)
    before = written(tmp_path / "out")
    run_cohort(store, tmp_path / "out", settings=FEW)
    assert written(tmp_path / "out") == before
    image, _ = write_scan(tmp_path, "b", seed=2)
    image.rename(tmp_path / "torn.nrrd")
    cases = tmp_path / "cases.csv"
    cases.write_text(cases.read_text().replace("maskless,a.nrrd,torn.nrrd", "maskless,a.nrrd,a.seg.nrrd"))
    vm.convert(cases, store, keep_ids=True)
    done = run_cohort(store, tmp_path / "out", settings=FEW)
    assert (done.tally.apart.lost, done.tally.rows, rows_of(done.failures)) == ((), 6, [])


def test_a_case_that_could_not_be_converted_again_is_measured_as_it_was(store: Path, tmp_path: Path) -> None:
    before = run_cohort(store, tmp_path / "before", settings=FEW)
    image, _ = write_scan(tmp_path, "b", seed=2)
    image.rename(tmp_path / "a.nrrd")
    vm.convert(tmp_path / "cases.csv", store, keep_ids=True)
    done = run_cohort(store, tmp_path / "out", settings=FEW)
    assert rows_of(done.features) == rows_of(before.features)
    assert [row["case"] for row in done.tally.apart.outdated] == ["maskless", "whole"]
    assert [row["case"] for row in done.tally.apart.lost] == ["gone", "maskless"]
    counts = json.loads((tmp_path / "out" / "run.json").read_text())["counts"]
    assert (counts["not_converted"], counts["not_converted_again"], counts["measured"]) == (2, 2, 1)
    said = (tmp_path / "out" / "methods.md").read_text()
    assert "2 cases could not be converted again, and were measured as the store has them." in said


def test_some_cases_have_what_was_lost_of_them(store: Path, tmp_path: Path) -> None:
    only = run_cohort(store, tmp_path / "only", settings=FEW, wanted=Wanted(only="[wg]*"))
    assert [row["case"] for row in only.tally.apart.lost] == ["gone"]
    first = run_cohort(store, tmp_path / "first", settings=FEW, wanted=Wanted(only="*", limit=1))
    assert first.tally.apart.lost == ()


def test_what_is_never_read_is_not_lost_and_what_has_no_case_is(tmp_path: Path, store: Path) -> None:
    rows = [
        {"file": "file-report", "step": "pass over", "sentence": "a report is never read"},
        {"file": "file-torn", "step": "find", "sentence": "it is torn"},
        {"file": "file-old", "sentence": "an older store does not say whether this is a report"},
    ]
    columns = ("case", "image", "mask", "file", "step", "reason", "sentence")
    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})
    pq.write_table(table, store / "failures.parquet")
    done = run_cohort(store, tmp_path / "out", settings=FEW)
    assert [(row["case"], row["step"], row["sentence"]) for row in rows_of(done.failures)] == [
        ("file-torn", "convert", "it is torn")
    ]


def test_a_table_that_is_damaged_is_told(store: Path, tmp_path: Path) -> None:
    table = store / "failures.parquet"
    table.write_bytes(b"no table")
    for _ in range(2):
        with pytest.raises(vm.InputError, match=r"^failures.parquet: the table of failures in the store is damaged"):
            run_cohort(store, tmp_path / "out", settings=FEW)
        pq.write_table(pa.table({"case": ["gone"], "step": [1]}), table)


def test_a_table_that_is_a_link_out_of_the_store_is_not_read(store: Path, tmp_path: Path) -> None:
    (store / "failures.parquet").rename(tmp_path / "outside.parquet")
    (store / "failures.parquet").symlink_to(tmp_path / "outside.parquet")
    for use in (lambda: run_cohort(store, tmp_path / "out", settings=FEW), lambda: remove_case(store, "whole")):
        with pytest.raises(vm.InputError, match=r"^cohort.zarr: failures.parquet is a link out of the store, which is"):
            use()
    assert "whole" in vm.open_store(store).names


def test_that_names_are_made_is_told_where_a_pattern_meets_none(tmp_path: Path, store: Path) -> None:
    sentence = r"^cohort.zarr: no case of it is called so; without --keep-ids names .*: case-… or study-…; index"
    with pytest.raises(vm.InputError, match=sentence):
        run_cohort(store, tmp_path / "out", settings=FEW, wanted=Wanted(only="Jane*"))
