"""`voxmill plan`: what an extraction reads and computes."""

# No `from __future__ import annotations` here: typer reads the annotations.
from pathlib import Path
from typing import Annotated

import typer


def plan(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image: NIfTI, NRRD or MetaImage.")],
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="Mask; every label is a region.")],
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="LABEL", help="Only this label; may be repeated.", show_default=False),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, as for `voxmill extract`.", show_default=False),
    ] = None,
) -> None:
    """Show the boxes that an extraction of MASK in IMAGE reads and makes, without measuring anything.

    Each box is there once, after those that it is made from; what image types share is made once. Shows a table on a
    terminal, and CSV when piped.
    """
    from voxmill.cli.show import plan_csv, show_plan
    from voxmill.cli.streams import emit, on_terminal
    from voxmill.inspection import inspect_plan
    from voxmill.settings import parse_settings

    boxes = inspect_plan(image, mask, settings=parse_settings(settings), labels=label or None)
    if on_terminal():
        show_plan(boxes)
    else:
        emit(plan_csv(boxes))
