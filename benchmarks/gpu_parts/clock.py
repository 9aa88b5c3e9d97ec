"""How long work takes on the device itself, without the time that it waits there for this machine to ask for it.

An event passes at once on an idle device, and a launch takes this machine longer than many a kernel. So the device is
held until all of the work has been asked for; where that was not long enough, or the work itself waits for the device,
what comes out says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

Untyped = Any
"""CuPy, and what it gives."""
SOURCE = Path(__file__).with_name("hold.cu")
LATE = "of the runs waited for this machine"
"""The unit of the share of runs whose time is also this machine's."""


@dataclass(frozen=True)
class Took:
    """Seconds on the device, and the share of what they were taken of that waited for this machine."""

    seconds: float
    late: float

    @property
    def told(self) -> dict[str, float]:
        """What a reader should know: nothing where the seconds are the device's alone."""
        return {LATE: self.late} if self.late else {}


@dataclass(frozen=True)
class Interval:
    """Some work between two events of the device. late: it passed the first before all of the work was asked for."""

    cuda: Untyped
    begin: Untyped
    end: Untyped
    late: bool

    def took(self) -> Took:
        """What it took, when it is done."""
        self.end.synchronize()
        return Took(float(self.cuda.get_elapsed_time(self.begin, self.end)) / 1e3, float(self.late))


def interval(cupy: Untyped, work: Callable[[], object], hold_s: float) -> Interval:
    """Ask for some work while the device is held for so many seconds."""
    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    _hold(cupy)((1,), (1,), (np.int64(1e9 * hold_s),))
    begin.record()
    work()
    late = bool(begin.done)
    end.record()
    return Interval(cupy.cuda, begin, end, late)


def typical(runs: Sequence[Took]) -> Took:
    """The median seconds of several runs."""
    return Took(median(run.seconds for run in runs), mean(run.late for run in runs))


@cache
def _hold(cupy: Untyped) -> Untyped:
    return cupy.RawKernel(SOURCE.read_text(encoding="utf-8"), "hold", options=("--std=c++17",))
