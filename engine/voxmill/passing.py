"""What fails for a moment, a disk or a network that is away: told from what lasts, and said in a sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from voxmill.errors import InputError, OutputError

PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("EIO", "ESTALE", "ETIMEDOUT", "EAGAIN", "EREMOTEIO", "ENOTCONN", "ECONNRESET", "ECONNABORTED"),
        *("ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETRESET", "ENETUNREACH"),
    )
    if hasattr(errno, name)
)
"""What a system says of files on a network that is away for a moment, or a disk that has hiccups."""
LATER = "see whether the disk or network that it lies on is well, and run the command again"


class Unreachable(InputError):  # noqa: N818 - its name says what is the case
    """What cannot be reached now, and may be another time: at its URL, or on a disk that does not answer."""


def _passing(error: BaseException) -> str | None:
    """What the system says of what an error comes of, where that may have passed when a file is read again."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Unreachable) or (isinstance(cause, OSError) and cause.errno in PASSING):
            return getattr(cause, "strerror", None) or type(cause).__name__
        cause = cause.__cause__ or cause.__context__
    return None


@contextmanager
def reading(name: str) -> Iterator[None]:
    """While inside, what may pass when `name` is read again is Unreachable; its sentence repeats nothing of a file."""
    try:
        yield
    except (Unreachable, OutputError, MemoryError):
        raise
    except Exception as error:
        said = _passing(error)
        if said is None:
            raise
        raise Unreachable(f"{name}: it cannot be read now ({said}); {LATER}") from error
