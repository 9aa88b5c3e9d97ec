"""Threads that work on a device, each in its own stream, and give arrays to one another: a missing wait shows."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import get_ident
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from cases_on_device import SETTINGS as CASES
from cases_on_device import assert_same_rows, tasks_of
from cuda_host import HostProcess
from late_streams import PATIENCE_S, LateDevice, late, stream
from small_images import case
from voxmill import computing, textures
from voxmill.combining import Combiner
from voxmill.computing import FoundGPU

LATE_S = 0.05
"""How much later than all else what threads give to one another is done, at least."""

SETTINGS: Mapping[str, Any] = {"images": {"original": {}, "gradient": {}}}


class Dawdling(Combiner[Any, Any, Any]):
    """Has the thread that worked come back last: others go on before it with what it made."""

    def __init__(self) -> None:
        super().__init__(textures.COMBINER._work)
        self.worked: list[int] = []
        self.failed: list[bool] = []

    def _make(self, batch: Sequence[Any]) -> None:
        super()._make(batch)
        self.worked += [get_ident()] * bool(batch)
        if any(one.made is None for one in batch):
            self.failed.append(stream().is_idle)

    def made(self, rule: object, given: Sequence[object]) -> Sequence[Any]:
        found = super().made(rule, given)
        time.sleep(LATE_S * (get_ident() in self.worked))
        return found


@dataclass(frozen=True)
class Crowded(LateDevice):
    """Begins to count when so many threads want that, once; grey levels and counts are ever later."""

    combiner: Dawdling = field(default_factory=Dawdling)
    crowd: int = 4
    lateness: Iterator[float] = field(default_factory=partial(count, LATE_S, LATE_S / 2))

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        end = time.monotonic() + PATIENCE_S
        if kernel.startswith("sweep"):
            while not self.combiner.worked and self.combiner.asking < self.crowd:
                assert time.monotonic() < end
                time.sleep(0.001)
        if kernel.startswith(("digitise", "sweep")):
            stream().ask(partial(time.sleep, next(self.lateness)))
        super().launch(kernel, blocks, arguments, shared=shared)


class Failing(Crowded):
    """Has no memory for what several threads want."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        super().launch(kernel, blocks, arguments, shared=shared)
        if kernel.startswith("sweep") and len(self.combiner.worked) == 1:
            raise MemoryError


def extracted_by_threads(device: Crowded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several threads extract on a device, each from an image of its own: their rows are the CPU's."""
    image, mask = case()
    images = [vm.Volume(image.array + np.int16(40 * number), image.grid) for number in range(device.crowd)]
    expected = [vm.extract(one, mask, settings=SETTINGS, device="cpu") for one in images]
    with late(device) as seen:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(seen)])
        monkeypatch.setattr(textures, "COMBINER", device.combiner)
        with ThreadPoolExecutor(len(images)) as pool:
            found = list(pool.map(lambda one: vm.extract(one, mask, settings=SETTINGS), images))
    for table, other in zip(found, expected, strict=True):
        assert_same_rows(table, other)


def test_rows_are_those_of_the_cpu(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Crowded(plain)
    extracted_by_threads(device, monkeypatch)
    assert len(device.combiner.worked) == 2


def test_what_failed_is_over_before_others_try_again(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is at work any more on what they gave."""
    device = Failing(plain)
    extracted_by_threads(device, monkeypatch)
    assert device.combiner.failed == [True]


class Elsewhere(Combiner[Any, Any, Any]):
    """Has the thread of a pool work."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__(textures.COMBINER._work)
        self.pool = pool

    def made(self, rule: object, given: Sequence[object]) -> Sequence[Any]:
        return self.pool.submit(super().made, rule, given).result(PATIENCE_S)


def test_who_counts_for_another_takes_none_of_its_memory(plain: HostProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its region lies is of the thread that goes on with it, and is forgotten in its turn."""
    settings = vm.Settings.parse(CASES["resegmented"])
    with late(LateDevice(plain)) as device, ThreadPoolExecutor(1) as pool, device.in_order(), ExitStack() as stack:
        other = device.in_order()
        pool.submit(other.__enter__).result()
        stack.callback(pool.submit, other.__exit__, None, None, None)
        task = tasks_of(device, settings)[0]
        size = 4 * int(task.levels.counts.sum())
        with monkeypatch.context() as patch:
            patch.setattr(textures, "COMBINER", Elsewhere(pool))
            expected = textures.count_there([task], device)[0].ngtdm()
        stream().ask(partial(time.sleep, LATE_S))
        (found,) = textures.count_there([task], device)
        del task
        pool.submit(device.zeros, size, np.int8).result()
        pool.submit(device.finish).result()
        np.testing.assert_array_equal(found.ngtdm(), expected)
