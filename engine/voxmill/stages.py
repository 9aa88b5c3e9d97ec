"""Where time goes: seconds and memory of the stages of an extraction, noted only while somebody asks.

find: the box of every label, union and component. facts: what must be known of a whole image. prepare: the box of the
image as the steps make it. filters: that of every filtered image. crop: a region out of its box. levels: intensities
and grey levels.
count: the texture matrices. sums: of the matrices. features: the formulas. shape: mesh, diameters and axes.
"""

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

STAGES = ("find", "facts", "prepare", "filters", "crop", "levels", "count", "sums", "features", "shape")

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass
class Stages:
    """Seconds and, where memory is watched, the most bytes that were allocated at once, by stage."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    peak_bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, name: str, seconds: float, allocated: int) -> None:
        """Add to a stage, from any thread."""
        with self.lock:
            self.seconds[name] += seconds
            self.peak_bytes[name] = max(self.peak_bytes[name], allocated)


_WATCHED: ContextVar[Stages | None] = ContextVar("voxmill_stages", default=None)


@contextmanager
def watch_stages() -> Iterator[Stages]:
    """Note the stages of all that is called within, in this thread and in threads that copy its context.

    Bytes are noted when tracemalloc is on, which makes everything slower.
    """
    stages = Stages()
    token = _WATCHED.set(stages)
    try:
        yield stages
    finally:
        _WATCHED.reset(token)


def stage(name: str) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """A function whose time counts for a stage, when stages are watched."""

    def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(function)
        def counted(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            watched = _WATCHED.get()
            if watched is None:
                return function(*args, **kwargs)
            return _noted(watched, name, lambda: function(*args, **kwargs))

        return counted

    return decorate


def _noted(stages: Stages, name: str, call: Callable[[], Result]) -> Result:
    before = 0
    if tracemalloc.is_tracing():
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
    start = time.perf_counter()
    try:
        return call()
    finally:
        seconds = time.perf_counter() - start
        allocated = tracemalloc.get_traced_memory()[1] - before if tracemalloc.is_tracing() else 0
        stages.note(name, seconds, allocated)
