"""What issue and README promise of a GPU, an H100 in one process, and whether it was met in this run."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from bounds import Bound, told
from gpu_parts import cases, others, regions, volumes
from gpu_parts.bench import FULL, Figures, Row
from gpu_parts.floors import TIMES
from gpu_parts.images import VOLUMES, Work

Found = Mapping[tuple[str, str], Figures]
"""Figures by part and name of a row."""
SMALL, LARGE = 10_000, 1_000_000
"""Voxels of regions that targets are about."""
MANY = max(FULL.batches[SMALL])
"""Regions of such a batch that keeps a device busy."""
Target = Bound[Found]


def _rate(kind: str) -> Callable[[Found], float]:
    return lambda found: regions.fastest(found, kind, SMALL)


def _times_faster(tool: str) -> Callable[[Found], float]:
    ours, theirs = (("others", others.what(name, SMALL)) for name in (others.OURS, tool))
    return lambda found: found[ours][others.RATE] / found[theirs][others.RATE]


def _times_the_floor(work: Work) -> Callable[[Found], float]:
    def times(found: Found) -> float:
        figures = found["volumes", volumes.what(work, FULL.volume)]
        return figures[next((unit for unit in figures if unit.startswith(TIMES)), TIMES)]

    return times


def _large_ms(found: Found) -> float:
    return found["regions", regions.what(regions.COUNTED, LARGE, 1)]["ms"]


def _launching(found: Found) -> float:
    return found["regions", regions.what(regions.LAUNCHED, SMALL, MANY)][regions.SHARE]


def _filtered_ms(found: Found) -> float:
    *_, images = cases.SETTINGS
    return found["cases", cases.what("gpu", images, FULL.cases, FULL.case_voxels)][cases.EACH]


TARGETS: Sequence[Target] = (
    Target(f"{SMALL:,} voxels: regions/s, all texture counts and sums", _rate(regions.SUMMED), least=50_000),
    Target(f"{SMALL:,} voxels: regions/s, all texture features but MCC", _rate(regions.MEASURED), least=10_000),
    *(Target(f"{SMALL:,} voxels: times faster than {tool}", _times_faster(tool), least=10) for tool in others.ADAPTERS),
    Target(f"{LARGE:,} voxels: ms for texture counts of one region", _large_ms, most=1),
    Target(f"{MANY} × {SMALL:,} voxels: launching, part of the device's time, or a graph pays", _launching, most=0.1),
    Target(f"{FULL.case_voxels:,} voxels: ms for original, 8 wavelet and 3 LoG in a batch", _filtered_ms, most=15),
    *(Target(f"{volumes.what(one, FULL.volume)}: times the floor", _times_the_floor(one), most=3) for one in VOLUMES),
)


def verdicts(rows: Iterable[Row]) -> list[str]:
    """A line for every target: met, missed, or not measured; and one for all comparisons with the CPU."""
    every = list(rows)
    found = {(row.part, row.what): row.figures for row in every}
    return [*(target.verdict(found) for target in TARGETS), _comparisons(every)]


def _comparisons(rows: Sequence[Row]) -> str:
    equal = sum("arrays equal" in row.figures for row in rows)
    failed = sum(row.failed for row in rows)
    if not equal and not failed:
        return f"{told()}nothing was compared with the CPU"
    return f"{told(met=not failed)}equal to the CPU's in {equal} comparisons; {failed} rows failed"
