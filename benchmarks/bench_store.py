"""What store.py measures, once on small volumes, without a look at the clock."""

from pathlib import Path

from store import measure, report, scan


def test_everything_is_measured(tmp_path: Path) -> None:
    seconds = measure(tmp_path, scan((40, 80, 80), 500), scan((40, 40, 40), 500), repeats=1)
    assert set(seconds) == {"write", "compress", "nifti", "region", "region-small"}
    assert min(seconds.values()) > 0
    assert len(report(seconds)) == 3
