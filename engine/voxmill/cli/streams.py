"""What goes to standard output and to standard error."""

import io
import os
import sys

import typer

BROKEN_PIPE = 141
"""The exit code of a program that a closed pipe ended (128 + SIGPIPE)."""


def speak_utf8() -> None:
    """Files and pipes get UTF-8 whatever the platform's own encoding; a terminal gets what it can show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


def emit(text: str) -> None:
    """Write to standard output; leave quietly when nobody reads it any more (`| head`)."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it leaves
        raise typer.Exit(BROKEN_PIPE) from None


def tell(text: str) -> None:
    """Write a line to standard error, its control characters made harmless (names come out of files)."""
    sys.stderr.write(f"voxmill: {printable(text)}\n")


def printable(text: str) -> str:
    """The text without line breaks, terminal commands and the like."""
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in text)
