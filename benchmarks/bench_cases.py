"""The one promise of speed that runs with the tests: lung1, in memory, 20 times faster than PyRadiomics."""

import statistics
from pathlib import Path
from types import ModuleType

from measure import measure_turn
from workloads import reference

AT_LEAST = 20


def test_lung1_is_20_times_faster_than_pyradiomics(reference_data: Path, radiomics: ModuleType) -> None:
    from peers import pyradiomics, voxmill

    case = reference("lung1")
    ours, theirs = [voxmill.bare_arrays(case)], [pyradiomics.features_only(case)]
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(4):
        seconds["ours"].append(measure_turn(ours)["cpu_s"])
        seconds["theirs"].append(measure_turn(theirs)["cpu_s"])
    first, second = (statistics.median(times[1:]) for times in (seconds["ours"], seconds["theirs"]))
    assert second > AT_LEAST * first
