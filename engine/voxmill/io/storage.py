"""Storage of any kind, by fsspec, loaded when a URL is opened; what it raises, in sentences that hide the URL."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from voxmill.errors import OutputError, VoxmillError
from voxmill.passing import Unreachable

T = TypeVar("T")
FULL = (errno.ENOSPC, errno.EDQUOT)
WAITS = (0.5, 2.0)
"""Seconds before what a storage refused is tried again: busy servers refuse now and then."""
LASTING = (VoxmillError, ImportError, FileNotFoundError, PermissionError, ValueError, TypeError, NotImplementedError)
"""What would be the same another time."""


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
