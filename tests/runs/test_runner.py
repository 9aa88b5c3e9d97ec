"""Runs: every case once, whatever happens to them, to their processes and to the run."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from run_script import Options, children, expected, outcomes, started, wait_for
from square_job import Numbers
from voxmill.errors import OutputError, SettingsError
from voxmill.runs.cluster import TASK_CASES, Workers
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.records import Outcome, Record
from voxmill.runs.runner import Progress, run
from voxmill.runs.signals import Stopped
from voxmill.runs.warden import Limits

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and processes as POSIX has them")


def ends(numbers: range, *, crash: bool) -> dict[str, tuple[str, Any]]:
    reasons = {3: "InputError", 5: "ZeroDivisionError", 7: "MemoryError"} | ({11: "ProcessDied"} if crash else {})
    return expected(numbers) | {f"{n:06}": ("failed", reasons[n]) for n in numbers if n in reasons}


def test_in_this_process(tmp_path: Path) -> None:
    heard: list[Progress] = []
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), range(10), ledger, tell=heard.append)
    assert (progress.done, progress.failed, progress.before) == (7, 3, 0)
    assert [one.done + one.failed for one in heard] == list(range(1, 11))
    assert outcomes(tmp_path) == ends(range(10), crash=False)


def test_limits_of_a_case_need_a_process_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger, pytest.raises(SettingsError, match="ask for at least one worker"):
        run(Numbers(), range(10), ledger, limits=Limits(time_s=9))
    assert outcomes(tmp_path) == {}


def test_sentences_say_why_and_never_what_an_unforeseen_error_holds(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger:
        run(Numbers(), [3, 5], ledger)
    known, unforeseen = read_ledger(tmp_path / "ledger")
    assert (known.step, known.sentence) == ("square", "3 cannot be squared")
    assert unforeseen.sentence.startswith("a mistake in Voxmill itself (ZeroDivisionError in square_job.py, line ")
    assert "secret" not in unforeseen.sentence


def test_a_process_that_dies_costs_one_case(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), range(24), ledger, workers=2)
    assert (progress.done, progress.failed) == (20, 4)
    assert outcomes(tmp_path) == ends(range(24), crash=True)


def test_what_the_workers_do_is_told_while_nothing_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.cluster.BEAT_S", 0.1)
    heard: list[Progress] = []
    with opened(tmp_path / "ledger") as ledger:
        run(Numbers(seconds=1), [20, 21], ledger, workers=2, tell=heard.append)
    assert [one.workers for one in heard if not one.ended].count(Workers(2, 2)) > 3
    assert heard[-1].workers is not None
    assert heard[-1].counts == {"done": 2, "failed": 0, "before": 0}


def test_what_is_done_is_not_done_again_and_what_failed_is(tmp_path: Path) -> None:
    for before, done in ((0, 3), (3, 0)):
        with opened(tmp_path / "ledger") as ledger:
            progress = run(Numbers(), [1, 2, 3, 4, 1], ledger)
        assert (progress.done, progress.failed) == (done, 1)
        assert progress.before == before + 1  # the second 1
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), [1, 2, 3, 4], ledger, again=frozenset())
    assert (progress.done, progress.failed, progress.before) == (0, 0, 4)


def test_cases_are_read_as_they_are_needed(tmp_path: Path) -> None:
    read: list[int] = []

    def endless() -> Any:  # noqa: ANN401
        while True:
            read.append(20 + len(read))
            yield read[-1]

    def stop(progress: Progress) -> None:
        if progress.done == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with opened(tmp_path / "ledger") as ledger, pytest.raises(Stopped) as stopped:
        run(Numbers(), endless(), ledger, workers=2, tell=stop)
    assert stopped.value.exit_code == 75
    assert len(read) <= 3 + 2 * 2 * TASK_CASES
    assert len(list(read_ledger(tmp_path / "ledger"))) >= 3


def test_its_processes_end_with_it(tmp_path: Path) -> None:
    with started(tmp_path, Options(2, seconds=60)) as process:
        wait_for(lambda: len(children(process)) == 2)
        mine = children(process)
        process.kill()
    wait_for(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in mine))


@pytest.mark.parametrize("workers, seconds", [(0, 0.2), (2, 0.2), (2, 60)])
def test_a_signal_ends_it_within_ten_seconds_with_75(tmp_path: Path, workers: int, seconds: float) -> None:
    with started(tmp_path, Options(workers, seconds=seconds)) as process:
        wait_for(lambda: len(children(process)) == workers if seconds == 60 else len(outcomes(tmp_path)) >= 3)
        began = time.monotonic()
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 10
    assert said.splitlines()[-1].startswith("voxmill.runs.signals.Stopped: stopped by a signal after "), said
    assert bool(outcomes(tmp_path)) == (seconds < 60)
    assert not (tmp_path / "ledger" / "lock").exists()


def test_a_full_disk_ends_it_and_room_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("voxmill.runs.ledger.save", full)
        with pytest.raises(OutputError, match="No space left on device"), opened(tmp_path / "ledger") as ledger:
            run(Numbers(), [1, 2], ledger)
    assert sorted(one.name for one in (tmp_path / "ledger").iterdir()) == ["ledger.json"]
    with opened(tmp_path / "ledger") as ledger:
        assert run(Numbers(), [1, 2], ledger).done == 2


def test_a_signal_ends_it_while_it_looks_for_what_is_missing(tmp_path: Path) -> None:
    read: list[int] = []

    def cases() -> Iterator[int]:
        for number in range(20, 4020):
            read.append(number)
            yield number

    def stop(progress: Progress) -> None:
        if progress.before == 10:
            os.kill(os.getpid(), signal.SIGTERM)

    with opened(tmp_path / "ledger") as ledger:
        for number in range(20, 4020):
            ledger.add(Record(f"{number:06}", "", Outcome.DONE))
        with pytest.raises(Stopped):
            run(Numbers(), cases(), ledger, tell=stop)
    assert len(read) < 20
