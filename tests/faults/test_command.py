"""`voxmill run`, the command, through every fault: the last run writes the bytes of an undisturbed one.

Between the two, what was wrong is mended.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import SimpleITK as sitk

from cohort_files import rows_of, write_cohort, write_empty_mask, written
from dask_cluster import dask_cluster, free_ports
from run_script import children, wait_for
from voxmill.cohort import run_cohort

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and processes as POSIX has them")
CASES = 6
HANGS = "scan4.nrrd"
HOOK = """
import sys, time

def wait(event, arguments):
    if event == "open" and str(arguments[0]) == {path!r}:
        open({path!r} + ".waits", "w").close()
        time.sleep(3600)

if "-P" in sys.orig_argv:
    sys.addaudithook(wait)
"""
SETTINGS = "features: {firstorder: [Mean], glcm: [Contrast]}\n"


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """A table of cases; beside it lies what is written when nothing disturbs the run."""
    (tmp_path / "few.yaml").write_text(SETTINGS)
    table = write_cohort(tmp_path, CASES)
    run_cohort(table, tmp_path / "undisturbed", settings=tmp_path / "few.yaml")
    return table


@contextmanager
def started(cohort: Path, *options: object) -> Iterator["subprocess.Popen[str]"]:
    """The command that measures a cohort into the folder `out`, beside it; at last it is killed."""
    fixed = ("run", cohort, "-o", cohort.parent / "out", "--settings", cohort.parent / "few.yaml")
    command = [sys.executable, "-m", "voxmill", *map(str, (*fixed, *options))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def run(cohort: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    """The same, to its end."""
    with started(cohort, *options) as process:
        out, said = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, said)


def require_same(cohort: Path) -> None:
    """Run it once more; fails where what it wrote is not what is written undisturbed."""
    done = run(cohort, "-j", 0)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert written(cohort.parent / "out") == written(cohort.parent / "undisturbed")


@contextmanager
def instead(path: Path) -> Iterator[None]:
    """While inside, a file is not there; then it is as it was."""
    kept = path.with_name(f"kept-{path.name}")
    path.rename(kept)
    try:
        yield
    finally:
        kept.replace(path)


def failures(cohort: Path) -> dict[str, str]:
    """By case, why it could not be measured."""
    return {row["case"]: row["sentence"] for row in rows_of(cohort.parent / "out" / "failures.parquet")}


@pytest.fixture
def hanging(cohort: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cohort; processes that do cases wait for HANGS for ever, as on a network that has gone."""
    (folder := cohort.parent / "hook").mkdir()
    (folder / "sitecustomize.py").write_text(HOOK.format(path=str(cohort.parent / HANGS)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), os.environ.get("PYTHONPATH", ""))))
    return cohort


def wait_until_it_hangs(cohort: Path) -> None:
    """Wait for the case that hangs, and be ready to wait for it again."""
    mark = cohort.parent / f"{HANGS}.waits"
    wait_for(mark.exists)
    mark.unlink()


def test_bad_cases_cost_no_other(hanging: Path) -> None:
    folder = hanging.parent
    scans = [folder / name for name in ("scan1.nrrd", "scan2.seg.nrrd", "scan3.nrrd")]
    with ExitStack() as stack:
        for path in scans:
            stack.enter_context(instead(path))
        scans[0].write_bytes((folder / "scan0.nrrd").read_bytes()[:-500])
        write_empty_mask(folder, "scan2.seg")
        sitk.WriteImage(sitk.Image(512, 512, 512, sitk.sitkInt16), scans[2], useCompression=True)
        done = run(hanging, "-j", 2, "--memory", "450MB", "--case-time", 8)
    assert done.returncode == 1, done.stderr
    assert "\nvoxmill: 2 cases done, 4 rows: " in done.stderr
    assert failures(hanging) == {
        "case 5": "image: its voxels cannot be read: the file is truncated or corrupt; copy it again",
        "case 4": "mask: nothing is segmented: every voxel is 0; give a mask in which the region has a label",
        "case 3": "it needs more memory than a case may take, even alone; allow more",
        "case 2": "it took longer than a case may, even alone; allow more time",
    }
    require_same(hanging)


def test_a_second_run_is_told_and_a_third_goes_on_after_kill_9(hanging: Path) -> None:
    with started(hanging, "-j", 1) as process:
        wait_until_it_hangs(hanging)
        second = run(hanging, "-j", 0)
        assert second.returncode == 3
        assert f"process {process.pid} on " in second.stderr
        assert " is writing here" in second.stderr
        below = children(process)
        process.kill()
    assert len(below) == 1
    assert not psutil.wait_procs(below, timeout=10)[1]
    require_same(hanging)


def test_kill_9_of_what_does_cases(hanging: Path) -> None:
    with started(hanging, "-j", 2) as process:
        for _ in range(2):  # with others, and alone
            wait_until_it_hangs(hanging)
            for one in children(process):
                one.kill()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert failures(hanging) == {
        "case 2": "its process ended without a word, even alone: a library crashed on it, or the system killed it"
    }
    require_same(hanging)


def test_kill_9_of_a_worker_and_of_the_scheduler(hanging: Path) -> None:
    with (
        dask_cluster(1, free_ports(1)[0]) as cluster,
        started(hanging, "--scheduler", cluster.address) as process,
    ):
        wait_until_it_hangs(hanging)
        cluster.busy[0].kill()
        wait_until_it_hangs(hanging)
        cluster.scheduler.kill()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "the scheduler of Dask does not answer any more; run it again to go on" in said
    require_same(hanging)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a small disk of its own needs root on Linux")
def test_a_full_disk(cohort: Path) -> None:
    (out := cohort.parent / "out").mkdir()
    with small_disk(out):
        done = run(cohort, "-j", 0)
        assert done.returncode == 3, done.stderr
        assert "No space left on device" in done.stderr
        subprocess.run(("mount", "-o", "remount,size=16m", out), check=True)
        require_same(cohort)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """While inside, a folder is a disk of a few pages."""
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=12k", "voxmill", folder), check=True)
    try:
        yield
    finally:
        subprocess.run(("umount", folder), check=True)
