"""The command line: one small file per command; `main` turns refusals into one sentence and an exit code."""

# No `from __future__ import annotations` here: typer reads the annotations.
import sys
from typing import Annotated

import typer

from voxmill._version import __version__
from voxmill.cli.demo import demo
from voxmill.cli.extract import extract
from voxmill.cli.features import features
from voxmill.errors import VoxmillError

app = typer.Typer(
    name="voxmill",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all done, 1 finished with failed regions, 2 wrong use or settings, 3 nothing could be done.",
)
app.command()(extract)
app.command()(demo)
app.command()(features)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"voxmill {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Radiomics features from medical images: PyRadiomics' values, at the cost of the region of interest."""
    context.obj = {"debug": debug}


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        app()
    except VoxmillError as error:
        if "--debug" in sys.argv[1:]:
            raise
        typer.echo(f"voxmill: {error}", err=True)
        sys.exit(error.exit_code)
