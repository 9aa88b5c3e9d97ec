"""The logger that scripts for PyRadiomics know, under the name that they know, and how much of it is printed."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from voxmill.errors import OutputError


class Printer(logging.StreamHandler[TextIO]):
    """Prints to what is standard error at that time, or to the stream that a script sets."""

    chosen: TextIO | None = None

    @property
    def stream(self) -> TextIO:
        """Where it prints."""
        return self.chosen or sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        self.chosen = None if stream is sys.stderr else stream


logger = logging.getLogger("radiomics")
handler = Printer()
"""Prints to standard error what `setVerbosity` lets through."""


def setVerbosity(level: int) -> None:
    """Print messages of this level of `logging` and above, from 10 (all of them) to 60 (none)."""
    handler.setLevel(min(max(level, logging.DEBUG), logging.CRITICAL + 10))
    if handler.level < logger.level:
        logger.setLevel(handler.level)


logger.setLevel(logging.INFO)
handler.setFormatter(logging.Formatter("%(message)s"))
logger.addHandler(handler)
setVerbosity(logging.WARNING)


@dataclass(frozen=True)
class Log:
    """What the command line tells, from which levels of `logging` on: to standard error, and to a file if there is one.

    Raises OutputError, where it begins, for a file that cannot be written.
    """

    printed: int
    filed: int
    path: str | None

    def begin(self) -> None:
        """Tell from now on, until this process ends."""
        handlers = (handler, *self._file())
        how = logging.Formatter("[%(asctime)s] %(levelname)-.1s: %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        logger.setLevel(min(self.printed, self.filed) or logging.DEBUG)
        handler.setLevel(self.printed)
        for one in handlers:
            one.setFormatter(how)
            if one not in logger.handlers:
                logger.addHandler(one)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell in here, and afterwards as before."""
        before, levels, how = list(logger.handlers), (logger.level, handler.level), handler.formatter
        self.begin()
        try:
            yield
        finally:
            logger.setLevel(levels[0])
            handler.setLevel(levels[1])
            handler.setFormatter(how)
            for added in [one for one in logger.handlers if one not in before]:
                logger.removeHandler(added)
                added.close()

    def _file(self) -> list[logging.Handler]:
        if self.path is None:
            return []
        try:
            file = logging.FileHandler(self.path, mode="a", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{Path(self.path).name}: cannot be written: {error.strerror}") from None
        file.setLevel(self.filed)
        return [file]
