"""What is measured with: a device, its clock, how large everything is; and the rows that come out."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gpu_parts.clock import Took, interval, typical
from records import load
from voxmill_kernels.device import Device
from workloads import CT, Shape

Figures = dict[str, float]
"""Numbers by what stands behind them: {"ms": 1.2}."""
Untyped = Any
"""CuPy, and what it gives."""
LEAST_HELD_S, MOST_HELD_S = 2e-3, 0.1
"""How long a device is held while this machine asks for work."""
WHOLE = "the whole part"
"""The last row of each part."""
LARGE: Mapping[int, tuple[int, ...]] = {
    1_000: (1, 64, 4096),
    10_000: (1, 64, 2048),
    100_000: (1, 16, 256),
    1_000_000: (1, 4, 16),
}


@dataclass(frozen=True)
class Sizes:
    """How large workloads are, and how often each is repeated.

    batches: how many regions are counted at once, by the voxels of a region. compared: the shape of images that are
    compared with the CPU's. image: of those that kernels are measured with. volume: of whole volumes. case_voxels,
    cases: of regions that are measured from end to end, and how many. copied: bytes of the copy that measures memory.
    rounds: what each thread does in the measurement of arithmetic. random: how many batches are drawn for the
    comparison with the CPU. warm_s: seconds for which work is repeated before it is measured, as clocks are slow when
    a device has nothing to do.
    """

    repeats: int = 21
    batches: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: LARGE)
    compared: Shape = (33, 40, 37)
    image: Shape = (150, 256, 256)
    volume: Shape = CT
    case_voxels: int = 100_000
    cases: int = 16
    copied: int = 1 << 30
    rounds: int = 4096
    random: int = 40
    warm_s: float = 0.3


FULL = Sizes()
QUICK = Sizes(
    repeats=1,
    batches={60: (1, 3)},
    compared=(5, 6, 7),
    image=(5, 6, 7),
    volume=(6, 9, 8),
    case_voxels=400,
    cases=2,
    copied=1 << 12,
    rounds=4,
    random=2,
    warm_s=0.0,
)


@dataclass(frozen=True)
class Row:
    """One line of the table. note: what a reader should know. failed: it says there why this is no measurement."""

    part: str
    what: str
    figures: Figures = field(default_factory=dict)
    note: str = ""
    failed: bool = False

    def __str__(self) -> str:
        numbers = "  ".join(f"{_short(value)} {unit}" for unit, value in self.figures.items())
        told = f"{'FAILED: ' if self.failed else ''}{self.note}"
        return "  ".join(filter(None, [f"{self.part:8}", f"{self.what:56}", numbers, told])).rstrip()


def _short(value: float) -> str:
    """Four digits or so."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


@dataclass(frozen=True, eq=False)
class Bench:
    """A device, CuPy's module, sizes, and how many threads of the CPU compute features."""

    device: Device
    cupy: Untyped
    sizes: Sizes
    threads: int

    def on_device(self, work: Callable[[], object]) -> Took:
        """The median seconds that some work takes on the device, which was done before."""
        hold_s = min(max(LEAST_HELD_S, 2 * self.warm(work)), MOST_HELD_S)
        return typical([interval(self.cupy, work, hold_s).took() for _ in range(self.sizes.repeats)])

    def elapsed_s(self, work: Callable[[], object]) -> float:
        """The median seconds of the clock for some work that ends on this machine, and was done before."""
        self.warm(work)
        return statistics.median(once_s(work) for _ in range(min(self.sizes.repeats, 7)))

    def warm(self, work: Callable[[], object]) -> float:
        """Do some work until clocks are fast; the fewest seconds of the clock that it took to ask for it."""
        fewest = once_s(work)
        until = time.perf_counter() + self.sizes.warm_s
        while time.perf_counter() < until:
            self.device.finish()
            fewest = min(fewest, once_s(work))
        self.device.finish()
        return fewest


def once_s(work: Callable[[], object]) -> float:
    """Seconds of the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def attempt(part: str, what: str, work: Callable[[], Figures]) -> Row:
    """The row of a measurement; one that fails, or whose library is not installed, says so."""
    try:
        return Row(part, what, work())
    except ImportError as error:
        return Row(part, what, note=f"not measured: {error.name} is not installed")
    except Exception as error:
        return Row(part, what, note=f"{type(error).__name__}: {error}", failed=True)


def compared(part: str, what: str, found: Callable[[], object], expected: Callable[[], object]) -> Row:
    """The row of a comparison: how many arrays two results hold, and that all are the same to the last bit."""
    from gpu_parts.same import differing

    def work() -> Figures:
        arrays, apart = differing(found(), expected())
        if apart:
            raise AssertionError(f"{len(apart)} of {arrays} arrays differ from the CPU's; the first: {apart[0]}")
        return {"arrays equal": arrays}

    return attempt(part, what, work)


def all_rows(parts: Mapping[str, Callable[[Bench], Iterator[Row]]], bench: Bench) -> Iterator[Row]:
    """The rows of some parts, as they come, and how long each took; a part that cannot even begin is a row."""
    for name, part in parts.items():
        began, note = time.perf_counter(), f"from {datetime.now(tz=UTC).isoformat(timespec='seconds')}, load {load()}"
        try:
            yield from part(bench)
        except Exception as error:
            yield Row(name, "the rest of this part", note=f"{type(error).__name__}: {error}", failed=True)
        yield Row(name, WHOLE, {"s": time.perf_counter() - began}, note)
        bench.device.release()
