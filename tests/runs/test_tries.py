"""How often a case is tried, and how, by what became of it; no process is needed for that."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from square_job import MeetingApart, Together, Where
from voxmill.passing import Unreachable
from voxmill.runs import cluster, tries
from voxmill.runs.cluster import on_cluster
from voxmill.runs.lanes import CPU, GPU
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import ThisMachine, connected
from voxmill.runs.records import Outcome, Record
from voxmill.runs.runner import run
from voxmill.runs.tries import AGAIN, AGAIN_APART, ALONE, APART, SHARED, Stage, Tries
from voxmill.runs.warden import NO_LIMITS, Lost
from voxmill.runs.worker import MEMORY

JOB = Where()


def done(case: int, *, broken: bool = False) -> Record:
    return Record(JOB.key(case), JOB.name(case), Outcome.DONE, {"broken": broken})


def failed(case: int, reason: str) -> Record:
    return Record(JOB.key(case), JOB.name(case), Outcome.FAILED, {}, "square", reason, "a sentence")


@pytest.mark.parametrize(
    "stage, kind, answer, later",
    [
        (SHARED, GPU, Lost.DIED, APART),
        (SHARED, GPU, failed(1, MEMORY), APART),
        (SHARED, GPU, done(1, broken=True), APART),
        (SHARED, GPU, failed(1, Unreachable.__name__), AGAIN),
        (SHARED, CPU, Lost.TIME, ALONE),
        (SHARED, CPU, failed(1, MEMORY), ALONE),
        (SHARED, CPU, failed(1, Unreachable.__name__), AGAIN),
        (APART, GPU, Lost.DIED, ALONE),
        (APART, GPU, failed(1, MEMORY), ALONE),
        (APART, GPU, failed(1, Unreachable.__name__), AGAIN),
        (AGAIN, GPU, Lost.DIED, AGAIN_APART),
        (AGAIN, GPU, done(1, broken=True), AGAIN_APART),
        (AGAIN, CPU, Lost.DIED, ALONE),
        (AGAIN_APART, GPU, Lost.DIED, ALONE),
    ],
)
def test_when_a_case_is_tried_again(stage: Stage, kind: str, answer: Record | Lost, later: Stage) -> None:
    left = Tries(JOB)
    assert left.ended(1, stage, kind, answer) is None
    assert [one for one in tries.STAGES if list(left.waiting(one))] == [later]


@pytest.mark.parametrize(
    "stage, kind, answer",
    [
        (SHARED, GPU, done(1)),
        (SHARED, GPU, failed(1, "InputError")),
        (SHARED, CPU, done(1, broken=True)),
        (APART, GPU, done(1, broken=True)),
        (AGAIN, CPU, failed(1, Unreachable.__name__)),
        (AGAIN_APART, GPU, failed(1, Unreachable.__name__)),
        (ALONE, CPU, failed(1, MEMORY)),
    ],
)
def test_when_it_is_not(stage: Stage, kind: str, answer: Record) -> None:
    assert Tries(JOB).ended(1, stage, kind, answer) is answer


def test_what_is_lost_alone_too_is_a_failure() -> None:
    record = Tries(JOB).ended(1, ALONE, CPU, Lost.TIME)
    assert record is not None
    assert (record.outcome, record.reason) == (Outcome.FAILED, "TimeLimit")


def test_what_was_spoilt_is_kept_until_something_better_comes() -> None:
    left = Tries(JOB)
    for case in range(3):
        left.ended(case, SHARED, GPU, done(case, broken=True))
    left.ended(3, SHARED, GPU, Lost.DIED)
    assert list(left.waiting(APART)) == [0, 1, 2, 3]
    assert left.ended(1, APART, GPU, done(1)) == done(1)
    assert left.ended(2, APART, GPU, Lost.DIED) is None
    left.leave()
    assert sorted(one.key for one in left.left()) == [JOB.key(0), JOB.key(2)]
    assert not list(left.left())


def test_where_cases_are_spoilt_apart_too_the_others_are_left_as_they_are() -> None:
    """Those that were lost, of which there is nothing, are tried all the same."""
    left = Tries(JOB)
    for case in range(6):
        left.ended(case, SHARED, GPU, done(case, broken=True))
    left.ended(6, SHARED, GPU, Lost.DIED)
    waiting = left.waiting(APART)
    for case, broken in ((0, True), (1, False), (2, True), (3, True), (4, True)):
        assert next(waiting) == case
        assert left.ended(case, APART, GPU, done(case, broken=broken)) == done(case, broken=broken)
    assert list(waiting) == [6]
    assert list(left.left()) == [done(5, broken=True)]
    assert left.ended(7, SHARED, GPU, done(7, broken=True)) == done(7, broken=True)
    assert left.ended(8, SHARED, GPU, Lost.DIED) is None


def test_where_many_wait_to_be_tried_apart_they_are_before_others_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "MANY", 1)
    monkeypatch.setattr(cluster, "AHEAD", 1)
    job = Together(0.1, (GPU,), folder=tmp_path, crowd=1, fates={1: "break"})
    with opened(tmp_path / "ledger") as ledger:
        assert run(job, range(1, 20), ledger, workers=1, on=ThisMachine(gpus=("0",))).done == 19
    keys = [one.key for one in read_ledger(tmp_path / "ledger")]
    assert keys.index(job.key(1)) < 18


def test_what_was_spoilt_is_not_lost_where_the_run_stops_before_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "GRACE_S", 60)
    stopping = threading.Event()

    def cases() -> Iterator[int]:
        yield 3
        stopping.set()

    with connected(ThisMachine(gpus=("0",)), 1) as client:
        found = on_cluster(Where(resources=(GPU,), breaks_at=3), cases(), client, NO_LIMITS, stopping)
        (record,) = [one for one in found if isinstance(one, Record)]
    assert (record.outcome, record.result["broken"]) == (Outcome.DONE, True)


def test_cases_apart_are_done_side_by_side_where_there_are_several_gpus(tmp_path: Path) -> None:
    (job := MeetingApart(tmp_path / "tried")).folder.mkdir()
    with opened(tmp_path / "ledger") as ledger:
        assert run(job, [1, 2], ledger, workers=1, on=ThisMachine(gpus=("0", "1"))).done == 2
    assert not [one for one in read_ledger(tmp_path / "ledger") if one.result.get("broken")]
