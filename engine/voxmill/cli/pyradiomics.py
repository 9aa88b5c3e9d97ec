"""`voxmill pyradiomics`: PyRadiomics' own command line."""

# No `from __future__ import annotations` here: typer reads the annotations.
import typer

TAKES_ALL = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""Settings of a command whose arguments are read elsewhere."""


def pyradiomics(context: typer.Context) -> None:
    """Take the arguments of PyRadiomics' command, and write its layout.

    For example: voxmill pyradiomics cases.csv --param Params.yaml --out features.csv --format csv --jobs 2
    """
    from voxmill.cli.show import compiling
    from voxmill.pyradiomics.command import parse, run

    options = parse(context.args)
    with compiling():
        code = run(options)
    raise typer.Exit(code)
