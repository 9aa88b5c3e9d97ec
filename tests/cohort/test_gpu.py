"""Whole runs on a GPU: tables have the bytes of the CPU's."""

from pathlib import Path

import pytest

from cohort_files import FEW, write_cohort, written
from voxmill.cohort import run_cohort
from voxmill_kernels.device import Device

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("device, workers", [("gpu", 0), ("gpu", 2), ("auto", 1)])
def test_tables_are_those_of_the_cpu(tmp_path: Path, gpu: Device, device: str, workers: int) -> None:
    del gpu
    cohort = write_cohort(tmp_path)
    run_cohort(cohort, tmp_path / "cpu", settings=FEW, device="cpu")
    done = run_cohort(cohort, tmp_path / "gpu", settings=FEW, device=device, workers=workers)
    assert written(tmp_path / "gpu") == written(tmp_path / "cpu")
    assert done.tally.devices["cpu"] < done.progress.done
