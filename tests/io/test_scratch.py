"""Copies of patients' files do not outlive the process that made them by more than a run."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from voxmill.io import scratch as module
from voxmill.io.scratch import scratch

HOLDER = """
import sys, time
from voxmill.io.scratch import scratch
with scratch() as folder:
    (folder / "slice").write_text("Jane")
    print(folder, flush=True)
    time.sleep(600)
"""


def holder(temporary: Path) -> "tuple[subprocess.Popen[str], Path]":
    """A process that holds a folder, and the folder."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL, locks")
def test_what_a_killed_process_has_left_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "voxmill-of-somebody").mkdir()
    killed, left = holder(tmp_path)
    alive, held = holder(tmp_path)
    with killed, alive:
        try:
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            assert (left / "slice").exists()
            module._clear_abandoned.cache_clear()
            with scratch() as mine:
                module._clear_abandoned.cache_clear()
                with scratch() as another:
                    assert sorted(tmp_path.iterdir()) == sorted((mine, another, held, tmp_path / "voxmill-of-somebody"))
            assert (held / "slice").exists()
        finally:
            alive.terminate()
            killed.kill()
    assert not mine.exists()
