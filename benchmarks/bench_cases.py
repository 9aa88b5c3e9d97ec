"""PyRadiomics' test cases in memory: our extraction beside PyRadiomics' `execute()`, in one process, in turn.

Run with `python benchmarks/bench_cases.py`; `--record` keeps the result in `benchmarks/records/`. Needs PyRadiomics
and VOXMILL_REFERENCE_DATA. As a test it runs each case once and asks for the one ratio that is promised.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import voxmill as vm

CASES = ("brain1", "breast1", "lung1")
SETTING: dict[str, Any] = {"binWidth": 25, "additionalInfo": False}
RECORDS = Path(__file__).parent / "records"


@dataclass(frozen=True)
class Timing:
    """Median CPU seconds of one extraction, ours and PyRadiomics', and their ratio."""

    case: str
    voxels: int
    voxmill_s: float
    pyradiomics_s: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.pyradiomics_s / self.voxmill_s


def time_case(radiomics: ModuleType, folder: Path, case: str, *, repeats: int) -> Timing:
    """Both tools on one case whose image and mask are in memory, after one call of each that does not count.

    Ours starts from arrays, box search and checks included, so that nothing hides in the preparation.
    """
    image, mask = (sitk.ReadImage(folder / f"{case}_{kind}.nrrd") for kind in ("image", "label"))
    voxels, labels = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask)
    extractor = radiomics.featureextractor.RadiomicsFeatureExtractor(**SETTING)
    settings = vm.Settings.from_pyradiomics({"setting": SETTING})

    def ours() -> vm.Table:
        volume = vm.Volume(voxels, spacing=image.GetSpacing())
        return vm.extract(volume, vm.Mask(labels, volume.grid), settings=settings)

    with np.errstate(all="ignore"):
        seconds = _in_turn(ours, lambda: extractor.execute(image, mask), repeats=repeats)
    return Timing(case, int((labels == 1).sum()), *seconds)


def _in_turn(one: Callable[[], object], other: Callable[[], object], *, repeats: int) -> tuple[float, float]:
    measured: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats + 1):
        for call, seconds in zip((one, other), measured, strict=True):
            start = time.process_time()
            call()
            seconds.append(time.process_time() - start)
    first, second = (statistics.median(seconds[1:]) for seconds in measured)
    return first, second


def surroundings(radiomics: ModuleType) -> dict[str, Any]:
    """What a figure depends on: date, commit, machine, load, versions."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=RECORDS, check=False)
    model = [line.split(": ")[1] for line in _cpu_lines() if line.startswith("model name")]
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "machine": f"{model[0] if model else platform.processor()}, {os.cpu_count()} cores",
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyradiomics": radiomics.__version__,
        "voxmill": vm.__version__,
    }


def _cpu_lines() -> list[str]:
    info = Path("/proc/cpuinfo")
    return info.read_text().splitlines() if info.exists() else []


def test_cases(reference_data: Path, radiomics: ModuleType) -> None:
    timings = {case: time_case(radiomics, reference_data / "pyradiomics", case, repeats=1) for case in CASES}
    assert timings["lung1"].ratio > 20


def main() -> None:
    """Measure, print, and record when asked to."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=7)
    arguments.add_argument("--record", action="store_true", help="keep the result in benchmarks/records/")
    options = arguments.parse_args()
    folder = os.environ.get("VOXMILL_REFERENCE_DATA")
    if not folder:
        sys.exit("VOXMILL_REFERENCE_DATA must name the folder of public reference data")
    radiomics = pytest.importorskip("radiomics")
    pytest.importorskip("radiomics.featureextractor")
    radiomics.setVerbosity(60)
    record = surroundings(radiomics)
    timings = [time_case(radiomics, Path(folder) / "pyradiomics", case, repeats=options.repeats) for case in CASES]
    print(f"{'case':10}{'voxels':>8}{'voxmill ms':>12}{'PyRadiomics ms':>16}{'ratio':>8}")
    for t in timings:
        print(f"{t.case:10}{t.voxels:8}{t.voxmill_s * 1e3:12.2f}{t.pyradiomics_s * 1e3:16.1f}{t.ratio:8.0f}")
    if options.record:
        path = RECORDS / f"cases-{record['date']}.json"
        path.write_text(json.dumps({**record, "timings": [{**asdict(t), "ratio": t.ratio} for t in timings]}, indent=1))
        print(f"recorded in {path.relative_to(RECORDS.parent.parent)}")


if __name__ == "__main__":
    main()
