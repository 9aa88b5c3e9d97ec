"""What `voxmill run` refuses, in one sentence, and what it leaves as it was."""

import json
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from cohort_files import rows_of, write_cohort, write_scan
from run_command import Command, assert_refused


@pytest.mark.parametrize(
    "content, code, said",
    [
        ("picture,mask\na,b\n", 3, "a table of cases has a column 'image', and its columns are picture, mask; add it"),
        ("image,seg,age\na,b,1\n", 3, "there is no column 'mask'; its columns are image, seg, age; add it"),
        (
            "image,mask,case\na,b,x\na,b,y\na,b,x\n",
            3,
            "these rows have the same case, image, mask and label: 1 and 3; keep one of them, or give each the number "
            "of the label that it is of, in a column 'Label'",
        ),
        ("ID,Image,Mask,Label\nx,a,b,1\nx,a,b,01\n", 3, "have the same case, image, mask and label: 1 and 2; keep"),
        ("ID,image:a,image:b,mask\nx,a,b,c\nx,./a,c,c\n", 3, "have the same case, image, mask and label: 1 and 2"),
        ("ID,Image,Mask\nx,,a\nx,,a\n", 3, "have the same case, image, mask and label: 1 and 2; keep"),
        ("image,mask,Label\na,b,one\n", 3, "row 1: Label: a whole number is needed; found 'one'"),
        (f"image,mask,Label\na,b,{'9' * 5_000}\n", 3, "row 1: Label: a whole number is needed; found '999"),
        ("image,mask,label\na,b,1\n", 3, "column 'label' is called like one of the result; write 'Label' where"),
        ("image,mask,region\na,b,x\n", 3, "column region is called like one of the result; rename it"),
        (
            "image,mask,original_firstorder_Mean,diagnostics_x,age\na,b,1,2,3\n",
            3,
            "columns original_firstorder_Mean, diagnostics_x are called like those of the result; rename them",
        ),
        ("image,mask\na,b\n", 3, "cases.csv: row 1 names files that are not there; check the paths"),
        ("image,mask\n", 3, "a table of cases has a row for each, and it has no rows; add them"),
    ],
)
def test_tables_that_make_no_sense(voxmill: Command, tmp_path: Path, content: str, code: int, said: str) -> None:
    cohort = tmp_path / "cases.csv"
    cohort.write_text(content)
    assert_refused(voxmill("run", cohort, "-o", tmp_path / "out"), code, said)
    assert not (tmp_path / "out").exists()


def test_rows_whose_files_are_missing_are_told_by_number(voxmill: Command, tmp_path: Path) -> None:
    """Of many rows only the first are looked at."""
    cohort = tmp_path / "cases.csv"
    for rows, said in (
        (2, "cases.csv: rows 1, 2 name files that are not there; check the paths"),
        (1_001, "cases.csv: of its first 1,000 rows, rows 1, 2, 3, "),
    ):
        cohort.write_text("case,image,mask\n" + "".join(f"{row},a,b\n" for row in range(rows)))
        assert_refused(voxmill("run", cohort, "-o", tmp_path / "out"), 3, said)


def test_where_all_files_are_missing_nothing_is_done(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    voxmill("run", cohort, "-o", out, "--settings", few)
    before = (out / "features.parquet").read_bytes()
    for path in tmp_path.glob("scan*"):
        path.rename(tmp_path / f"moved-{path.name}")
    ended = voxmill("run", cohort, "-o", out, "--settings", few, "--skip-missing")
    assert_refused(ended, 3, "cases.csv: none of its rows names files that are there; check the paths")
    assert (out / "features.parquet").read_bytes() == before


def test_where_no_case_can_be_measured_what_was_is_kept(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    voxmill("run", cohort, "-o", out, "--settings", few)
    before = (out / "features.parquet").read_bytes()
    for path in tmp_path.glob("scan?.nrrd"):
        path.write_bytes(path.read_bytes()[:100])
    ended = voxmill("run", cohort, "-o", out, "--settings", few)
    assert_refused(ended, 3, "out: the rows that are there stay, as nothing can be measured now (image: ")
    assert (out / "features.parquet").read_bytes() == before
    assert voxmill("run", cohort, "-o", tmp_path / "other", "--settings", few)[0] == 3
    assert len(rows_of(tmp_path / "other" / "failures.parquet")) == 2


def test_a_column_that_csv_cannot_hold_is_refused_before_work_begins(
    voxmill: Command, few: Path, tmp_path: Path
) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    table = pa.table({"image": [image.name], "mask": [mask.name], "sites": [["a", "b"]], "age": [61]})
    pq.write_table(table, tmp_path / "cases.parquet")
    ended = voxmill("run", tmp_path / "cases.parquet", "-o", tmp_path / "out", "--settings", few, "--csv")
    assert_refused(ended, 3, "cases.parquet: CSV cannot hold column sites (list<element: string>); leave out --csv")
    assert not (tmp_path / "out").exists()
    assert voxmill("run", tmp_path / "cases.parquet", "-o", tmp_path / "out", "--settings", few)[0] == 0
    assert rows_of(tmp_path / "out" / "features.parquet")[0]["sites"] == ["a", "b"]


def test_places_that_are_none(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 1)
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("Dear Jane")
    for more in ((), ("--dry-run",)):
        ended = voxmill("run", cohort, "-o", full, *more)
        assert_refused(ended, 3, "full: the folder is not empty, and it is none of a run")
    assert_refused(voxmill("run", cohort, "-o", cohort), 3, "cases.csv: this is a file; give a folder for the results")
    ended = voxmill("run", cohort, "-o", cohort / "a" / "b")
    assert_refused(ended, 3, "cases.csv: this is a file, and no folder can be in it; give another")
    assert_refused(
        voxmill("run", tmp_path / "gone", "-o", tmp_path / "out"), 3, "gone: there is no such file or folder"
    )
    assert_refused(
        voxmill("run", few, "-o", tmp_path / "out"), 3, "few.yaml: a cohort is a store of voxmill convert, a"
    )
    assert_refused(voxmill("run", cohort, "-o", tmp_path / "out", "--only", "x*"), 3, "no case of it is called so")


@pytest.mark.parametrize(
    "options, said",
    [
        (("--device", "abacus"), "unknown device 'abacus'"),
        (("--device", "gpu"), "device 'gpu': "),
        (("--device", "gpu", "-j", 1), "device 'gpu': "),
        (("--memory", "much"), "--memory: a size is needed, as 4GB or 512MiB; found 'much'"),
        (
            ("--memory", "12"),
            "--memory: a process needs at least 100 MB before it does any case; found '12', which is 12 B",
        ),
        (("--scheduler", "somewhere"), "'somewhere' is no address of a scheduler; it reads tls://HOST:PORT"),
        (("--scheduler", "tcp://127.0.0.1:1", "--slurm"), "--scheduler and --slurm exclude each other"),
        (
            ("--scheduler", "tcp://127.0.0.1:1", "-j", "0"),
            "a cluster has its own workers, so --workers 0 means nothing",
        ),
        (("--scheduler", "tcp://127.0.0.1:1", "--dashboard", "8787"), "--dashboard shows workers on this machine"),
        (("--dashboard", "8787"), "--dashboard shows workers on this machine"),
        (("--dashboard", "80000", "-j", "1"), "--dashboard: a port from 1 to 65535 is needed; found 80000"),
        (
            ("--slurm", "--dry-run", "--device", "gpu"),
            "--dry-run tries cases on this machine; leave --scheduler and --slurm out, and --device gpu if it has none",
        ),
        (("--slurm-partition", "gpu"), "options of SLURM are given without --slurm"),
        (("--threads-per-worker", "0"), "threads: at least 1"),
        (("--limit", "0"), "limit: at least 1 case; found 0"),
        (("--settings", "wrong.yaml"), "wrong.yaml: unknown setting 'discretize'; did you mean 'discretise'?"),
    ],
)
def test_wrong_use(
    voxmill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text("discretize: {bin_width: 5}")
    assert_refused(voxmill("run", write_cohort(tmp_path, 1), "-o", "out", *options), 2, said)
    assert not Path("out").exists()


@pytest.mark.skipif(find_spec("bokeh") is not None, reason="Bokeh is installed")
def test_what_a_dashboard_needs_is_told_before_work_begins(voxmill: Command, tmp_path: Path) -> None:
    ended = voxmill("run", write_cohort(tmp_path, 1), "-o", tmp_path / "out", "--dashboard", 8787, "-j", 1)
    assert_refused(ended, 3, "Dask's dashboard needs Bokeh, which is not installed: pip install bokeh")
    assert not (tmp_path / "out").exists()


def test_a_second_run_on_the_same_folder_is_told(voxmill: Command, few: Path, tmp_path: Path) -> None:
    from voxmill.runs.ledger import opened

    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    with opened(out / "ledger"):
        assert_refused(voxmill("run", cohort, "-o", out, "--settings", few), 3, "is writing here")


def test_an_account_that_is_damaged_is_told(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    voxmill("run", cohort, "-o", out, "--settings", few)
    (out / "run.json").write_text("{")
    assert_refused(voxmill("run", cohort, "-o", out), 3, "run.json: this file of an earlier run is damaged")


def test_tables_that_are_damaged_are_told_before_work_begins(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    voxmill("run", cohort, "-o", out, "--settings", few)
    (out / "features.parquet").write_bytes(b"PAR1")
    ended = voxmill("run", cohort, "-o", out, "--dry-run")
    assert_refused(ended, 3, "features.parquet: this file of an earlier run is damaged")


def test_a_dry_run_refuses_what_would_take_rows_out_of_tables(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    voxmill("run", cohort, "-o", out, "--settings", few)
    for more in ((), ("--dry-run",)):
        ended = voxmill("run", cohort, "-o", out, "--settings", few, "--limit", 1, *more)
        assert_refused(ended, 2, "out: its tables have rows of 1 case that --only or --limit leaves out")


def test_a_scheduler_that_does_not_answer(voxmill: Command, few: Path, tmp_path: Path) -> None:
    options = ("--scheduler", "tcp://127.0.0.1:9")
    ended = voxmill("run", write_cohort(tmp_path, 1), "-o", tmp_path / "out", "--settings", few, *options)
    asked, refused = ended[2].splitlines(keepends=True)
    assert asked == "voxmill: 1 case; asking the workers of the cluster\n"
    assert_refused((*ended[:2], refused), 3, "tcp://127.0.0.1:9: no scheduler of Dask answers")


def test_a_refusal_is_json_too_where_that_is_read(voxmill: Command, tmp_path: Path) -> None:
    code, _, said = voxmill("run", tmp_path / "none.csv", "-o", tmp_path / "out", "--log-json")
    *_, told = map(json.loads, said.splitlines())
    assert (code, told["event"], told["exit_code"]) == (3, "error", 3)
    assert told["text"] == "none.csv: there is no such file or folder; check the path"


@pytest.mark.parametrize("option", ["--label", "--region", "-l"])
def test_where_regions_of_a_run_are_chosen_is_told(voxmill: Command, tmp_path: Path, option: str) -> None:
    ended = voxmill("run", tmp_path / "cases.csv", "-o", tmp_path / "out", option, "*node", option, "ö: 1, 2")
    assert_refused(ended, 2, "the regions of a run are chosen in its settings, so that all of it has the same: write")
    advised = ended[2].partition("write '")[2].partition("' in the file of --settings")[0]
    assert yaml.safe_load(advised) == {"labels": ["*node", "ö: 1, 2"]}
