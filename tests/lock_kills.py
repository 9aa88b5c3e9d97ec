"""kill -9 of a process that takes a lock and gives it back, at every point; in a process of its own, as it forks."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxmill.runs.disk import Disk

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from lock_kills import main
main()
"""


def kills(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Kill at every point, and take the lock after each; fails where that cannot be taken.

    On standard output, as JSON: how often every point came, and which kinds of files were left at last.
    """
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    return subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)


def main() -> None:
    """What such a process does."""
    from bad_disks import POINTS

    folder = Path(sys.argv[1])
    counts = {f"{call} {when}": _kills(folder, call, when) for call, when in POINTS}
    print(json.dumps([counts, sorted({path.suffix for path in folder.rglob("*") if path.is_file()})]))


def _kills(folder: Path, call: str, when: str) -> int:
    """How often a point came while the lock of a process that was killed was taken over, and given back."""
    from bad_disks import KillingDisk
    from voxmill.runs.lock import locked

    for number in count(1):
        path = folder / f"{call} {when} {number}" / "lock"
        path.parent.mkdir()
        assert _status(path, KillingDisk("link", 1, "after")) == -signal.SIGKILL  # which leaves it
        status = _status(path, KillingDisk(call, number, when))
        if status == 0:
            return number - 1
        assert status == -signal.SIGKILL
        with locked(path) as lock:
            lock.require()
        assert not path.exists()
    raise AssertionError


def _status(path: Path, disk: "Disk") -> int:
    """What a process ends with that takes a lock and gives it back."""
    from voxmill.runs.lock import locked

    child = os.fork()
    if child == 0:
        with locked(path, disk):
            pass
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
