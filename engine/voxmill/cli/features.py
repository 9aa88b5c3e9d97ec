"""`voxmill features`: the catalogue."""

# No `from __future__ import annotations` here: typer reads the annotations.
from typing import Annotated

import typer


def features(
    family: Annotated[
        str | None,
        typer.Argument(
            metavar="FAMILY",
            help="One family: shape, shape2D, firstorder, glcm, gldm, glrlm, glszm or ngtdm.",
            show_default=False,
        ),
    ] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page in Markdown.")] = False,
) -> None:
    """List every feature with its IBSI code, unit and definition.

    Shows tables on a terminal, and CSV when piped.
    """
    from voxmill.cli.show import catalogue_csv, catalogue_markdown, show_catalogue
    from voxmill.cli.streams import emit, on_terminal
    from voxmill.errors import SettingsError, brief, nearest
    from voxmill_kernels.features.catalogue import FAMILIES

    if family is not None and family not in FAMILIES:
        raise SettingsError(f"unknown feature family {brief(family)}{nearest(family, list(FAMILIES))}")
    chosen = FAMILIES if family is None else {family: FAMILIES[family]}
    if markdown:
        emit(catalogue_markdown(chosen))
    elif on_terminal():
        show_catalogue(chosen)
    else:
        emit(catalogue_csv(chosen))
