"""What store.py measures, once on small volumes, without a look at the clock."""

from pathlib import Path

from store import measure, report, scan


def test_everything_is_measured(tmp_path: Path) -> None:
    seconds = measure(tmp_path, scan((40, 150, 150), 500), repeats=1)
    assert set(seconds) == {"times", "write", "compress", "convert", "decode", "nifti", "region", "region-small"}
    assert min(seconds.values()) > 0
    assert len(report(seconds)) == 4
