"""Locks: what becomes of those of processes that have ended, and of two that want one at the same time."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from voxmill.errors import OutputError
from voxmill.runs import lock as module
from voxmill.runs.disk import DISK
from voxmill.runs.lock import TAKEOVER, Holder, Lock, locked


def dead() -> str:
    """What is written in the lock of a process that has ended."""
    return json.dumps(asdict(replace(Holder.this(), pid=2**22 - 1)))


def before_it_removes(monkeypatch: pytest.MonkeyPatch, path: Path, meanwhile: Callable[[], None]) -> None:
    """Have something happen once, right before the next one takes a dead lock away."""
    original = module._take_away

    def later(*arguments: object) -> None:
        monkeypatch.setattr(module, "_take_away", original)
        meanwhile()
        original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_take_away", later)
    path.write_text(dead())


def test_of_those_who_find_a_process_gone_one_takes_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    with ExitStack() as stack:
        held: list[Lock] = []
        before_it_removes(monkeypatch, path, lambda: held.append(stack.enter_context(locked(path))))
        with pytest.raises(OutputError, match=f"process {os.getpid()} on .* is writing here"), locked(path):
            pass
        held[0].require()
    assert not list(tmp_path.iterdir())


def test_while_one_takes_a_lock_over_another_does_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text(dead())
    with (
        locked(tmp_path / f"lock{TAKEOVER}"),
        pytest.raises(OutputError, match=r"lock\.takeover: process"),
        locked(path),
    ):
        pass
    assert path.read_text() == dead()


def test_who_died_while_it_took_a_lock_over_hinders_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for name in ("lock", f"lock{TAKEOVER}"):
        (tmp_path / name).write_text(dead())
    with locked(path) as lock:
        lock.require()
    assert not list(tmp_path.iterdir())


def test_a_link_that_was_made_though_the_system_denies_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def denied(source: Path, to: Path) -> None:
        link(source, to)
        raise FileExistsError

    monkeypatch.setattr(os, "link", denied)
    with locked(tmp_path / "lock") as lock:
        lock.require()


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system on which no file has two names."""

    def refused(source: Path, to: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)


def test_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_links(monkeypatch)
    with locked(tmp_path / "lock") as lock:
        lock.require()
        with (
            pytest.raises(OutputError, match=f"process {os.getpid()} on .* is writing here"),
            locked(tmp_path / "lock"),
        ):
            pass
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_leaves_no_half_of_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    no_links(monkeypatch)
    (tmp_path / "draft").write_text(dead())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            DISK.link(tmp_path / "draft", tmp_path / "lock")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["draft"]


def test_a_lock_that_was_half_written_long_ago_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text(dead()[:20])
    with pytest.raises(OutputError, match="cannot be read; if none is at work, delete it"), locked(path):
        pass
    os.utime(path, (0, 0))
    with locked(path) as lock:
        lock.require()


def test_the_lock_of_another_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path) as lock:
        path.write_text("of another")
        os.utime(path, (0, 0))
        lock.touch()
        assert path.stat().st_mtime == 0


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
def test_whether_a_process_has_ended(proc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROC", Path(proc))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = replace(Holder.this(), pid=process.pid, begun=module._begun(process.pid))
        assert holder.begun > 0
        assert not holder.is_gone
        assert replace(holder, begun=holder.begun + 1).is_gone
        process.communicate(b"\n")
    assert holder.is_gone
