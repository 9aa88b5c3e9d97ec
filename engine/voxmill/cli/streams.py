"""What goes to standard output and to standard error, which may be full, closed, or never have been open."""

import io
import os
import sys
from contextlib import suppress

import typer

from voxmill.errors import OutputError

BROKEN_PIPE = 141
"""The exit code of a program that a closed pipe ended (128 + SIGPIPE)."""


def prepare_streams() -> None:
    """Files and pipes get UTF-8 whatever the platform's own encoding; a terminal gets what it can show.

    Where a stream was closed before the start (cron, `2>&-`), the null device takes its number, or the next file that
    is opened would get what is meant for it.
    """
    opened = os.open(os.devnull, os.O_RDWR)
    while opened <= 2:
        opened = os.dup(opened)
    os.close(opened)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def emit(text: str) -> None:
    """Write to standard output; leave quietly when nobody reads it any more (`| head`).

    Raises OutputError, with the cause, when it is closed or full.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed; open it, or write to a file with --out")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        _abandon_output()
        raise OutputError(f"standard output cannot be written: {error.strerror or error}") from None


def flush_output() -> None:
    """Write what is still held back; raises OutputError as `emit` does."""
    if sys.stdout is not None:
        emit("")


def tell(text: str) -> None:
    """Write a line to standard error, its control characters made harmless (names come out of files).

    Where that cannot be written there is nobody to tell: the exit code says the rest.
    """
    with suppress(OSError):
        sys.stderr.write(f"voxmill: {printable(text)}\n")
        sys.stderr.flush()


def printable(text: str) -> str:
    """The text without line breaks, terminal commands and the like."""
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in text)


def _abandon_output() -> None:
    """Let what is held back go nowhere, or Python complains when it leaves."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
