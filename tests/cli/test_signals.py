"""A signal in the first seconds of a command that goes on when it is run again: 75 and one sentence."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cohort_files import write_cohort
from voxmill.runs.signals import ASKING

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.usefixtures("hang_ups"),
]
SAID = "voxmill: stopped by a signal; run it again to go on\n"


def end(arguments: list[object], begun: Callable[[], object], number: int, before: str = "") -> None:
    """Run a command, send it a signal when it has begun, and see how it ends. before: where modules are found first."""
    path = os.pathsep.join(filter(None, [before, *sys.path]))
    command = [sys.executable, "-m", "voxmill", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
    with process:
        try:
            begun()
            began = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, said.splitlines(keepends=True)[-1]) == (75, SAID)
    assert time.monotonic() - began < 10


@contextmanager
def pipe_that_says_nothing(path: Path) -> Iterator[Callable[[], object]]:
    """A table that nobody ever writes; gives what waits until somebody reads it."""
    os.mkfifo(path)
    ends: list[int] = []
    try:
        yield lambda: ends.append(os.open(path, os.O_WRONLY))
    finally:
        for one in ends:
            os.close(one)


@pytest.mark.parametrize("number", ASKING)
@pytest.mark.parametrize("command", [["run", "-o"], ["convert"]], ids=["run", "convert"])
def test_while_a_table_is_read(tmp_path: Path, command: list[str], number: int) -> None:
    table = tmp_path / "cases.csv"
    with pipe_that_says_nothing(table) as begun:
        end([command[0], table, *command[1:], tmp_path / "out"], begun, number)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", ["typer", "numpy"])
@pytest.mark.parametrize("became", ["raise", "raise ImportError('a part of it is missing')", "raise RuntimeError"])
def test_while_libraries_are_imported(tmp_path: Path, module: str, became: str) -> None:
    """Whatever an error within them is made of by those that load them."""
    with pipe_that_says_nothing(tmp_path / "pipe") as begun:
        (tmp_path / "first").mkdir()
        loading = f"try: open({str(tmp_path / 'pipe')!r}).read()\nexcept BaseException: {became}"
        (tmp_path / "first" / f"{module}.py").write_text(loading)
        arguments = ["run", tmp_path / "cases.csv", "-o", tmp_path / "out"]
        end(arguments, begun, signal.SIGTERM, str(tmp_path / "first"))


def test_while_a_scheduler_is_awaited(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as taken:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        arguments = ["run", write_cohort(tmp_path, 1), "-o", tmp_path / "out", "--scheduler", address]
        end(arguments, lambda: taken.enter_context(silent.accept()[0]), signal.SIGTERM)
    assert not (tmp_path / "out" / "ledger" / "lock").exists()
