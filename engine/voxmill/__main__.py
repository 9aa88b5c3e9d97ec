"""The command `voxmill`, also as `python -m voxmill`; where it goes on when it is run again, it hears signals first."""

import sys
from contextlib import suppress

from voxmill.runs.signals import (
    EXIT_CODE,
    SENTENCE,
    Stopped,
    have_signals_come,
    hear_signals_to_the_end,
    signals_heard,
)

GO_ON = ("run", "convert")
"""Commands that a signal stops, and that go on when they are run again."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    if next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "") not in GO_ON:
        _command()
        return
    hear_signals_to_the_end()
    try:
        with signals_heard():
            _command()
    except Exception as error:  # before the command, or after it; libraries may be half loaded
        if not have_signals_come():
            raise
        with suppress(OSError, AttributeError):
            sys.stderr.write(f"voxmill: {error if isinstance(error, Stopped) else SENTENCE}\n")
        sys.exit(EXIT_CODE)


def _command() -> None:
    from voxmill.cli import main as command

    command()


if __name__ == "__main__":
    main()
