"""Runs: every case once, whatever happens to them, to their processes and to the run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from square_job import Numbers
from voxmill.errors import OutputError
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.runner import Progress, Stopped, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and processes as POSIX has them")


def outcomes(folder: Path) -> dict[str, tuple[str, Any]]:
    return {one.key: (one.outcome.value, one.reason or one.result) for one in read_ledger(folder)}


def expected(numbers: range, *, crash: bool) -> dict[str, tuple[str, Any]]:
    reasons = {3: "InputError", 5: "ZeroDivisionError", 7: "MemoryError"} | ({11: "ProcessDied"} if crash else {})
    return {
        f"{n:06}": ("failed", reasons[n]) if n in reasons else ("done", {"square": n * n, "share": n / 7})
        for n in numbers
    }


def test_in_this_process(tmp_path: Path) -> None:
    heard: list[Progress] = []
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), range(10), ledger, tell=heard.append)
    assert (progress.done, progress.failed, progress.before) == (7, 3, 0)
    assert [one.done + one.failed for one in heard] == list(range(1, 11))
    assert outcomes(tmp_path / "ledger") == expected(range(10), crash=False)


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
    assert outcomes(tmp_path / "ledger") == expected(range(24), crash=True)


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
    assert len(read) <= 3 + 2 * 2 + 2
    assert len(list(read_ledger(tmp_path / "ledger"))) >= 3


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from square_job import Numbers
from voxmill.runs import ledger as parts
from voxmill.runs.ledger import opened
from voxmill.runs.runner import run
parts.SECONDS = 0.1
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with opened(folder / "ledger") as ledger:
        run(Numbers(0.01), range(20, 420), ledger, workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_again_and_again_it_ends_as_if_it_had_not_been(tmp_path: Path, workers: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parents[1])))
    draw, known = random.Random(workers), 0
    command = [sys.executable, str(script), str(tmp_path), str(workers)]
    for _ in range(3):
        process = subprocess.Popen(command)
        enough = known + draw.randint(10, 60)
        while process.poll() is None and len(outcomes(tmp_path / "ledger")) < enough:
            time.sleep(0.02)
        assert process.poll() is None
        process.kill()
        process.wait()
        known = len(outcomes(tmp_path / "ledger"))
    assert known < 400
    assert subprocess.run(command, check=False).returncode == 0
    assert outcomes(tmp_path / "ledger") == expected(range(20, 420), crash=True)
    assert not list((tmp_path / "ledger").glob("*.draft"))


def test_its_processes_end_with_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parents[1])))
    with subprocess.Popen([sys.executable, str(script), str(tmp_path), "2"], start_new_session=True) as process:
        time.sleep(2.5)
        process.kill()
    deadline = time.monotonic() + 10
    while _of_group(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _of_group(process.pid)


def _of_group(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_a_signal_ends_it_within_ten_seconds_with_75(tmp_path: Path, workers: int) -> None:
    script = tmp_path / "script.py"
    text = SCRIPT.format(tests=str(Path(__file__).parents[1])).replace("0.01", "0.2" if workers == 0 else "60")
    script.write_text(text + "\n")
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), str(workers)], stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(2.5)
        began = time.monotonic()
        process.terminate()
        _, said = process.communicate(timeout=10)
        assert time.monotonic() - began < 10
    assert "Stopped: stopped by a signal after" in said
    assert len(list(read_ledger(tmp_path / "ledger"))) >= (5 if workers == 0 else 0)
    assert not (tmp_path / "ledger" / "lock").exists()


def test_a_full_disk_ends_it_and_room_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("voxmill.runs.ledger._save", full)
        with pytest.raises(OutputError, match="No space left on device"), opened(tmp_path / "ledger") as ledger:
            run(Numbers(), [1, 2], ledger)
    assert sorted(one.name for one in (tmp_path / "ledger").iterdir()) == ["ledger.json"]
    with opened(tmp_path / "ledger") as ledger:
        assert run(Numbers(), [1, 2], ledger).done == 2
