"""The command line: one small file per command; `main` turns refusals into one sentence and an exit code."""

# No `from __future__ import annotations` here: typer reads the annotations.
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from voxmill._version import __version__
from voxmill.cli.compare import compare
from voxmill.cli.convert import EXAMPLES as CONVERT_EXAMPLES
from voxmill.cli.convert import convert, remove
from voxmill.cli.demo import demo
from voxmill.cli.devices import devices
from voxmill.cli.extract import EXAMPLES, extract
from voxmill.cli.features import features
from voxmill.cli.inspect import inspect
from voxmill.cli.plan import plan
from voxmill.cli.pyradiomics import TAKES_ALL, pyradiomics
from voxmill.cli.run import EXAMPLES as RUN_EXAMPLES
from voxmill.cli.run import run
from voxmill.cli.settings import settings
from voxmill.cli.streams import flush_output, prepare_streams, tell
from voxmill.errors import VoxmillError
from voxmill.runs.signals import EXIT_CODE, SENTENCE, have_signals_come

UNFORESEEN = 70
"""The exit code of a mistake in Voxmill itself (EX_SOFTWARE)."""

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended (128 + SIGINT)."""

app = typer.Typer(
    name="voxmill",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all done, 1 finished with failed cases or regions, 2 wrong use or settings, 3 nothing could "
    f"be done, 75 stopped by a signal (run it again to go on), {INTERRUPTED} interrupted, {UNFORESEEN} a mistake in "
    "Voxmill itself.",
)
app.command(epilog=EXAMPLES)(extract)
app.command(epilog=CONVERT_EXAMPLES)(convert)
app.command(epilog=RUN_EXAMPLES)(run)
app.command()(inspect)
app.command()(remove)
app.command()(demo)
app.command()(plan)
app.command()(features)
app.command()(compare)
app.command()(devices)
app.command(context_settings=TAKES_ALL)(pyradiomics)
app.command()(settings)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"voxmill {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere in the command.")
    ] = False,
) -> None:
    """Radiomics features from medical images: PyRadiomics' values, at the cost of the region of interest."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    prepare_streams()
    sys.exit(_run([argument for argument in sys.argv[1:] if argument != "--debug"]))


def _run(arguments: list[str]) -> int:
    """The exit code of a command, after everything was said."""
    try:
        code = _exit_code(arguments)
        flush_output()
    except typer.Exit as left:
        return left.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            traceback.print_exc()
        code, sentence = _last_words(error)
        _tell_end(arguments, code, sentence)
    if code == INTERRUPTED:
        _tell_end(arguments, code, "interrupted")
    return code


def _tell_end(arguments: list[str], code: int, sentence: str) -> None:
    """Say why a command ends, in a line of JSON where that is what is read."""
    if "--log-json" in arguments:
        from voxmill.cli.progress import log_json

        log_json("error", text=sentence, exit_code=code)
    else:
        tell(sentence)


def _exit_code(arguments: list[str]) -> int:
    """Run a command; typer leaves by an exception, also when all is well."""
    try:
        app(args=arguments)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except OSError:
        flush_output()  # where standard output is what failed, this says so
        raise
    return 0


def _last_words(error: Exception) -> tuple[int, str]:
    if isinstance(error, VoxmillError):
        return error.exit_code, str(error)
    if have_signals_come():
        return EXIT_CODE, SENTENCE
    if isinstance(error, MemoryError):
        return VoxmillError.exit_code, "this needs more memory than there is"
    if isinstance(error, OSError) and error.strerror:
        place = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
        return (
            VoxmillError.exit_code,
            f"{place}the system refused to read or write: {error.strerror}; see more with --debug",
        )
    return UNFORESEEN, (
        f"{type(error).__name__}: a mistake in Voxmill, not yours; run the command again with --debug and report "
        "what it prints"
    )
