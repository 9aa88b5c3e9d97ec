"""What throughput.py measures, once on few small cases, without a look at the clock."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from throughput import measure, report


def check(folder: Path, peers: Mapping[str, Path]) -> None:
    found = measure(folder, long=2, short=6, voxels=(3_000, 1_000), peers=peers)
    assert (found.one.cases, found.short.cases) == (2, 6)
    assert found.peers.keys() == peers.keys()
    assert min(found.case_s, found.outside, *found.foretold.values(), found.two.wall_s, found.two.cpu_s) > 0
    assert (found.difference is None) == (not peers)
    assert (found.difference or 0) < 1e-6
    assert len(report(found)) == 4 + len(peers) + bool(peers)


def test_everything_is_measured(tmp_path: Path) -> None:
    check(tmp_path, {})


def test_beside_pyradiomics(tmp_path: Path, radiomics: ModuleType) -> None:
    check(tmp_path, {"pyradiomics": Path(sys.executable)})
