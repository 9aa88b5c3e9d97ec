"""Libraries without their warnings: what they warn of is checked by those who use them, or refused."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext


class _Readers:
    """How many threads are in such a library, and what puts the warnings back as they were before the first one."""

    lock = threading.Lock()
    count = 0
    before = ExitStack()
    here = threading.local()
    """Of this thread, whether it is one of them."""


INSIDE = nullcontext()


def quiet() -> AbstractContextManager[None]:
    """No warnings while any thread is in here, and afterwards as before: `catch_warnings` alone mixes up threads.

    It costs next to nothing inside of another: whoever asks for many values enters it once around them.
    """
    return INSIDE if getattr(_Readers.here, "is_inside", False) else _entered()


@contextmanager
def _entered() -> Iterator[None]:
    with _Readers.lock:
        if _Readers.count == 0:
            _Readers.before.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _Readers.count += 1
    _Readers.here.is_inside = True
    try:
        yield
    finally:
        _Readers.here.is_inside = False
        with _Readers.lock:
            _Readers.count -= 1
            if _Readers.count == 0:
                _Readers.before.close()
