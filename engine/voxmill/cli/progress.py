"""How far a run of many cases is: a bar on a terminal, elsewhere a line now and then, or lines of JSON."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from voxmill.cli.streams import tell

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from voxmill.runs.cluster import Workers
    from voxmill.runs.runner import Progress

EVERY_S = 60.0
"""Between two lines of progress."""
EVERY_JSON_S = 5.0
"""Between two that a program reads."""
MINUTE = 60
BAR_WIDTH = 10


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
        return progress.ended / max(1e-3, time.monotonic() - self.began) * MINUTE

    def left_s(self, progress: "Progress") -> float | None:
        """Seconds that the rest will take at this rate; None while nobody knows."""
        rate = self.rate(progress)
        if self.cases is None or not rate:
            return None
        return max(0, self.cases - progress.ended - progress.before) / rate * MINUTE

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to tell again, so many seconds after the last time; if so, that is now."""
        now = time.monotonic()
        if now - self.told < seconds:
            return False
        self.told = now
        return True


@dataclass(frozen=True)
class Words:
    """What happens to cases: `doing` (measuring) and `done` (measured)."""

    doing: str
    done: str


class Shown(Protocol):
    """What shows how far a run is; it tells no name of a case, nor any path."""

    def find(self) -> None:
        """Cases are being looked for."""

    def begin(self, cases: int, starting: str = "") -> None:
        """So many cases begin; `starting`: what has to be done before, in words, where that takes a while."""

    def hear(self, progress: "Progress") -> None:
        """So far it is."""


class Bar:
    """On a terminal."""

    def __init__(self, words: Words, bar: "RichProgress") -> None:
        self._words, self._bar, self._meter = words, bar, Meter()
        self._task = bar.add_task(words.doing, total=None)

    def find(self) -> None:
        """Cases are being looked for."""
        self._bar.update(self._task, description="looking for cases")

    def begin(self, cases: int, starting: str = "") -> None:
        """So many cases begin."""
        self._meter.begin(cases)
        self._bar.update(self._task, total=cases, description=starting or self._words.doing)

    def hear(self, progress: "Progress") -> None:
        """So far it is; until a case has ended, what is being started."""
        self._bar.update(self._task, completed=progress.ended + progress.before)
        if progress.ended:
            failed = f", {progress.failed} failed" if progress.failed else ""
            at_work = f", {_at_work(progress.workers)}" if progress.workers else ""
            rate = f"{self._meter.rate(progress):.0f}/min"
            self._bar.update(self._task, description=f"{self._words.doing}{failed}, {rate}{at_work}")


class Lines:
    """For people who read it later."""

    def __init__(self, words: Words) -> None:
        self._words, self._meter = words, Meter()

    def find(self) -> None:
        """Cases are being looked for."""
        tell("looking for cases")

    def begin(self, cases: int, starting: str = "") -> None:
        """So many cases begin; nothing is told of what begins at once."""
        from voxmill.errors import counted

        self._meter.begin(cases)
        if starting:
            tell(f"{counted(cases, 'case')}; {starting}")

    def hear(self, progress: "Progress") -> None:
        """So far it is."""
        if self._meter.is_due(EVERY_S):
            left = self._meter.left_s(progress)
            rest = "" if left is None else f", {duration(left)} left"
            at_work = f"; {_at_work(progress.workers)}" if progress.workers else ""
            rate = f"{self._meter.rate(progress):.1f} per minute"
            tell(f"{progress.done} {self._words.done}, {progress.failed} failed, {rate}{rest}{at_work}")


class Json:
    """For programs."""

    def __init__(self) -> None:
        self._meter = Meter()

    def find(self) -> None:
        """Cases are being looked for: the event `start` has said so."""

    def begin(self, cases: int, starting: str = "") -> None:
        """So many cases begin."""
        self._meter.begin(cases)
        log_json("begin", cases=cases)

    def hear(self, progress: "Progress") -> None:
        """So far it is."""
        if self._meter.is_due(EVERY_JSON_S):
            left, workers = self._meter.left_s(progress), progress.workers
            log_json(
                "progress",
                cases=self._meter.cases,
                **progress.counts,
                per_minute=round(self._meter.rate(progress), 3),
                left_s=None if left is None else round(left),
                workers=None if workers is None else workers.count,
                busy=None if workers is None else workers.busy,
            )


@contextmanager
def progress_shown(words: Words, *, as_json: bool = False) -> Iterator[Shown]:
    """Show how far a run is while inside, and warnings in the same form."""
    if as_json:
        with _warnings(lambda text: log_json("warning", text=text)):
            yield Json()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console = Console(stderr=True)
    words_column = TextColumn(
        "{task.description}", table_column=Column(ratio=1, no_wrap=True)
    )  # has what room there is
    columns = (BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeRemainingColumn(), words_column)
    bar = Progress(*columns, console=console, transient=True, expand=True) if console.is_terminal else None
    with bar or nullcontext(), _warnings(tell):
        yield Bar(words, bar) if bar else Lines(words)


@contextmanager
def _warnings(tell_one: Callable[[str], None]) -> Iterator[None]:
    """While inside, what Voxmill warns of is told."""
    handler, logger = _Warnings(tell_one), logging.getLogger("voxmill")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Warnings(logging.Handler):
    """What logs are told by."""

    def __init__(self, tell_one: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell_one = tell_one

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of it."""
        self._tell_one(record.getMessage())


def _at_work(workers: "Workers") -> str:
    from voxmill.errors import counted

    return f"{workers.busy} of {counted(workers.count, 'worker')} busy" if workers.count else "no worker yet"


def duration(seconds: float) -> str:
    """A time for people."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < 2 * MINUTE else f"{minutes // MINUTE} h {minutes % MINUTE} min"


def log_json(event: str, **values: object) -> None:
    """A line of JSON on standard error: what happened, when, and what is to be said of it."""
    with suppress(OSError):
        sys.stderr.write(json.dumps({"time": datetime.now(UTC).isoformat(), "event": event, **values}) + "\n")
        sys.stderr.flush()
