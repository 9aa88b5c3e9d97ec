"""Signals: heard at once where nothing is under way, noted where cases are."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import SupportsIndex

import pytest

from square_job import Numbers
from voxmill.runs.ledger import opened
from voxmill.runs.runner import run
from voxmill.runs.signals import ASKING, Stopped, signals_heard, signals_noted

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.usefixtures("hang_ups"),
]


def ask(number: int = signal.SIGTERM) -> None:
    """Ask this process to end."""
    os.kill(os.getpid(), number)


def ask_and_wait(number: int = signal.SIGTERM) -> None:
    """Ask this process to end, and go on for long, past all errors."""
    ask(number)
    with suppress(Exception):
        time.sleep(60)


@pytest.mark.parametrize("number", ASKING)
def test_it_is_raised_at_once_past_all_that_catches_errors(number: int) -> None:
    began = time.monotonic()
    with pytest.raises(Stopped, match="stopped by a signal; run it again to go on"), signals_heard():
        ask_and_wait(number)
    assert time.monotonic() - began < 5


class Begun(list[bool]):
    """Blocks of signals, of which one comes as soon as a block has begun."""

    def append(self, block: bool) -> None:  # noqa: FBT001 - as it is of a list
        super().append(block)
        ask()


class Ending(list[bool]):
    """Blocks of signals, of which one comes as a block is to end."""

    def __delitem__(self, at: SupportsIndex | slice) -> None:
        ask()
        super().__delitem__(at)


@pytest.mark.parametrize("blocks", [Begun(), Ending()])
def test_it_is_heard_where_a_block_begins_and_ends(monkeypatch: pytest.MonkeyPatch, blocks: list[bool]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("voxmill.runs.signals._SIGNALS.blocks", blocks)
    with pytest.raises(Stopped), signals_heard():
        pass
    assert (blocks, signal.getsignal(signal.SIGTERM)) == ([], before)


def test_where_it_is_noted_nothing_is_raised_and_what_comes_then_does_not_begin(tmp_path: Path) -> None:
    with signals_heard(), opened(tmp_path / "ledger") as ledger:
        with signals_noted() as stopping:
            ask()
            assert stopping.is_set()
        with pytest.raises(Stopped, match="after 0 cases"):
            run(Numbers(), [1, 2], ledger)
        with pytest.raises(Stopped), signals_heard():
            pytest.fail("it had been asked to end")


def test_what_hears_signals_is_as_it_was_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with signals_heard(), signals_noted():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    with signals_noted() as stopping:
        assert not stopping.is_set()


def test_a_hang_up_that_nohup_keeps_away_says_nothing() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_heard(), signals_noted() as stopping:
        ask(signal.SIGHUP)
        assert not stopping.is_set()


def test_a_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.signals.ONE_S", 0.05)
    with signals_noted() as stopping:
        for _ in range(2):
            ask()
        assert stopping.is_set()
        time.sleep(0.1)
        with pytest.raises(SystemExit) as ended:
            ask()
    assert ended.value.code == Stopped.exit_code


def test_what_is_under_way_for_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.signals.LAST_S", 0.2)
    began = time.monotonic()
    with pytest.raises(Stopped), signals_noted():
        ask_and_wait()
    assert time.monotonic() - began < 5


def test_other_threads_hear_nothing() -> None:
    heard: list[bool] = []

    def other() -> None:
        with signals_heard(), signals_noted() as stopping:
            heard.append(stopping.is_set())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert heard == [False]
