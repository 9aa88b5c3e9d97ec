"""Runs of square_job in a process of their own, which tests watch, end and kill."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from voxmill.runs.ledger import read_ledger

CASES = 400
SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from run_script import main
main()
"""


def main() -> None:
    """What such a process does: a run of CASES numbers from 20 on, in a ledger that is written often."""
    from square_job import Numbers
    from voxmill.runs import ledger as parts
    from voxmill.runs.ledger import opened
    from voxmill.runs.runner import run

    parts.SECONDS = 0.1
    folder, workers, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with opened(folder / "ledger") as ledger:
        run(Numbers(seconds), range(20, 20 + CASES), ledger, workers=workers)


def started(folder: Path, *, workers: int, seconds: float) -> "subprocess.Popen[str]":
    """Such a process; what it writes is told by its `communicate`."""
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(folder), str(workers), str(seconds)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def outcomes(folder: Path) -> dict[str, tuple[str, Any]]:
    """How every case in the folder's ledger ended."""
    return {one.key: (one.outcome.value, one.result or one.reason) for one in read_ledger(folder / "ledger")}


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes that a process has begun."""
    try:
        found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
