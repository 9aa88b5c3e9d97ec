"""Storage of any kind, by fsspec, loaded when a URL is opened; what it raises, in sentences that hide the URL."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from voxmill.errors import InputError, OutputError, VoxmillError

T = TypeVar("T")
FULL = (errno.ENOSPC, errno.EDQUOT)
WAITS = (0.5, 2.0)
"""Seconds before what a storage refused is tried again: busy servers refuse now and then."""
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
LASTING = (VoxmillError, ImportError, FileNotFoundError, PermissionError, ValueError, TypeError, NotImplementedError)
"""What would be the same another time."""


class Unreachable(InputError):  # noqa: N818 - its name says what is the case
    """What cannot be reached now, and may be another time: at its URL, or on a disk that does not answer."""


def opened(url: str, protocol: str) -> tuple[Any, str]:
    """The storage of a URL, and the path in it; raises Unreachable where a package for it is missing."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise Unreachable("reading from URLs needs fsspec: pip install 'voxmill[remote]'") from None
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise Unreachable(f"{protocol}:// needs one more package; {error}") from None
    return system, path


def persistently(ask: Callable[[], T]) -> T:
    """What a storage answers; asked again where it fails in a way that may pass, and raising what it raises last."""
    for wait in WAITS:
        try:
            return ask()
        except LASTING:
            raise
        except Exception as error:  # every kind of storage has its own
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            time.sleep(wait)
    return ask()


@contextmanager
def reaching(name: str) -> Iterator[None]:
    """Whatever a storage raises, in a sentence that names the file and no URL."""
    try:
        yield
    except VoxmillError:
        raise
    except FileNotFoundError:
        raise Unreachable(f"{name}: there is no such file or folder at its URL, or no server; check the URL") from None
    except PermissionError:
        raise Unreachable(f"{name}: no permission to read it; check the credentials in the environment") from None
    except Exception as error:  # every kind of storage has its own
        if isinstance(error, OSError) and error.errno in FULL:
            raise OutputError(
                "the temporary folder is full; name one with more room in TMPDIR and run the command again"
            ) from None
        raise Unreachable(
            f"{name}: it cannot be fetched ({type(error).__name__}); check the URL, the network and the "
            "credentials in the environment"
        ) from None


def passing(error: BaseException) -> str | None:
    """What the system says of what an error comes of, where that may have passed when a file is read again."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Unreachable) or (isinstance(cause, OSError) and cause.errno in PASSING):
            return getattr(cause, "strerror", None) or type(cause).__name__
        cause = cause.__cause__ or cause.__context__
    return None


def reason_of(error: BaseException) -> str:
    """The kind of an error, as records tell it: that of Unreachable for what may pass."""
    return (type(error) if passing(error) is None else Unreachable).__name__


@contextmanager
def reading(name: str) -> Iterator[None]:
    """While inside, what may pass is Unreachable; its sentence repeats nothing that is in a file."""
    try:
        yield
    except Unreachable:
        raise
    except (InputError, OSError) as error:
        said = passing(error)
        if said is None:
            raise
        raise Unreachable(f"{name}: it cannot be read now ({said}); {LATER}") from error
