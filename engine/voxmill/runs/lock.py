"""One writer at a time: a file that only one process can make, on network file systems too.

Whoever holds it touches it now and then. One that nobody has touched for long, of a process that cannot be seen from
here, is taken over; should that process live after all, it finds so before it writes again.
"""

import json
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from voxmill.errors import OutputError
from voxmill.runs.disk import DISK, Disk

MINUTE_S = 60
BEAT_S = 10.0
"""How often a lock is touched."""
PROC = Path("/proc")
TAKEOVER = ".takeover"
"""How the lock of who takes a lock over ends."""
STALE_S = 300.0
"""After how long without a touch nobody holds it."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock.

    system: what tells its system, since it was started, from others, and its container; begun: when the process began,
    as that counts. Both are empty where they are not told.
    """

    host: str
    pid: int
    begun: float
    system: str

    @classmethod
    def this(cls) -> "Holder":
        """This process."""
        return cls(socket.gethostname(), os.getpid(), _begun(os.getpid()), _system())

    @classmethod
    def parse(cls, written: str) -> "Holder | None":
        """The one that a lock tells of; None where it cannot be read."""
        try:
            told = json.loads(written)
            return cls(**{name: told[name] for name in cls.__dataclass_fields__})
        except (ValueError, TypeError, KeyError):
            return None

    @property
    def is_near(self) -> bool:
        """Whether its system is the one of this process."""
        return (self.host, self.system) == (socket.gethostname(), _system())

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this system that has ended; False for what cannot be known."""
        if not self.is_near:
            return False
        return not psutil.pid_exists(self.pid) or _begun(self.pid) != self.begun


@dataclass(frozen=True)
class Lock:
    """A lock that is held: the file, what is written in it, what tells it from every other, and the disk it is on."""

    path: Path
    written: str
    name: str
    disk: Disk = field(default=DISK, repr=False)

    def require(self) -> None:
        """Raise OutputError when it is not held any more."""
        if not self.is_there():
            raise OutputError(f"{self.path.name}: another run has taken over here, as this one gave no sign for long")

    def release(self) -> None:
        """Give it back."""
        if self.is_there():
            self.disk.remove(self.path)

    def touch(self) -> None:
        """Show that it is held, if it is; raises OSError."""
        if self.is_there():
            self.disk.touch(self.path)

    def is_there(self) -> bool:
        """Whether the file is that of this lock."""
        try:
            return self.path.read_text(errors="replace") == self.written
        except FileNotFoundError:
            return False


@contextmanager
def locked(path: Path, disk: Disk = DISK) -> Iterator[Lock]:
    """Hold the lock file while inside.

    A lock of a process that has ended, or gave no sign of life for STALE_S, is taken over. Raises OutputError when
    another process holds it.
    """
    lock, done = _take(path, disk), threading.Event()
    beat = threading.Thread(target=_beat, args=(lock, done), daemon=True)
    beat.start()
    try:
        yield lock
    finally:
        done.set()
        beat.join()
        lock.release()


def _beat(lock: Lock, done: threading.Event) -> None:
    while not done.wait(BEAT_S):
        with suppress(OSError):
            lock.touch()


def _take(path: Path, disk: Disk) -> Lock:
    """Make the lock. It has its content from the first moment: a link to a file that is whole."""
    name = uuid.uuid4().hex
    lock = Lock(path, json.dumps({**asdict(Holder.this()), "lock": name}), name, disk)
    for _ in range(3):
        draft = path.with_name(f"{path.name}-{uuid.uuid4().hex}.draft")
        try:
            disk.write(draft, lambda file: file.write(lock.written.encode()))
            with suppress(FileNotFoundError):  # another that has just begun sweeps drafts away
                if _is_made(lock, draft):
                    return lock
        finally:
            disk.remove(draft)
    raise OutputError(f"{_called(path)}: another process has just begun to write here; try again")


def _is_made(lock: Lock, draft: Path) -> bool:
    """Whether the lock could be made; if not, the one that was in its way has been removed. Raises as `_give_way`."""
    try:
        lock.disk.link(draft, lock.path)
    except FileExistsError:
        if not lock.is_there():  # network file systems may say so of a link that they have just made
            _give_way(lock.path, draft.stat().st_mtime, lock.disk)
            return False
    return True


def _called(path: Path) -> str:
    """A lock with its folder, which tells which run it is of."""
    return f"{path.parent.name}/{path.name}"


def _give_way(path: Path, now: float, disk: Disk) -> None:
    """Remove the lock of a process that has ended; raises OutputError for any other. `now`: by the disk's own clock.

    One that cannot be read is half written, and nobody touches that.
    """
    try:
        written, silent_s = path.read_text(errors="replace"), now - path.stat().st_mtime
    except FileNotFoundError:
        return
    holder = Holder.parse(written)
    if _is_left(holder, silent_s):
        _take_away(path, written, disk)
        return
    if holder is None:
        raise OutputError(
            f"{_called(path)}: the lock of another run, which cannot be read; if none is at work, delete it"
        )
    raise OutputError(
        f"{_called(path)}: process {holder.pid} on {holder.host} is writing here, last seen "
        f"{silent_s / MINUTE_S:.0f} min ago; wait for it, or, if it is gone, delete that file"
    )


def _is_left(holder: Holder | None, silent_s: float) -> bool:
    """Whether nobody holds a lock any more: its process is known to have ended, or cannot be seen and was silent."""
    if holder is not None and holder.is_near:
        return holder.is_gone
    return silent_s > STALE_S


def _take_away(path: Path, written: str, disk: Disk) -> None:
    """Remove a lock, if it is still the one that was read: several may find the same process gone.

    One at a time looks again and removes it, by a lock of its own; raises OutputError for the others.
    """
    turn = _take(path.with_name(f"{path.name}{TAKEOVER}"), disk)
    try:
        if path.read_text(errors="replace") == written:
            disk.remove(path)
    except FileNotFoundError:
        return
    finally:
        turn.release()


def _begun(pid: int) -> float:
    """When a process began: field 22 of /proc/PID/stat, or what the system has. Numbers are given again."""
    try:
        return float((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        pass
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _system() -> str:
    """The system since it was started, and the space of process numbers that a container may have of its own."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip() + os.readlink(PROC / "self/ns/pid")
    except OSError:
        return ""
