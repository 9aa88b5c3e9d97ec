"""A cohort through a real SLURM, on this machine."""

import gc
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dask
import distributed  # noqa: F401 - its settings have to be there before others are set for a while
import psutil
import pytest

from run_script import wait_for
from slurm_cluster import jobs, processes, require_slurm, slurm
from square_job import Flaky, Numbers
from voxmill.errors import InputError
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import Slurm
from voxmill.runs.runner import Progress, run

pytestmark = [
    pytest.mark.slurm,
    # dask-jobqueue does not close the files that it writes certificates into.
    pytest.mark.filterwarnings("ignore:.*dask-jobqueue:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Of a SLURM that is running."""
    require_slurm()
    folder = tmp_path / "slurm"
    folder.mkdir()
    with slurm(folder) as made:
        for name in ("SLURM_CONF", "PATH"):
            monkeypatch.setenv(name, made[name])
        path = str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))  # which jobs take over
        yield made
        gc.collect()


def place(folder: Path, time: str = "00:10:00") -> Slurm:
    return Slurm(folder, memory_bytes=500 * 1024**2, time=time, interface="lo")


def test_a_cohort(tmp_path: Path, environment: dict[str, str]) -> None:
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), range(40), ledger, workers=2, on=place(tmp_path))
    assert (progress.done, progress.failed) == (36, 4)
    assert {one.key: one.reason for one in read_ledger(tmp_path / "ledger") if one.reason} == {
        "000003": "InputError",
        "000005": "ZeroDivisionError",
        "000007": "MemoryError",
        "000011": "ProcessDied",
    }
    wait_for(lambda: not jobs(environment))


def test_a_job_that_is_cancelled_leaves_nothing_behind_and_the_run_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    def cancel() -> tuple[int, int]:
        wait_for(lambda: (job.folder / "1").exists())
        (number,) = jobs(environment)
        found = processes(number)
        subprocess.run(("scancel", str(number)), env=environment, check=True)
        gone, left = psutil.wait_procs(found, timeout=10)
        return len(gone), len(left)

    (job := Flaky(tmp_path / "tried", hangs=True)).folder.mkdir()
    soon = dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"})  # and the next job is asked for
    with ThreadPoolExecutor() as pool, soon, opened(tmp_path / "ledger") as ledger:
        cancelled = pool.submit(cancel)
        assert run(job, [1], ledger, workers=1, on=place(tmp_path)).done == 1
    assert cancelled.result() == (2, 0)  # the worker, and the process that does cases
    wait_for(lambda: not jobs(environment))


@pytest.mark.usefixtures("environment")
def test_a_job_that_slurm_does_not_take(tmp_path: Path) -> None:
    asked = replace(place(tmp_path), partition="nowhere")
    with (
        opened(tmp_path / "ledger") as ledger,
        pytest.raises(InputError, match=r"takes no such job: .*partition"),
    ):
        run(Numbers(), [1], ledger, workers=1, on=asked)


def test_where_slurm_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with opened(tmp_path / "ledger") as ledger, pytest.raises(InputError, match="sbatch is not found"):
        run(Numbers(), [1], ledger, workers=1, on=place(tmp_path))
    gc.collect()


@pytest.mark.slow
def test_a_job_that_hits_its_time_limit_is_followed_by_another(tmp_path: Path, environment: dict[str, str]) -> None:
    seen: set[int] = set()

    def hear(progress: Progress) -> None:
        seen.update(jobs(environment))

    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(4), range(20, 50), ledger, workers=1, on=place(tmp_path, "00:01:00"), tell=hear)
    assert (progress.done, progress.failed) == (30, 0)
    assert len(seen) >= 2
    assert sorted(one.key for one in read_ledger(tmp_path / "ledger")) == [f"{n:06}" for n in range(20, 50)]
