"""`voxmill settings`: what can be set."""

# No `from __future__ import annotations` here: typer reads the annotations.
from typing import Annotated

import typer


def settings(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One setting, with those below it: resample, for one.", show_default=False),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page in Markdown.")] = False,
) -> None:
    """List every setting with its values, default and effect.

    Shows a table on a terminal, and CSV when piped. Settings go into a YAML file: voxmill extract --settings FILE.
    """
    from voxmill.cli.reference import groups, settings_csv, settings_markdown, show_settings
    from voxmill.cli.streams import emit, on_terminal

    chosen = groups(name)
    if markdown:
        emit(settings_markdown(chosen))
    elif on_terminal():
        show_settings(chosen)
    else:
        emit(settings_csv(chosen))
