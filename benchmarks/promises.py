"""What is promised of speed and memory, as a table, and whether a record keeps it."""

from collections.abc import Callable, Sequence

from bounds import Bound
from records import Record
from table import Result, results_of
from tools import OURS, PREPARED
from workloads import WORKLOADS

Results = dict[tuple[str, str], Result]
Promise = Bound[Results]


def _faster(workload: str, tool: str) -> Callable[[Results], float]:
    return lambda found: found[workload, tool]["cpu_s"] / found[workload, OURS]["cpu_s"]


def _longer(workload: str, other: str) -> Callable[[Results], float]:
    """With the box known: its search reads the whole mask, at the speed of memory."""
    return lambda found: found[workload, PREPARED]["cpu_s"] / found[other, PREPARED]["cpu_s"]


def _megabytes(workload: str) -> Callable[[Results], float]:
    return lambda found: found[workload, OURS]["peak_bytes"] / 1e6


def _longer_per_voxel(workload: str, other: str) -> Callable[[Results], float]:
    voxels = float(workload) / float(other)
    return lambda found: _longer(workload, other)(found) / voxels


PROMISES: Sequence[Promise] = (
    *(
        Promise(f"{workload}: times faster than pictologics", _faster(workload, "pictologics"), least=least)
        for workload, least in {
            **dict.fromkeys(WORKLOADS, 1.0),
            "brain1": 2.0,
            "1e5": 2.0,
            "1e6": 1.7,
            "1e5-filtered": 1.5,
        }.items()
    ),
    Promise("brain1: times faster than PyRadiomics", _faster("brain1", "pyradiomics"), least=70),
    Promise("lung1: times faster than PyRadiomics", _faster("lung1", "pyradiomics"), least=20),
    Promise("lung1-filtered: times faster than PyRadiomics", _faster("lung1-filtered", "pyradiomics"), least=20),
    Promise("1e5-filtered: times faster than PyRadiomics", _faster("1e5-filtered", "pyradiomics"), least=150),
    Promise("1e6: MB at the peak", _megabytes("1e6"), most=600),
    Promise("1e5-filtered: MB at the peak", _megabytes("1e5-filtered"), most=400),
    *(
        Promise(f"{one} in a volume ten times as large, its box known: times longer", _longer(one, tenth), most=1.2)
        for one, tenth in (("1e5", "1e5-tenth"), ("1e5-filtered", "1e5-tenth-filtered"))
    ),
    *(
        Promise(f"{many} beside 1e4: times longer per voxel", _longer_per_voxel(many, "1e4"), most=2)
        for many in ("1e5", "1e6", "5e6")
    ),
)


def verdicts(record: Record) -> list[str]:
    """A line for every promise: met, missed, or not measured."""
    found = results_of(record)
    return [promise.verdict(found) for promise in PROMISES]
