"""How the GPU's time is told from this machine's, on a device and a machine whose clocks are numbers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gpu_parts.bench import FULL, Bench
from gpu_parts.clock import LATE, SOURCE
from gpu_parts.watching import Watched
from nvrtc import compile_cubin, require_compiler

ASKING_S = 1e-5
"""What this machine takes to ask for a launch."""


@dataclass
class Simulated:
    """A machine at a second, and its device, which has work until another."""

    now: float = 0.0
    until: float = 0.0

    def launch(self, seconds: float, asking_s: float = ASKING_S) -> None:
        """Ask for work."""
        self.now += asking_s
        self.until = max(self.now, self.until) + seconds

    def finish(self) -> None:
        """Wait for all of it."""
        self.now = max(self.now, self.until)


class Passed:
    """An event."""

    def __init__(self, machine: Simulated) -> None:
        self.machine, self.at = machine, float("inf")

    def record(self) -> None:
        self.at = max(self.machine.now, self.machine.until)

    @property
    def done(self) -> bool:
        return self.at <= self.machine.now

    def synchronize(self) -> None:
        self.machine.now = max(self.machine.now, self.at)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Simulated:
    simulated = Simulated()
    monkeypatch.setattr(time, "perf_counter", lambda: simulated.now)
    return simulated


@pytest.fixture
def bench(machine: Simulated) -> Bench:
    return _bench(machine, lambda *_: None)


def _bench(machine: Simulated, launch: Callable[..., None]) -> Bench:
    def hold(_blocks: object, _threads: object, given: tuple[int]) -> None:
        machine.launch(given[0] / 1e9)

    cuda = SimpleNamespace(Event=lambda: Passed(machine), get_elapsed_time=lambda begin, end: 1e3 * (end.at - begin.at))
    cupy: Any = ModuleType("cupy")
    cupy.cuda, cupy.RawKernel = cuda, lambda *_code, **_options: hold
    device: Any = SimpleNamespace(finish=machine.finish, launch=launch)
    return Bench(device, cupy, replace(FULL, repeats=3), threads=1)


@pytest.mark.parametrize("asking_s", [5e-4, 3e-2])
def test_time_is_the_devices_however_long_it_takes_to_ask(machine: Simulated, bench: Bench, asking_s: float) -> None:
    took = bench.on_device(lambda: machine.launch(1e-3, asking_s))
    assert took.seconds == pytest.approx(1e-3)
    assert took.told == {}


def test_work_that_waits_for_the_device_says_so(machine: Simulated, bench: Bench) -> None:
    def work() -> None:
        machine.launch(1e-3)
        machine.finish()
        machine.launch(1e-3, asking_s=5e-4)

    took = bench.on_device(work)
    assert took.seconds == pytest.approx(2.5e-3)
    assert took.told == {LATE: 1.0}


def test_each_launch_is_measured_alone(machine: Simulated) -> None:
    """Also where this machine has waited for the one before."""
    bench = _bench(machine, lambda kernel, _blocks, _arguments: machine.launch({"a": 5e-6, "b": 3e-6}[kernel]))
    watched = Watched(bench)
    for kernel in ("a", "b", "b"):
        watched.launch(kernel, 1, [])
        machine.finish()
    found = {kernel: took for kernel, (took, _) in watched.by_kernel().items()}
    assert {kernel: took.seconds for kernel, took in found.items()} == pytest.approx({"a": 5e-6, "b": 6e-6})
    assert not any(took.late for took in found.values())
    assert watched.by_kernel() == {}


@pytest.mark.parametrize("measured", [Bench.on_device, Bench.elapsed_s])
def test_clocks_are_fast_before_anything_is_measured(
    machine: Simulated, bench: Bench, measured: Callable[..., object]
) -> None:
    """A device that has had nothing to do is slow for a while."""
    began: list[float] = []

    def work() -> None:
        began.append(machine.now)
        machine.launch(1e-3)
        machine.finish()

    measured(bench, work)
    *warm, measured_at, _, _ = began
    assert measured_at >= FULL.warm_s
    assert len(warm) == pytest.approx(FULL.warm_s / 1e-3, rel=0.1)


def test_the_device_is_held_by_a_kernel_that_compiles() -> None:
    require_compiler()
    _, usages = compile_cubin(SOURCE.read_text(), "sm_90", ("--std=c++17",))
    assert set(usages) == {"hold"}
