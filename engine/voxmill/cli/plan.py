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
    """Show what an extraction of MASK in IMAGE finds, reads and makes, without measuring anything.

    Each box is there once, after those that it is made from; what images share is made once. Sizes are x, y, z; a halo
    is how many voxels more than a box it is made from, both sides together. Shows tables on a terminal, and CSV when
    piped. Exit code 1 where regions cannot be measured, 3 where none can.
    """
    from voxmill.cli.planned import plan_csv, show_plan
    from voxmill.cli.streams import emit, on_terminal, tell
    from voxmill.preview import preview
    from voxmill.settings import parse_settings

    regions = preview(image, mask, settings=parse_settings(settings), labels=label or None)
    if on_terminal():
        show_plan(regions)
    else:
        emit(plan_csv(regions))
        for said in [f"{region.name}: {note}" for region in regions for note in region.notes]:
            tell(said)
    failed = [f"region {region.name}: {region.error}" for region in regions if region.error is not None]
    for said in failed:
        tell(said)
    if failed:
        raise typer.Exit(3 if len(failed) == len(regions) else 1)
