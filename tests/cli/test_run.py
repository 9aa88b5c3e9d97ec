"""`voxmill run`, as a person uses it: what it says, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cohort_files import SAME, rows_of, write_cohort, write_scan, write_table
from run_command import Command
from small_images import two_labels
from voxmill_kernels.jit import KernelCache


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


def test_a_dry_run_foretells_failures_and_the_exit_code(voxmill: Command, few: Path, tmp_path: Path) -> None:
    image, mask = write_scan(tmp_path, "scan", seed=1)
    good = {"case": "good", "image": image.name, "mask": mask.name}
    (tmp_path / "scan2.nrrd").write_bytes(b"")
    bad = [{**good, "case": "Jane", "mask": ""}, {**good, "case": "Joan", "image": "scan2.nrrd"}]
    cohort, out = write_table(tmp_path, [good, *bad]), tmp_path / "out"
    for before in ("", ", 1 done before"):
        code, _, said = voxmill("run", cohort, "-o", out, "--settings", few, "--dry-run")
        assert code == 1
        assert f"voxmill: {2 if before else 3} cases{before}, " in said
        failed = (
            "none of the 2 cases that were tried can be measured: "
            if before
            else ("2 cases of those that were tried could not be measured, or not in all: ")
        )
        assert f"voxmill: {failed}image: this file is empty; copy or convert it again / it has no mask; fill in" in said
        assert ("about" in said) != bool(before)
        assert "Jane" not in said
        assert voxmill("run", cohort, "-o", out, "--settings", few)[0] == 1


def test_a_dry_run_ends_with_1_where_all_is_done_and_a_region_could_not_be(voxmill: Command, tmp_path: Path) -> None:
    cohort, out, settings = write_cohort(tmp_path, 1), tmp_path / "out", tmp_path / "settings.yaml"
    sizes = sorted(np.bincount(two_labels().ravel())[[1, 3]].tolist())
    settings.write_text(f"features: {{firstorder: [Mean]}}\nmin_region_voxels: {sizes[1]}\n")
    assert voxmill("run", cohort, "-o", out, "--settings", settings)[0] == 1
    code, _, said = voxmill("run", cohort, "-o", out, "--settings", settings, "--dry-run")
    assert code == 1
    assert said.splitlines() == [
        "voxmill: 0 cases, 1 done before, 0.0 MB of files",
        f"voxmill: 1 case or region could not be measured; why: {out / 'failures.parquet'}",
    ]


def test_a_dry_run_says_that_results_would_move_and_moves_none(voxmill: Command, few: Path, tmp_path: Path) -> None:
    cohort, out = write_cohort(tmp_path, 1), tmp_path / "out"
    moved = (
        f"voxmill: results of other settings or cases, of another version or device, would be moved to {out}/earlier"
    )
    voxmill("run", cohort, "-o", out, "--settings", few)
    assert moved not in voxmill("run", cohort, "-o", out, "--settings", few, "--dry-run")[2]
    other = tmp_path / "other.yaml"
    other.write_text(few.read_text() + "discretise: {bin_width: 3}\n")
    code, _, said = voxmill("run", cohort, "-o", out, "--settings", other, "--dry-run")
    assert (code, moved in said, (out / "earlier").exists()) == (0, True, False)


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
