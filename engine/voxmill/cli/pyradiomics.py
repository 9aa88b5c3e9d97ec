"""`voxmill pyradiomics`: PyRadiomics' own command line."""

# No `from __future__ import annotations` here: typer reads the annotations.
import argparse
import os
from pathlib import Path
from typing import Any

import typer

from voxmill.errors import SettingsError

TAKES_ALL = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""Settings of a command whose arguments are read elsewhere."""
LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def pyradiomics(context: typer.Context) -> None:
    """Take the arguments of PyRadiomics' command, and write its layout.

    For example: voxmill pyradiomics cases.csv --param Params.yaml --out features.csv --format csv --jobs 2
    """
    options = _parser().parse_args(context.args)
    if options.mode == "voxel":
        raise SettingsError("--mode voxel: maps of voxels come in a later version; leave it out to go on without")
    from voxmill.cli.show import compiling

    with compiling():
        from voxmill.pyradiomics.command import run

        code = run(options)
    raise typer.Exit(code)


class _ShowVersion(argparse.Action):
    """Prints the version, which is that of a package that takes a while to load, and leaves."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from voxmill.pyradiomics import __version__

        typer.echo(f"{parser.prog} {__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("voxmill pyradiomics", usage="%(prog)s image|batch [mask] [options]")
    given = parser.add_argument_group("input")
    given.add_argument("input", metavar="{Image,Batch}FILE", help="an image, or a CSV file with a case per row")
    given.add_argument("mask", nargs="?", metavar="MaskFILE", help="the mask of the image; not for a CSV file")
    given.add_argument("--param", "-p", metavar="FILE", help="a parameter file of PyRadiomics")
    given.add_argument("--setting", "-s", metavar="NAME:VALUE", action="append", default=[], help="before --param's")
    given.add_argument("--label", "-l", metavar="N", type=int, help="the label; rather --setting label:N")
    most = (os.cpu_count() or 1) + 1
    given.add_argument("--jobs", "-j", metavar="N", type=int, default=1, choices=range(1, most), help="processes")
    given.add_argument("--validate", action="store_true", help="only check parameters and whether files are there")
    output = parser.add_argument_group("output")
    output.add_argument("--out", "-o", metavar="FILE", type=Path, help="append to this file; else standard output")
    output.add_argument("--out-dir", "-od", metavar="DIR", type=Path, help="also a CSV file per case; those are reused")
    output.add_argument("--mode", "-m", choices=["segment", "voxel"], default="segment", help="voxel is not here yet")
    output.add_argument("--skip-nans", action="store_true", help="leave out features that are undefined (NaN)")
    output.add_argument("--format", "-f", choices=["csv", "json", "txt"], default="txt", help="the layout (txt)")
    paths = ["absolute", "relative", "basename"]
    output.add_argument("--format-path", choices=paths, default="absolute", help="how paths are written (absolute)")
    output.add_argument("--unix-path", "-up", action="store_true", help="write paths with /")
    told = parser.add_argument_group("logging")
    told.add_argument("--logging-level", metavar="LEVEL", choices=LEVELS, default="WARNING", help="for --log-file")
    told.add_argument("--log-file", metavar="FILE", help="append messages to this file")
    verbosity: dict[str, Any] = {"nargs": "?", "default": 3, "const": 4, "type": int, "choices": range(1, 6)}
    told.add_argument("--verbosity", "-v", **verbosity, help="to standard error: 1 little, 3 warnings, 5 all")
    parser.add_argument("--version", nargs=0, action=_ShowVersion, help="print the version and leave")
    return parser
