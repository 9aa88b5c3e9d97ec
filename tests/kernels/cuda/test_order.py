"""What CuPy is asked for is done late: who has it, or gives it to others, waits for what that takes, and no more."""

import importlib
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from threading import Event
from threading import enumerate as threads

import numpy as np
import pytest

from fake_cupy import LAUNCH
from kernel_cases import read_only
from late_streams import PATIENCE_S, LateDevice, late, stream
from voxmill_kernels.array import namespace
from voxmill_kernels.device import Device

LATE_S = 0.05
ARRAY = read_only(np.arange(60.0).reshape(3, 4, 5))


@pytest.fixture
def device() -> Iterator[Device]:
    with late(LateDevice()) as seen:
        yield seen


def dawdle() -> None:
    """The stream of this thread does all else later."""
    stream().ask(partial(time.sleep, LATE_S))


@pytest.mark.parametrize("staged", [32 << 20, 1])
def test_what_comes_back_is_what_was_asked_for(device: Device, monkeypatch: pytest.MonkeyPatch, staged: int) -> None:
    """Through pinned memory of ours, and without."""
    monkeypatch.setattr(importlib.import_module(LAUNCH), "STAGED", staged)
    with device.in_order():
        dawdle()
        both = [device.upload(ARRAY), device.zeros(4, np.int16)]
        for found, expected in zip(device.download_all(both), [ARRAY, np.zeros(4, np.int16)], strict=True):
            np.testing.assert_array_equal(found, expected, strict=True)
        dawdle()
        places, found = device.filled(device.upload(ARRAY.reshape(-1)))
        assert places.tolist() == found.tolist() == list(range(1, 60))


def test_what_another_gives_is_used_behind_its_mark(device: Device) -> None:
    """Which this waits for later: the thread goes on."""
    held = Event()
    with device.in_order():
        giving = stream()
        giving.ask(partial(held.wait, PATIENCE_S))
        dawdle()
        given = device.upload(ARRAY)
        mark = device.mark()
        with device.in_order():
            device.wait(mark)
            assert stream() is not giving
            copy = namespace(given).concatenate([given])
            assert not giving.is_idle
            held.set()
            np.testing.assert_array_equal(device.download(copy), ARRAY)


def test_what_is_finished_is_done(device: Device) -> None:
    with device.in_order():
        dawdle()
        device.finish()
        assert stream().is_idle


@pytest.mark.parametrize("errors", [(), (ValueError,)])
def test_who_leaves_has_nothing_at_work(device: Device, errors: tuple[type[Exception], ...]) -> None:
    """Also after a failure: the next to come has its stream again."""
    with suppress(ValueError), device.in_order():
        left = stream()
        dawdle()
        for error in errors:
            raise error
    assert left.is_idle
    with device.in_order():
        assert stream() is left


def test_what_fails_late_is_raised_by_who_leaves(device: Device) -> None:
    def fail() -> None:
        raise RuntimeError("cudaErrorIllegalAddress")

    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress"), device.in_order():
        stream().ask(fail)


def test_streams_end_with_the_device() -> None:
    """What they were asked for is done before."""
    before, done = set(threads()), Event()
    with late(LateDevice()) as device, device.in_order():
        dawdle()
        stream().ask(done.set)
    assert set(threads()) <= before
    assert done.is_set()
