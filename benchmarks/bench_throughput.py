"""What throughput.py measures, once on few and little cases, without a look at the clock."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from batches import DROP_IN, OURS, PYRADIOMICS, Agreement, agreement
from commands import CommandError, timed
from throughput import little_cohort, measure_batches, measure_scaling, report_batches, report_scaling


def test_scaling_is_measured(tmp_path: Path) -> None:
    scaling = measure_scaling(tmp_path, little_cohort(tmp_path), cases=2, voxels=1_000)
    assert 0 < scaling.case_s[0] < scaling.one.cpu_s
    assert scaling.elsewhere_later < scaling.elsewhere
    assert 0 < scaling.elsewhere < 1
    assert scaling.foretold_s > 0
    assert len(report_scaling(scaling)) == 4


def test_batches_agree(tmp_path: Path, radiomics: ModuleType) -> None:
    pythons = {PYRADIOMICS: Path(sys.executable)}
    compared = measure_batches(tmp_path, little_cohort(tmp_path), cases=2, pythons=pythons)
    assert set(compared.commands) == {OURS, DROP_IN, PYRADIOMICS}
    assert compared.agreement is not None
    assert compared.agreement.holds
    assert (compared.agreement.cases, compared.agreement.features) == (2, 107)
    assert len(report_batches(compared)) == 5
    ours, drop_in = (tmp_path / f"{name} small" for name in (OURS, DROP_IN))
    assert agreement(ours / "run" / "features.parquet", drop_in / "features.csv").holds


def test_processes_of_processes_count(tmp_path: Path) -> None:
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    assert timed([sys.executable, "-c", nested], tmp_path / "log", 1).cpu_s > 0.5


def test_a_command_that_fails_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="ended with 2; it said: no"):
        timed([sys.executable, "-c", "print('no'); raise SystemExit(2)"], tmp_path / "log", 1)


def test_other_names_and_other_values_do_not_agree() -> None:
    assert Agreement(1, 107, same_names=True, difference=1e-7).holds
    assert not Agreement(1, 107, same_names=True, difference=1e-5).holds
    assert not Agreement(1, 107, same_names=False, difference=0.0).holds
