"""`voxmill run --slurm`: a cohort by jobs of a real SLURM, on this machine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cohort_files import FEW, write_cohort, written
from slurm_cluster import require_slurm, slurm
from voxmill.cohort import run_cohort

pytestmark = pytest.mark.slurm
SETTINGS = "features: {firstorder: [Mean, Energy], glcm: [Contrast, MCC], shape: [MeshVolume]}\n"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Of a SLURM that is running."""
    require_slurm()
    folder = tmp_path / "slurm"
    folder.mkdir()
    with slurm(folder) as made:
        yield made


def test_jobs_write_the_same_bytes(tmp_path: Path, environment: dict[str, str]) -> None:
    cohort, settings, out = write_cohort(tmp_path, 6), tmp_path / "few.yaml", tmp_path / "out"
    settings.write_text(SETTINGS)
    options = ["--slurm", "-j", "1", "--memory", "1GB", "--slurm-time", "00:10:00", "--slurm-interface", "lo"]
    command = [sys.executable, "-m", "voxmill", "run", cohort, "-o", out, "--settings", settings, *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (0, "")
    asked, measured, *_ = done.stderr.splitlines()
    assert asked == "voxmill: 6 cases; asking SLURM for 1 job"
    assert measured.startswith("voxmill: 6 cases done, 12 rows: ")
    run_cohort(cohort, tmp_path / "here", settings=FEW)
    assert written(out) == written(tmp_path / "here")
