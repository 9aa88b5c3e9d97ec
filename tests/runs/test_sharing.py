"""Cases that share a process, as they do a GPU: what befalls one, and how many have room."""

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from run_script import wait_for
from square_job import HANG, Numbers, Together
from voxmill.errors import InputError
from voxmill.runs import warden
from voxmill.runs.child import BEGUN
from voxmill.runs.lanes import CPU, GPU, TOGETHER
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import ThisMachine
from voxmill.runs.records import Outcome
from voxmill.runs.runner import run
from voxmill.runs.sharing import Sharing
from voxmill.runs.warden import NO_LIMITS, Limits, Lost, Sealed, SharedChild, version

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes as POSIX has them")

ONE_GPU = ThisMachine(gpus=("0",))
PATIENCE_S = 20.0
TWENTY = Sealed(pickle.dumps((Numbers(), 20)))


def done(folder: Path, job: Together, cases: int, limits: Limits = NO_LIMITS, first: int = 0) -> dict[int, Any]:
    """The results of so many cases, each of which ends once, by number."""
    with opened(folder / "ledger") as ledger:
        progress = run(job, range(first, first + cases), ledger, workers=1, on=ONE_GPU, limits=limits)
        assert (progress.done, progress.failed) == (cases, 0)
    records = list(read_ledger(folder / "ledger"))
    assert [record.outcome for record in records] == [Outcome.DONE] * cases
    return {int(record.key): dict(record.result) for record in records}


def together(folder: Path, *, seconds: float = 0, crowd: int = TOGETHER, **fates: int) -> Together:
    return Together(seconds, (GPU,), folder=folder, crowd=crowd, fates={case: fate for fate, case in fates.items()})


def without_processes(results: dict[int, Any]) -> dict[int, Any]:
    """The results of cases, by number, but for which process did them."""
    return {case: {**one, "pid": 0} for case, one in results.items()}


@pytest.fixture(scope="module")
def in_peace(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """The results of cases none of which comes to grief."""
    folder = tmp_path_factory.mktemp("peace")
    return without_processes(done(folder, together(folder), 2 * TOGETHER))


def test_cases_share_the_process_of_a_gpu(tmp_path: Path) -> None:
    found = done(tmp_path, together(tmp_path), 3 * TOGETHER)
    assert (tmp_path / "met").exists()
    assert len({one["pid"] for one in found.values()}) == 1


def test_those_that_use_no_gpu_have_each_a_process_meanwhile(tmp_path: Path) -> None:
    job = Together(0.05, (CPU, GPU), folder=tmp_path)
    found = done(tmp_path, job, 4 * TOGETHER)
    assert {one["visible"] for one in found.values()} == {"", "0"}


@pytest.mark.parametrize("fate", ["die", "exit"])
def test_a_case_that_ends_its_process_is_done_alone_and_others_with_the_gpu(tmp_path: Path, fate: str) -> None:
    """Each of these in a process that nothing else has used."""
    found = done(tmp_path, together(tmp_path, seconds=2, **{fate: 3}), 1 + TOGETHER)
    assert {case: one["visible"] for case, one in found.items()} == {**dict.fromkeys(range(1 + TOGETHER), "0"), 3: ""}
    assert len({one["pid"] for one in found.values()}) == 1 + TOGETHER


@pytest.mark.parametrize(
    "fates, limits, crowd",
    [
        ({3: "die"}, NO_LIMITS, TOGETHER),
        ({3: "exit", 9: "die"}, NO_LIMITS, TOGETHER),
        ({3: "wreck"}, NO_LIMITS, TOGETHER),
        ({2: "hog"}, Limits(memory_bytes=400 * 2**20), 2),
        ({3: "linger", 5: "linger", 10: "linger"}, Limits(time_s=4), TOGETHER),
    ],
)
def test_what_becomes_of_a_case_does_not_depend_on_others(
    tmp_path: Path, in_peace: dict[int, Any], fates: dict[int, str], limits: Limits, crowd: int
) -> None:
    """It has the results that it has where no other case comes to grief."""
    job = Together(0.7, (GPU,), folder=tmp_path, crowd=crowd, fates=fates)
    found = without_processes(done(tmp_path, job, 2 * TOGETHER, limits))
    assert {case: found[case] for case in found if case not in fates} == {
        case: in_peace[case] for case in in_peace if case not in fates
    }


def test_a_case_that_fails_with_the_gpu_to_itself_for_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    found = done(tmp_path, together(tmp_path, seconds=2, die=3, miss=4), 1 + TOGETHER)
    assert [case for case, one in found.items() if one["visible"] == ""] == [3]


def test_a_case_that_breaks_its_process_whenever_it_is_tried_is_done_twice(tmp_path: Path) -> None:
    job = together(tmp_path, crowd=1, **{"break": 1})
    assert done(tmp_path, job, 1, first=1)[1]["broken"]
    assert job.tries(1) == 2


def test_those_beside_a_case_that_takes_too_long_go_on_with_the_gpu(tmp_path: Path) -> None:
    """In a process of their own; some are under way when its time is over."""
    found = done(tmp_path, together(tmp_path, seconds=1.5, hang=3), 3 * TOGETHER, Limits(time_s=4))
    assert len({one["pid"] for one in found.values() if one["visible"]}) == 2
    assert [case for case, one in found.items() if one["visible"] == ""] == [3]


@contextmanager
def answering() -> Iterator[SharedChild]:
    """A process that can do cases."""
    child = SharedChild(None)
    try:
        assert child.begin(version())
        yield child
    finally:
        child.end()


def square_of_20(run: str) -> int:
    """By the process of a GPU of a run, which ends then."""
    try:
        answer = warden._answer(run, TWENTY, NO_LIMITS, version(), None)
    finally:
        warden.end(run)
    assert isinstance(answer, Sealed)
    return int(pickle.loads(answer.content).result["square"])


def test_a_process_that_was_ended_for_a_case_that_is_late_counts_against_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often that happens before it begins."""
    with answering() as late, answering() as other:
        assert late.do(Sealed(pickle.dumps((Numbers(), HANG))), Limits(time_s=0.3)) is Lost.TIME
        given = iter([late, late, other])
        monkeypatch.setattr(warden, "_child", lambda run, visible: next(given))
        assert square_of_20("late") == 400


def test_a_process_that_is_about_to_end_is_waited_for_and_a_new_one_does_what_had_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering() as dying:
        dying._sharing.close()
        monkeypatch.setitem(warden._CHILDREN, ("dying", None, None), dying)
        assert square_of_20("dying") == 400
        assert dying.has_ended


def test_while_a_process_is_ended_for_a_case_apart_others_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[bool] = []
    ending = SimpleNamespace(end=lambda: found.append(not warden._STARTING.locked()))
    monkeypatch.setitem(warden._CHILDREN, ("apart", None, None), ending)
    warden._begin_anew("apart", None)
    assert found == [True]


def test_the_time_of_a_case_is_its_own(tmp_path: Path) -> None:
    """However long its process has been at work on others, and however long it waited for a place."""
    done(tmp_path, together(tmp_path, seconds=1), 1 + 4 * TOGETHER, Limits(time_s=3))


def test_a_process_that_takes_too_much_memory_is_ended_and_its_cases_done_alone(tmp_path: Path) -> None:
    found = done(tmp_path, together(tmp_path, seconds=5, crowd=2, hog=2), 5, Limits(memory_bytes=400 * 2**20))
    assert found[2]["visible"] == ""
    assert found[0]["visible"] == "0"


def test_a_process_in_which_something_is_broken_does_what_it_has_begun(tmp_path: Path) -> None:
    """What that has spoilt is done again, with the GPU to itself."""
    found = done(tmp_path, together(tmp_path, seconds=1, **{"break": 3}), 2 + 2 * TOGETHER)
    assert {one["visible"] for one in found.values()} == {"0"}
    first = [case for case, one in found.items() if one["pid"] == found[0]["pid"]]
    assert 3 not in first
    assert (len(first), len({one["pid"] for one in found.values()})) == (TOGETHER, 3)


def test_where_all_processes_break_every_case_has_one(tmp_path: Path) -> None:
    """However many it has waited for in vain."""
    job = Together(0.0, (GPU,), folder=tmp_path, crowd=1, fates=dict.fromkeys(range(1, 6), "break"))
    found = done(tmp_path, job, 5, first=1)
    assert {one["visible"] for one in found.values()} == {"0"}
    assert len({one["pid"] for one in found.values()}) == 5


def test_a_run_whose_cases_cannot_be_done_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Together, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Together", Together, raising=False)
    with opened(tmp_path / "ledger") as ledger, pytest.raises(InputError, match="cases cannot be loaded where they"):
        run(together(tmp_path), range(TOGETHER), ledger, workers=1, on=ONE_GPU)


class Crowd:
    """Cases that hold their places until they are let go; each takes so many bytes."""

    def __init__(self, each: int) -> None:
        self.inside: list[int] = []
        self.most = 0
        self.free = threading.Event()
        self.sharing = Sharing(lambda: each * self.most)

    def come(self, memory: int | None) -> None:
        with self.sharing.place(memory) as number:
            if number is not None:
                self.inside.append(number)
                self.most = max(self.most, len(self.inside))
                assert self.free.wait(PATIENCE_S)
                self.inside.remove(number)


@contextmanager
def waiting(crowd: Crowd, count: int, memory: int | None = None) -> Iterator[None]:
    """So many cases want a place; they are let go at the end."""
    crowd.free.clear()
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(crowd.come, memory) for _ in range(count)]
        wait_for(lambda: bool(crowd.inside))
        time.sleep(0.3)
        yield
        crowd.free.set()
    for one in futures:
        one.result()


@pytest.mark.parametrize(
    "each, memory, most",
    [
        (1_000, None, TOGETHER),
        (1_000, 10_000, TOGETHER),
        (1_000, 3_500, 3),
        (1_000, 1_500, 1),
        (1_000, 500, 1),
        (1 << 60, None, 1),
    ],
)
def test_as_many_cases_as_there_is_memory_for(each: int, memory: int | None, most: int) -> None:
    """Each may take what those before have taken; as long as none has, one is alone."""
    crowd = Crowd(each)
    with waiting(crowd, 1, memory), ThreadPoolExecutor(1) as pool:
        second = pool.submit(crowd.come, memory)
        time.sleep(0.2)
        assert len(crowd.inside) == 1
        crowd.free.set()
        second.result()
    with waiting(crowd, TOGETHER + 4, memory):
        assert len(crowd.inside) == most


def test_no_place_is_given_where_something_is_broken_or_the_process_has_ended() -> None:
    crowd = Crowd(1)
    with waiting(crowd, 1), ThreadPoolExecutor(1) as pool:
        crowd.sharing.spend()
        second = pool.submit(crowd.come, None)
        assert not crowd.sharing.is_over
        crowd.free.set()
        wait_for(lambda: crowd.sharing.is_over)
        assert not second.done()
        crowd.sharing.close()
        second.result()
    assert not crowd.inside


def test_a_process_that_nobody_asks_any_more_ends_when_all_is_done() -> None:
    """Not while it does a case beside which there might be others."""
    where = f"import sys; sys.path.append({str(Path(__file__).parents[1])!r})"
    script = f"{where}; from voxmill.runs import child; child.IDLE_S = 0.3; child.main()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((7, pickle.dumps((Numbers(2.0), 20))), process.stdin)
        process.stdin.flush()
        pickle.load(process.stdout)
        (number, begun), (also, record) = pickle.load(process.stdout), pickle.load(process.stdout)
        assert (number, also, pickle.loads(begun)) == (7, 7, BEGUN)
        assert pickle.loads(record).result["square"] == 400
        assert process.wait(timeout=60) == 0
