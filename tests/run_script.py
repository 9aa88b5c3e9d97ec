"""Runs of square_job in a process of their own, which tests watch, end and kill."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from voxmill.runs.ledger import read_ledger

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from run_script import main
main()
"""


@dataclass(frozen=True)
class Options:
    """How a run is done.

    cases: so many numbers, from 20 on. seconds: what each takes. address: of a scheduler, instead of this machine.
    fatal: the call of the disk that kills the process, which of them, and whether before or after it.
    """

    workers: int = 0
    cases: int = 400
    seconds: float = 0.01
    address: str = ""
    fatal: tuple[str, int, str] | None = None


def main() -> None:
    """What such a process does: a run, in a ledger that is written often."""
    from bad_disks import KillingDisk
    from square_job import Numbers
    from voxmill.runs import ledger as parts
    from voxmill.runs.disk import DISK
    from voxmill.runs.ledger import opened
    from voxmill.runs.places import HERE, Address
    from voxmill.runs.runner import run

    options = Options(**json.loads(sys.argv[2]))
    parts.SECONDS, parts.MANY = 0.1, 4
    disk = KillingDisk(*options.fatal) if options.fatal else DISK
    on = Address(options.address) if options.address else HERE
    with opened(Path(sys.argv[1]) / "ledger", disk) as ledger:
        run(Numbers(options.seconds), range(20, 20 + options.cases), ledger, workers=options.workers, on=on)


def started(folder: Path, options: Options) -> "subprocess.Popen[str]":
    """Such a process; what it writes is told by its `communicate`."""
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(folder), json.dumps(asdict(options))]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(folder: Path, options: Options) -> None:
    """Run it to its end."""
    process = started(folder, options)
    _, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (0, "")


def outcomes(folder: Path) -> dict[str, tuple[str, Any]]:
    """How every case in the folder's ledger ended; fails where one has ended twice."""
    records = list(read_ledger(folder / "ledger"))
    found = {one.key: (one.outcome.value, one.reason or one.result) for one in records}
    assert len(found) == len(records)
    return found


def expected(numbers: range) -> dict[str, tuple[str, Any]]:
    """How the cases end if nothing disturbs them."""
    return {f"{n:06}": ("done", {"square": n * n, "share": n / 7}) for n in numbers}


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
