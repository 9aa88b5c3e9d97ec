"""Threads at work on a device: side by side, or one to which the others leave it, as it needs more than was left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock
from typing import TypeVar

from voxmill.computing import is_full, release, trim
from voxmill_kernels.device import Device

Made = TypeVar("Made")


@dataclass(eq=False)
class Guest:
    """A thread at work. has_met: whether another was meanwhile."""

    has_met: bool = False


class Admission:
    """Lets threads in: any number beside each other, or one when all others are out."""

    def __init__(self) -> None:
        self._changed, self._one = Condition(), Lock()
        self._guests: list[Guest] = []
        self._is_claimed = False

    @contextmanager
    def beside(self) -> Iterator[Guest]:
        """Be in beside others; whoever waits to be in alone goes first."""
        guest = Guest()
        with self._changed:
            self._changed.wait_for(lambda: not self._is_claimed)
            self._guests.append(guest)
            if len(self._guests) > 1:
                for one in self._guests:
                    one.has_met = True
        try:
            yield guest
        finally:
            with self._changed:
                self._guests.remove(guest)
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be in alone; whoever is in beside others must leave first."""
        with self._one:
            try:
                with self._changed:
                    self._is_claimed = True
                    self._changed.wait_for(lambda: not self._guests)
                yield
            finally:
                with self._changed:
                    self._is_claimed = False
                    self._changed.notify_all()


ADMISSION = Admission()
"""To the device of this process."""


def with_room(device: Device, work: Callable[[], Made]) -> Made:
    """What work on a device gives; what has no room beside others has the device to itself when these are done.

    So it does not depend on others what can be done there. Raises what the work raises.
    """
    with ADMISSION.beside() as guest:
        try:
            with device.in_order():
                return work()
        except Exception as error:  # out of its order, so that nothing is in use there of what is forgotten with this
            if not (guest.has_met and is_full(error)):
                raise
    with ADMISSION.alone(), device.in_order():
        release(device)
        return work()


class _Users:
    """How many use the device of this process."""

    lock = Lock()
    count = 0


@contextmanager
def using(device: Device | None) -> Iterator[None]:
    """While inside, a device keeps memory for what comes next.

    The last thread that leaves has it give that back, others where little is free: there may always be some.
    """
    if device is None:
        yield
        return
    with _Users.lock:
        _Users.count += 1
    try:
        yield
    finally:
        with _Users.lock:
            _Users.count -= 1
            is_last = _Users.count == 0
        (release if is_last else trim)(device)
