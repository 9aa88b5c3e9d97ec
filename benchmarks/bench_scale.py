"""What scale.py measures, once on few cases, without a look at the clock."""

from pathlib import Path

from scale import measure, report


def test_everything_is_measured(tmp_path: Path) -> None:
    scale = measure(tmp_path, cases=60, columns=20)
    assert scale.cases == 60
    assert min(scale.first_s, scale.case_ms, scale.main_peak_mb, scale.worker_peak_mb, scale.ledger_mb) > 0
    assert len(report(scale)) == 3
