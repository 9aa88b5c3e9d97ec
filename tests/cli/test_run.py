"""`voxmill run`, as a person uses it: what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cohort_files import SAME, rows_of, write_cohort, write_scan, write_table
from voxmill.cli import main
from voxmill_kernels.jit import KernelCache

Command = Callable[..., tuple[object, str, str]]
FEW = "features: {firstorder: [Mean], glcm: [Contrast]}\n"


@pytest.fixture
def voxmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process unless it says otherwise: its exit code, what it wrote and what it said."""
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    monkeypatch.setattr(KernelCache, "is_cold", False)

    def run(*arguments: object) -> tuple[object, str, str]:
        if not {"-j", "--scheduler"} & set(arguments):
            arguments = (*arguments, "-j", 0)
        monkeypatch.setattr(sys, "argv", ["voxmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(FEW)
    return path


def test_all_done(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    code, written, said = voxmill("run", cohort, "--out", out, "--settings", few)
    assert (code, written) == (0, "")
    first, spent = said.splitlines()
    assert first == f"voxmill: 2 cases done, 4 rows: {out / 'features.parquet'}"
    assert spent.startswith("voxmill: ")
    for stage in ("read", "prepare", "filter", "count", "features"):
        assert f"{stage} " in spent
    code, _, said = voxmill("run", cohort, "--out", out, "--settings", few)
    assert code == 0
    assert said == f"voxmill: 0 cases done, 2 before, 4 rows: {out / 'features.parquet'}\n"


def test_failures_end_with_1_and_nothing_with_3(voxmill: Command, few: Path, tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "jane", seed=1)
    good = {"case": "Jane", "image": image.name, "mask": mask.name}
    bad = {"case": "Joan", "image": image.name, "mask": ""}
    code, _, said = voxmill("run", write_table(tmp_path, [good, bad]), "-o", tmp_path / "out", "--settings", few)
    assert code == 1
    assert f"1 case or region could not be measured; why: {tmp_path / 'out/failures.parquet'}" in said
    assert "2 rows of features came of 1 case. 1 case" in (tmp_path / "out" / "methods.md").read_text()
    crate = json.loads((tmp_path / "out" / "ro-crate-metadata.json").read_text())
    described = {one["@id"]: one.get("description") for one in crate["@graph"]}
    assert described["./"] == "Features of 2 regions of 1 case, out of 2."
    code, _, said = voxmill("run", write_table(tmp_path, [bad]), "-o", tmp_path / "none", "--settings", few)
    assert code == 3


def test_what_is_said_names_no_case_and_no_file(voxmill: Command, few: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    image, mask = write_scan(tmp_path / "in", "jane", seed=1)
    torn = tmp_path / "in" / "torn of jane.nrrd"
    torn.write_bytes(image.read_bytes()[:200])
    rows = [
        {"case": "Jane Doe", "image": image.name, "mask": mask.name},
        {"case": "Jane Roe", "image": torn.name, "mask": mask.name},
    ]
    cohort = write_table(tmp_path / "in", rows)
    for more in ((), ("--log-json",)):
        _, _, said = voxmill("run", cohort, "-o", tmp_path / f"out{len(more)}", "--settings", few, *more)
        assert "jane" not in said.lower()
        assert str(tmp_path / "in") not in said


def test_lines_of_json(voxmill: Command, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.cli.progress.EVERY_JSON_S", 0.0)
    code, _, said = voxmill("run", write_cohort(tmp_path, 2), "-o", tmp_path / "out", "--settings", few, "--log-json")
    assert code == 0
    start, begin, first, second, end = map(json.loads, said.splitlines())
    assert (start["event"], start["workers"], start["compiling"]) == ("start", 0, False)
    assert {"Voxmill", "Python", "Numba"} <= set(start["versions"])
    assert (begin["event"], begin["cases"]) == ("begin", 2)
    assert [one["event"] for one in (first, second, end)] == ["progress", "progress", "end"]
    assert (first["cases"], first["done"], second["done"], second["left_s"]) == (2, 1, 2, 0)
    assert (end["rows"], end["failures"]) == (4, 0)
    assert set(end["seconds"]) >= {"read", "prepare", "filter", "count", "features"}


def test_options_choose_cases_and_forms(voxmill: Command, few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--only", "case *", "--limit", 1, "--long", "--csv", "--threads-per-worker", 2, "--device", "cpu")
    assert voxmill("run", write_cohort(tmp_path, 3), "-o", out, "--settings", few, *options)[0] == 0
    assert {row["case"] for row in rows_of(out / "features.parquet")} == {"case 3"}
    assert (out / "features_long.parquet").is_file()
    assert (out / "features.csv").is_file()


@pytest.mark.parametrize(
    "content, code, said",
    [
        ("picture,mask\na,b\n", 3, "a table of cases has a column 'image', and its columns are picture, mask; add it"),
        ("image,seg,age\na,b,1\n", 3, "there is no column 'mask'; its columns are image, seg, age; add it"),
        (
            "image,mask,case\na,b,x\na,b,y\na,b,x\n",
            3,
            "these rows have the same case, image, mask and label: 1 and 3; keep one of them, or give each a case of",
        ),
        ("ID,Image,Mask,Label\nx,a,b,1\nx,a,b,01\n", 3, "have the same case, image, mask and label: 1 and 2; keep"),
        ("ID,image:a,image:b,mask\nx,a,b,c\nx,./a,c,c\n", 3, "have the same case, image, mask and label: 1 and 2"),
        ("ID,Image,Mask\nx,,a\nx,,a\n", 3, "have the same case, image, mask and label: 1 and 2; keep"),
        ("image,mask,Label\na,b,one\n", 3, "row 1: Label: a whole number is needed; found 'one'"),
        ("image,mask,label\na,b,1\n", 3, "column 'label' is called like one of the result; write 'Label' where"),
        ("image,mask,region\na,b,x\n", 3, "columns region are called like those of the result; rename them"),
        (
            "image,mask,original_firstorder_Mean,diagnostics_x,age\na,b,1,2,3\n",
            3,
            "columns original_firstorder_Mean, diagnostics_x are called like those of the result; rename them",
        ),
        ("image,mask\na,b\n", 3, "1 of its first 1 rows name files that are not there (rows 1); check the paths"),
        ("image,mask\n", 3, "a table of cases has a row for each, and it has no rows; add them"),
    ],
)
def test_tables_that_make_no_sense(voxmill: Command, tmp_path: Path, content: str, code: int, said: str) -> None:
    cohort = tmp_path / "cases.csv"
    cohort.write_text(content)
    assert_refused(voxmill("run", cohort, "-o", tmp_path / "out"), code, said)
    assert not (tmp_path / "out").exists()


def assert_refused(ended: tuple[object, str, str], code: int, said: str) -> None:
    """One sentence on standard error, and nothing else."""
    assert (ended[0], ended[1]) == (code, "")
    assert ended[2].startswith("voxmill: ")
    assert ended[2].count("\n") == 1
    assert said in ended[2]


def test_missing_files_are_left_out_where_that_is_asked_for(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    (tmp_path / "scan0.nrrd").unlink()
    assert voxmill("run", cohort, "-o", tmp_path / "out", "--settings", few)[0] == 3
    code, _, said = voxmill("run", cohort, "-o", tmp_path / "out", "--settings", few, "--skip-missing")
    assert code == 0
    assert "1 case done, 2 rows" in said
    assert f"1 image left out, as files are not there: {tmp_path / 'out/failures.parquet'}" in said
    (row,) = rows_of(tmp_path / "out" / "failures.parquet")
    assert (row["case"], row["image"], row["step"], row["reason"]) == ("case 2", "image", "find", "InputError")
    assert row["sentence"] == "the file of this image is not there"
    counts = json.loads((tmp_path / "out" / "run.json").read_text())["counts"]
    assert (counts["cases"], counts["failures"], counts["missing"]) == (1, 0, 1)


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


def test_what_was_typed_as_a_pattern_is_not_kept(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 2), tmp_path / "out"
    assert voxmill("run", cohort, "-o", out, "--settings", few, "--only", "case 1")[0] == 0
    assert json.loads((out / "run.json").read_text())["asked"]["only"] is True
    assert "case 1" not in (out / "run.json").read_text()


def test_that_kernels_are_compiled_is_told_once(
    voxmill: Command, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, warm = write_cohort(tmp_path, 1), list[bool]()
    monkeypatch.setattr(KernelCache, "is_cold", property(lambda cache: not warm))
    monkeypatch.setattr(KernelCache, "mark_warm", lambda cache: warm.append(True))
    for workers, begins in ((2, "starting 2 workers, compiling"), (0, "compiling")):
        warm.clear()
        _, _, said = voxmill("run", cohort, "-o", tmp_path / begins, "--settings", few, "-j", workers)
        assert said.startswith(f"voxmill: 1 case; {begins} kernels, once: 15 seconds to a minute\n")
        assert warm == [True]
    assert "compiling" not in voxmill("run", cohort, "-o", tmp_path / "warm", "--settings", few)[2]
    warm.clear()
    voxmill("run", cohort, "-o", tmp_path / "warm", "--settings", few)
    assert warm == []  # nothing was measured


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


def test_a_file_of_pyradiomics_batch_is_taken_as_it_is(voxmill: Command, tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    rows = [{"ID": "a", "Image": image.name, "Mask": mask.name, "Label": label} for label in (1, 3)]
    parameters = tmp_path / "Params.yaml"
    parameters.write_text(
        "featureClass: {firstorder: [Mean], glcm: [Contrast]}\nsetting: {binWidth: 10, additionalInfo: true}\n"
    )
    cohort = write_table(tmp_path, rows)
    assert voxmill("run", cohort, "-o", tmp_path / "out", "--settings", parameters)[0] == 0
    found = rows_of(tmp_path / "out" / "features.parquet")
    assert [(row["case"], row["region"], row["label"], row["Label"]) for row in found] == [
        ("a", "1", 1, "1"),
        ("a", "node", 3, "3"),
    ]
    assert "2 rows of features came of 1 case. The table" in (tmp_path / "out" / "methods.md").read_text()
    assert found[0]["diagnostics_Versions_PyRadiomics"].startswith("voxmill ")
    assert isinstance(found[0]["diagnostics_Mask-original_VoxelNum"], int)
    assert [row["case"] for row in rows_of(tmp_path / "out" / "inputs.parquet")] == ["a"]


def test_a_dry_run_tells_what_it_would_take_and_leaves_nothing(
    voxmill: Command, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxmill.cli.places.process_age_s", lambda: 6000.0)
    cohort = write_cohort(tmp_path, 2)
    code, out, said = voxmill("run", cohort, "-o", tmp_path / "out", "--settings", few, "--dry-run")
    assert (code, out) == (0, "")
    size = sum(path.stat().st_size for path in tmp_path.glob("*.nrrd")) / 1e6
    first, second = said.splitlines()
    assert first == f"voxmill: 2 cases, {size:,.1f} MB of files"
    assert second.startswith("voxmill: about 100 min in one process, ")
    assert second.endswith("2 cases took that long, and none was kept")
    assert not (tmp_path / "out").exists()
    _, _, said = voxmill("run", cohort, "-o", tmp_path / "out", "--settings", few, "--dry-run", "--log-json")
    assert json.loads(said)["event"] == "estimate"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_signal_ends_it_with_75_and_it_goes_on(voxmill: Command, few: Path, tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    cohort = write_table(tmp_path, [{"case": str(n), "image": image.name, "mask": mask.name} for n in range(1500)])
    out = tmp_path / "out"
    command = [sys.executable, "-m", "voxmill", "run", cohort, "-o", out, "--settings", few, "-j", "0"]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list((out / "ledger").glob("part-*")):
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 75
    assert time.monotonic() - began < 10
    assert said.startswith("voxmill: stopped by a signal after ")
    assert not (out / "features.parquet").exists()
    code, _, said = voxmill("run", cohort, "-o", out, "--settings", few)
    assert code == 0
    assert "\nvoxmill: all cases, also those before: read " in said
    assert " before, 3,000 rows: " in said


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


def test_by_processes_within_limits_it_is_the_same(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path, 2)
    voxmill("run", cohort, "-o", tmp_path / "here", "--settings", few)
    limits = ("--memory", "2GB", "--case-time", 300)
    code, out, said = voxmill("run", cohort, "-o", tmp_path / "there", "--settings", few, "-j", 2, *limits)
    assert (code, out) == (0, "")
    started, first, _ = said.splitlines()
    assert started == "voxmill: 2 cases; starting 2 workers"
    assert first.startswith("voxmill: 2 cases done, 4 rows: ")
    for name in SAME:
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    asked = json.loads((tmp_path / "there" / "run.json").read_text())["asked"]
    assert (asked["memory_bytes"], asked["time_s"], asked["workers"]) == (2 * 10**9, 300, 2)


def test_too_little_memory_fails_the_case(voxmill: Command, few: Path, tmp_path: Path) -> None:
    code, _, _ = voxmill(
        "run", write_cohort(tmp_path, 1), "-o", tmp_path / "out", "--settings", few, "-j", 1, "--memory", "100MB"
    )
    assert code == 3
    (failure,) = rows_of(tmp_path / "out" / "failures.parquet")
    assert "memory" in failure["sentence"]


def test_a_scheduler_that_does_not_answer(voxmill: Command, few: Path, tmp_path: Path) -> None:
    options = ("--scheduler", "tcp://127.0.0.1:9")
    ended = voxmill("run", write_cohort(tmp_path, 1), "-o", tmp_path / "out", "--settings", few, *options)
    asked, refused = ended[2].splitlines(keepends=True)
    assert asked == "voxmill: 1 case; asking the workers of the cluster\n"
    assert_refused((*ended[:2], refused), 3, "tcp://127.0.0.1:9: no scheduler of Dask answers")


def test_what_conversion_lost_is_told_and_the_exit_code_is_1(voxmill: Command, few: Path, tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "a", seed=1)
    (tmp_path / "torn.nrrd").write_bytes(image.read_bytes()[:100])
    rows = [
        {"case": "whole", "image": image.name, "mask": mask.name},
        {"case": "gone", "image": "torn.nrrd", "mask": mask.name},
    ]
    store, out = tmp_path / "cohort.zarr", tmp_path / "out"
    assert voxmill("convert", write_table(tmp_path, rows), store)[0] == 1
    code, _, said = voxmill("run", store, "-o", out, "--settings", few)
    assert code == 1
    why = f"why: {out / 'failures.parquet'}"
    assert f"voxmill: 1 case, image or mask could not be converted, and so not measured; {why}" in said.splitlines()
    code, _, said = voxmill("run", store, "-o", out, "--settings", few, "--log-json")
    assert (code, json.loads(said.splitlines()[-1])["not_converted"]) == (1, 1)
