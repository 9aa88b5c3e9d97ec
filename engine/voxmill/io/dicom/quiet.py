"""pydicom without its warnings: what it warns of is checked here, or refused."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class _Readers:
    """How many threads are in pydicom, and what puts the warnings back as they were before the first one."""

    lock = threading.Lock()
    count = 0
    before = ExitStack()


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings while any thread is in here, and afterwards as before: `catch_warnings` alone mixes up threads."""
    with _Readers.lock:
        if _Readers.count == 0:
            _Readers.before.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _Readers.count += 1
    try:
        yield
    finally:
        with _Readers.lock:
            _Readers.count -= 1
            if _Readers.count == 0:
                _Readers.before.close()
