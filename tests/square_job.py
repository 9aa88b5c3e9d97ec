"""A job for the tests of runs, where other processes can import it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxmill.errors import InputError
from voxmill.passing import Unreachable
from voxmill.runs.records import Record

HANG, HOG = 1000, 1001
LOADED: list[int] = []
"""Cases whose libraries are loaded in this process."""
LOADING = threading.Lock()
"""Held while libraries are loaded in this process."""
UNDER_WAY: set[int] = set()
"""Cases that are done in this process now."""
WRECKED = threading.Event()
"""Set when something in this process is broken for all."""


@dataclass(frozen=True)
class Numbers:
    """Squares numbers, each in so many seconds; some cannot be squared; HANG and HOG take too much time and memory."""

    seconds: float = 0

    def key(self, case: int) -> str:
        return f"{case:06}"

    def name(self, case: int) -> str:
        return f"number {case}"

    def known(self, case: int) -> Mapping[str, Any]:
        return {"number": case}

    def load(self, case: int) -> None:
        pass

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        enter("square")
        time.sleep(self.seconds)
        fate = {3: InputError("3 cannot be squared"), 5: ZeroDivisionError("secret name"), 7: MemoryError()}
        if case in fate:
            raise fate[case]
        if case == 11:
            os.kill(os.getpid(), signal.SIGKILL)
        if case == HANG:
            time.sleep(3600)
        if case == HOG:
            _ = [bytearray(2**24) for _ in range(40)]
            time.sleep(3600)
        return {"square": case * case, "share": case / 7}


@dataclass(frozen=True)
class Flaky:
    """Fails the first time, for what may pass, or hangs."""

    folder: Path
    hangs: bool = False

    def key(self, case: int) -> str:
        return f"{case:06}"

    def name(self, case: int) -> str:
        return f"number {case}"

    def known(self, case: int) -> Mapping[str, Any]:
        return {}

    def load(self, case: int) -> None:
        pass

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        tried = self.folder / str(case)
        if not tried.exists():
            tried.touch()
            time.sleep(3600 if self.hangs else 0)
            raise Unreachable("not yet")
        return {"number": case}


@dataclass(frozen=True)
class Meeting(Flaky):
    """Fails the first time, for what may pass, and the second time unless another case is tried again beside it."""

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        time.sleep(0.2)  # so that no two cases share a task
        if not (self.folder / str(case)).exists():
            return super().do(case, enter)
        (self.folder / f"{case} again").touch()
        until = time.monotonic() + 20
        while len(list(self.folder.glob("* again"))) < 2:
            if time.monotonic() > until:
                raise InputError("no other case came")
            time.sleep(0.05)
        return {"number": case}


@dataclass(frozen=True)
class MeetingApart(Meeting):
    """Has its process broken the first time, with a GPU, and then waits for another that is tried again beside it."""

    resources: tuple[str, ...] = ("GPU",)

    def spends(self, record: Record) -> bool:
        return bool(record.result.get("broken"))

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        try:
            return super().do(case, enter)
        except Unreachable:
            return {"number": case, "broken": True}


@dataclass(frozen=True)
class SlowToLoad(Numbers):
    """Takes so many seconds to be loaded, as one does that needs large libraries."""

    def load(self, case: int) -> None:
        time.sleep(self.seconds)
        LOADED.append(case)

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        if case not in LOADED:
            raise InputError("what does it was not loaded")
        return {}


@dataclass(frozen=True)
class Where(Numbers):
    """Says which GPUs its process sees; with some, it may kill it, as a broken driver does."""

    resources: tuple[str, ...] = ("CPU",)
    dies_on_gpu: bool = False
    breaks_at: int = -1

    def spends(self, record: Record) -> bool:
        return bool(record.result.get("broken"))

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        time.sleep(self.seconds)
        visible = os.environ["CUDA_VISIBLE_DEVICES"]
        if visible and self.dies_on_gpu:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"visible": visible, "pid": os.getpid(), "broken": case == self.breaks_at}


@dataclass(frozen=True)
class Together(Where):
    """Where a GPU is seen, cases but the first begin when so many are under way, once; then come the fates of some.

    One dies, ends its thread, hangs (or lingers: the first time), hogs memory, breaks its process for itself, wrecks it
    for all that are there, or misses something the second time. The others take `seconds`, the first time they begin.
    folder: where is noted that they have met, and what has been tried.
    """

    folder: Path = Path()
    crowd: int = 8
    fates: Mapping[int, str] = field(default_factory=dict)

    def load(self, case: int) -> None:
        if not LOADING.acquire(blocking=False):
            raise ImportError("another case loads at the same time")
        time.sleep(0.02)
        LOADING.release()

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        visible = os.environ["CUDA_VISIBLE_DEVICES"]
        if not visible or case == 0:
            return {"visible": visible, "pid": os.getpid(), "broken": False}
        UNDER_WAY.add(case)
        try:
            self._meet()
            fate = self.fates.get(case, "")
            with (self.folder / f"tries of {case}").open("a") as file:
                file.write(fate + "\n")
            if fate == "miss" and self.tries(case) == 2:
                raise Unreachable("not now")
            self._suffer(fate, is_first=self.tries(case) == 1)
            return {"visible": visible, "pid": os.getpid(), "broken": fate == "break" or WRECKED.is_set()}
        finally:
            UNDER_WAY.discard(case)

    def tries(self, case: int) -> int:
        """How often a case has begun where a GPU is seen."""
        return len((self.folder / f"tries of {case}").read_text().splitlines())

    def _meet(self) -> None:
        until = time.monotonic() + 20
        while not (self.folder / "met").exists():
            if len(UNDER_WAY) >= self.crowd:
                (self.folder / "met").touch()
            if time.monotonic() > until:
                raise InputError("the others did not come")
            time.sleep(0.01)

    def _suffer(self, fate: str, *, is_first: bool) -> None:
        if fate == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if fate == "exit":
            raise SystemExit
        if fate == "wreck":
            WRECKED.set()
        hog = [bytearray(2**24) for _ in range(40 if fate == "hog" else 0)]
        hangs = hog or fate == "hang" or (fate == "linger" and is_first)
        time.sleep(3600 if hangs else self.seconds if is_first and not fate else 0)
