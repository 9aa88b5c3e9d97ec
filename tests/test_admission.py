"""Threads at work on a device, beside each other or alone."""

import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier

import numpy as np

from cuda_host import HostDevice
from late_streams import LateDevice, late, stream
from run_script import wait_for
from voxmill.admission import ADMISSION, Admission, using, with_room

PATIENCE_S = 20.0
LATE_S = 0.05


def test_threads_are_in_beside_each_other_and_know_it() -> None:
    admission, meeting = Admission(), Barrier(3, timeout=PATIENCE_S)

    def enter(_: int) -> bool:
        with admission.beside() as guest:
            meeting.wait()
            return guest.has_met

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(enter, range(3))) == [True] * 3
    with admission.beside() as guest:
        assert not guest.has_met


def test_who_is_in_alone_has_waited_for_others_and_others_wait() -> None:
    admission = Admission()
    heard: list[str] = []

    def beside() -> None:
        with admission.beside():
            heard.append("beside")

    def alone(name: str) -> None:
        with admission.alone():
            heard.append(f"{name} in")
            time.sleep(0.1)
            heard.append(f"{name} out")

    with ThreadPoolExecutor(4) as pool:
        with admission.beside():
            claims = [pool.submit(alone, "one"), pool.submit(alone, "other")]
            wait_for(lambda: admission._is_claimed)
            late = pool.submit(beside)
            time.sleep(0.1)
            assert heard == []
        for one in (*claims, late):
            one.result(timeout=PATIENCE_S)
    assert heard.index("one out") == heard.index("one in") + 1
    assert heard.index("other out") == heard.index("other in") + 1


def test_a_failure_lets_others_in() -> None:
    admission = Admission()
    for way in (admission.alone, admission.beside):
        try:
            with way():
                raise ValueError
        except ValueError:
            pass
    with admission.alone():
        pass
    with admission.beside() as guest:
        assert not guest.has_met


@dataclass(frozen=True)
class Noting(HostDevice):
    """Notes what it is to give back; it is lost."""

    heard: list[str] = field(default_factory=list)

    def release(self) -> None:
        self.heard.append("all")
        raise RuntimeError

    def trim(self) -> None:
        self.heard.append("where little is free")
        raise RuntimeError


def test_a_device_gives_memory_back_whenever_a_thread_has_done() -> None:
    """Where little is free while others are at work, which may always be so; all when nobody is."""
    device, step = Noting(), Barrier(2, timeout=PATIENCE_S)

    def work(*, longer: bool) -> None:
        with using(device):
            step.wait()
            if longer:
                step.wait()
        if not longer:
            step.wait()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(work, longer=True), pool.submit(work, longer=False)]:
            one.result(timeout=PATIENCE_S)
    assert device.heard == ["where little is free", "all"]


def test_what_had_no_room_is_over_before_it_is_forgotten() -> None:
    """Then it has room alone."""
    forgotten: list[bool] = []
    step = Barrier(2, timeout=PATIENCE_S)

    def crowd() -> None:
        with ADMISSION.beside():
            step.wait()
            wait_for(lambda: bool(forgotten))

    with late(LateDevice()) as device, ThreadPoolExecutor(1) as pool:

        def work() -> str:
            if forgotten:
                return "made"
            held, at_work = device.zeros(1, np.int8), stream()
            weakref.finalize(held, lambda: forgotten.append(at_work.is_idle))
            at_work.ask(partial(time.sleep, LATE_S))
            step.wait()
            raise MemoryError

        other = pool.submit(crowd)
        assert with_room(device, work) == "made"
        other.result(PATIENCE_S)
    assert forgotten == [True]
