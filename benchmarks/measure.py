"""Measures one tool on one workload, in the tool's own environment: started by `run.py`, one process per tool.

    python measure.py ADAPTER FUNCTION WARM_UP_FOLDER WORKLOAD_FOLDER BUDGET_S MEMORY_LIMIT_BYTES

It prepares everything, says so in a line of JSON, and then answers every line of its input with a turn: passes over all
cases, their CPU and wall seconds as a line of JSON. What is measured, exactly:

- seconds: of a pass, for each case, without the adapter's preparation; CPU seconds are those of all threads.
  A turn repeats a pass until a tenth of a second has gone, and is the median of its passes.
- before the first turn, a small region is measured once, then the workload; neither counts. A first pass that takes
  more than a third of the budget does count: there is no time for many.
- a first pass that has used a quarter of the budget ends there: later passes go over as many cases; the result says
  how many.
- peak memory: the highest resident memory of the process during all passes over the workload, less its resident
  memory before the first, with the workload prepared, the small region measured, and freed memory given back to the
  system. Linux only, else null.
"""

import contextlib
import ctypes
import gc
import importlib
import importlib.metadata
import json
import math
import os
import platform
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import numpy as np

from workloads import load

ENOUGH_S, MOST_PASSES = 0.1, 20
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

Call = Callable[[], object]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Pass:
    """CPU and wall seconds for each case, how many cases there were time for, and the result of the last."""

    cpu_s: float
    wall_s: float
    cases: int
    result: object

    @property
    def spent_s(self) -> float:
        """Wall seconds of the whole pass."""
        return self.wall_s * self.cases


def measure_pass(calls: Sequence[Call], limit_s: float = math.inf) -> Pass:
    """Every call once, in turn; after limit_s seconds no other is begun."""
    wall, cpu, done, result = time.perf_counter(), time.process_time(), 0, None
    for call in calls:
        result = call()
        done += 1
        if time.perf_counter() - wall > limit_s:
            break
    return Pass((time.process_time() - cpu) / done, (time.perf_counter() - wall) / done, done, result)


def measure_turn(calls: Sequence[Call]) -> Answer:
    """Passes until a tenth of a second has gone: their median."""
    passes: list[Pass] = []
    while len(passes) < MOST_PASSES and sum(one.spent_s for one in passes) < ENOUGH_S:
        passes.append(measure_pass(calls))
    return summary(passes)


def summary(passes: Sequence[Pass]) -> Answer:
    """The median of passes, how many they are, and the wall seconds that they took together."""
    return {
        "cpu_s": statistics.median(one.cpu_s for one in passes),
        "wall_s": statistics.median(one.wall_s for one in passes),
        "passes": len(passes),
        "spent_s": sum(one.spent_s for one in passes),
    }


class Tool:
    """One adapter and its prepared cases."""

    def __init__(self, adapter: str, function: str) -> None:
        self.module: ModuleType = importlib.import_module(f"peers.{adapter}")
        self.prepare: Callable[[object], Call] = getattr(self.module, function)

    def calls(self, folder: Path) -> list[Call]:
        """The prepared cases of a workload."""
        return [self.prepare(case) for case in load(folder)]

    def features(self, result: object) -> Mapping[str, float]:
        """The features in a result."""
        found: Mapping[str, float] = self.module.features(result)
        return found

    def versions(self) -> dict[str, str]:
        """Of the tool, and of what it runs on."""
        version = importlib.metadata.version(self.module.PACKAGE)
        return {"version": version, "python": platform.python_version(), "numpy": np.__version__}


@dataclass(frozen=True)
class Session:
    """A workload that is prepared and warm."""

    calls: Sequence[Call]
    resident: int | None
    begun: Answer

    def turn(self) -> Answer:
        """Measure once more."""
        return {**measure_turn(self.calls), "peak_bytes": peak_bytes(self.resident)}


def begin(tool: Tool, warm_up: Path, workload: Path, budget_s: float) -> Session:
    """Prepare and warm up, and count the features that come out."""
    for call in tool.calls(warm_up):
        call()
    calls = tool.calls(workload)
    resident = resident_bytes()
    first = measure_pass(calls, budget_s / 4)
    values = tool.features(first.result).values()
    begun = {
        **tool.versions(),
        "cases": first.cases,
        "features": len(values),
        "finite": sum(math.isfinite(value) for value in values),
        "first": {**summary([first]), "peak_bytes": peak_bytes(resident)},
        "first_counts": first.spent_s > budget_s / 3,
    }
    return Session(calls[: first.cases], resident, begun)


def resident_bytes() -> int | None:
    """The resident memory now, from where on the peak is watched; None where the system does not tell.

    What the C library keeps of freed memory is given back first: what is taken from there would not be seen.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        CLEAR.write_text("5")
        return _status("VmRSS")
    return None


def peak_bytes(resident: int | None) -> int | None:
    """The highest resident memory since `resident_bytes`, less what it was then."""
    return None if resident is None else _status("VmHWM") - resident


def _status(name: str) -> int:
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


def main() -> None:
    """Answer on what was standard output; anything that a tool prints goes to standard error."""
    adapter, function, warm_up, workload, budget, limit = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        limit_memory(int(limit))
        session = begin(Tool(adapter, function), Path(warm_up), Path(workload), float(budget))
        _say(answers, session.begun)
        for _ in sys.stdin:
            _say(answers, session.turn())
    except Exception as error:
        traceback.print_exc()
        _say(answers, {"error": f"{type(error).__name__}: {error}"})


def limit_memory(size: int) -> None:
    """Let an allocation beyond so many bytes fail, where the system can: it must not take the machine with it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _say(answers: TextIO, answer: Answer) -> None:
    print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
