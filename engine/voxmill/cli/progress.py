"""How far a run of many cases is: a bar on a terminal, elsewhere a line now and then, or lines of JSON."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from voxmill.cli.streams import tell

if TYPE_CHECKING:
    from rich.console import Console

    from voxmill.runs.runner import Progress

EVERY_S = 60.0
"""Between two lines of progress."""
EVERY_JSON_S = 5.0
"""Between two that a program reads."""
MINUTE = 60


@dataclass
class Meter:
    """How fast cases end. `cases`: how many there are, None while nobody knows."""

    cases: int | None = None
    began: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)

    def begin(self, cases: int) -> None:
        """Cases begin now."""
        self.cases, self.began = cases, time.monotonic()

    def rate(self, progress: "Progress") -> float:
        """Cases per minute since then."""
        return (progress.done + progress.failed) / max(1e-3, time.monotonic() - self.began) * MINUTE

    def left_s(self, progress: "Progress") -> float | None:
        """Seconds that the rest will take at this rate; None while nobody knows."""
        rate = self.rate(progress)
        if self.cases is None or not rate:
            return None
        return max(0, self.cases - progress.done - progress.failed - progress.before) / rate * MINUTE

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to tell again, so many seconds after the last time; if so, that is now."""
        now = time.monotonic()
        if now - self.told < seconds:
            return False
        self.told = now
        return True


Heard = tuple[Callable[[int], None], Callable[["Progress"], None]]


@contextmanager
def progress_shown(doing: str, done: str, *, as_json: bool = False) -> Iterator[Heard]:
    """Show how far a run is while inside; gives what hears how many cases there are, and of each that has ended.

    doing, done: what happens to cases, in two words: measuring, measured. No name of a case is told, nor any path.
    """
    from rich.console import Console

    console, meter = Console(stderr=True), Meter()
    if as_json:
        yield meter.begin, lambda progress: _as_json(meter, progress)
    elif console.is_terminal:
        with _bar(console, doing) as heard:
            yield heard
    else:
        yield meter.begin, lambda progress: _plainly(meter, progress, done)


@contextmanager
def _bar(console: "Console", doing: str) -> Iterator[Heard]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    meter = Meter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(doing, total=None)

        def begin(cases: int) -> None:
            meter.begin(cases)
            bar.update(task, total=cases)

        def hear(progress: "Progress") -> None:
            failed = f", {progress.failed} failed" if progress.failed else ""
            rate = f", {meter.rate(progress):.0f}/min"
            completed = progress.done + progress.failed + progress.before
            bar.update(task, completed=completed, description=f"{doing}{failed}{rate}")

        yield begin, hear


def _plainly(meter: Meter, progress: "Progress", done: str) -> None:
    if meter.is_due(EVERY_S):
        left = meter.left_s(progress)
        rest = "" if left is None else f", {left / MINUTE:.0f} min left"
        tell(f"{progress.done} {done}, {progress.failed} failed, {meter.rate(progress):.1f} per minute{rest}")


def _as_json(meter: Meter, progress: "Progress") -> None:
    if meter.is_due(EVERY_JSON_S):
        left = meter.left_s(progress)
        log_json(
            "progress",
            cases=meter.cases,
            done=progress.done,
            failed=progress.failed,
            before=progress.before,
            per_minute=round(meter.rate(progress), 3),
            left_s=None if left is None else round(left),
        )


def log_json(event: str, **values: object) -> None:
    """A line of JSON on standard error: what happened, when, and what is to be said of it."""
    with suppress(OSError):
        sys.stderr.write(json.dumps({"time": datetime.now(UTC).isoformat(), "event": event, **values}) + "\n")
        sys.stderr.flush()
