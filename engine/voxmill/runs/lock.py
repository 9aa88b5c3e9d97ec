"""One writer at a time: a file that only one process can make, on network file systems too."""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from voxmill.errors import OutputError

MINUTE = 60


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock."""

    host: str
    pid: int
    begun: float
    """When the process began, as its system counts; 0 where that is not told."""

    @classmethod
    def this(cls) -> "Holder":
        """This process."""
        return cls(socket.gethostname(), os.getpid(), _begun(os.getpid()))

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this machine that has ended; False for what cannot be known."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return _begun(self.pid) != self.begun


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file while inside; `touch` of it is a sign of life.

    A lock of a process of this machine that has ended is taken over. Raises OutputError when another process holds it.
    """
    mine = _take(path)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            if path.read_text() == mine:
                path.unlink()


def _take(path: Path) -> str:
    """Make the lock; gives what is written in it."""
    mine = json.dumps(asdict(Holder.this()))
    for _ in range(2):
        try:
            opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            _give_way(path)
            continue
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(
                f"{path.parent.name}: cannot be written to: {reason}; make room, or ask for permission to write there"
            ) from None
        with os.fdopen(opened, "w") as file:
            file.write(mine)
        return mine
    raise OutputError(f"{_called(path)}: another process has just begun to write here; try again")


def _called(path: Path) -> str:
    """A lock with its folder, which tells which run it is of."""
    return f"{path.parent.name}/{path.name}"


def _give_way(path: Path) -> None:
    """Remove the lock of a process that has ended; raises OutputError for any other."""
    try:
        written = path.read_text()
        holder = Holder(**json.loads(written))
        seen = (time.time() - path.stat().st_mtime) / MINUTE
    except FileNotFoundError:
        return
    except (ValueError, TypeError):
        raise OutputError(
            f"{_called(path)}: the lock of another run, which cannot be read; if none is at work, delete it"
        ) from None
    if holder.is_gone:
        _take_away(path, written)
        return
    raise OutputError(
        f"{_called(path)}: process {holder.pid} on {holder.host} is writing here, last seen {seen:.0f} min ago; wait "
        "for it, or, if it is gone, delete that file"
    )


def _take_away(path: Path, written: str) -> None:
    """Remove a lock, if it is still the one that was read: two may find the same process gone."""
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    if aside.read_text() != written:
        with suppress(FileExistsError):
            os.link(aside, path)
    aside.unlink()


def _begun(pid: int) -> float:
    """Field 22 of /proc/PID/stat: numbers of processes are given again."""
    try:
        return float(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0.0
