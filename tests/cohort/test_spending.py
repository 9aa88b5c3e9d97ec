"""What processors spend on cases that are done side by side."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from voxmill.cohort.spending import processor_time


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_case_alone_has_all_that_is_spent_meanwhile() -> None:
    work(0.05)
    before = time.process_time()
    with processor_time() as spent, ThreadPoolExecutor(1) as helper:
        helper.submit(work, 0.1).result()
        told = spent()
    assert 0.1 <= told <= time.process_time() - before


def test_what_is_spent_on_several_is_shared_evenly_and_adds_up() -> None:
    meeting = Barrier(3)

    def spend(seconds: float) -> float:
        with processor_time() as spent:
            meeting.wait()
            work(seconds)
            meeting.wait()
            return spent()

    before = time.process_time()
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(spend, [0.3, 0.0, 0.0]))
    whole = time.process_time() - before
    assert sum(told) == pytest.approx(whole, abs=0.05)
    assert min(told) == pytest.approx(max(told), abs=0.05)
