"""`voxmill extract`: one image and its mask → a table."""

# No `from __future__ import annotations` here: typer reads the annotations.
import sys
from pathlib import Path
from typing import Annotated

import typer


def extract(
    image: Annotated[Path, typer.Argument(help="Image: NIfTI, NRRD or MetaImage.", show_default=False)],
    mask: Annotated[Path, typer.Argument(help="Mask on the same grid; every label is a region.", show_default=False)],
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", help="Only this label, by number or name; may be repeated.", show_default=False),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="YAML file: settings of Voxmill, or a parameter file of PyRadiomics. "
            "Without one: PyRadiomics' defaults (original image, all features, bin width 25).",
            show_default=False,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where to compute: auto, cpu or gpu.")] = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write to this .json, .csv or .parquet file.", show_default=False),
    ] = None,
) -> None:
    r"""Extract the features of every region of MASK in IMAGE.

    Shows a table on a terminal, and CSV when piped.

    \b
    For example:
      voxmill extract ct.nii.gz tumour.nii.gz
      voxmill extract ct.nrrd segments.seg.nrrd --label tumour --out features.csv
      voxmill extract ct.nrrd segments.nrrd -l 1 -l 3 --settings Params.yaml
    """
    from voxmill.cli.show import compiling, show_table
    from voxmill.table import parse_output

    if out is not None:
        parse_output(out)
    with compiling():
        import voxmill as vm

        chosen = vm.Settings() if settings is None else vm.Settings.read(settings)
        table = vm.extract(image, mask, settings=chosen, labels=label or None, device=device)
    if out is not None:
        table.write(out)
        typer.echo(f"{len(table.rows)} rows of {len(table.columns)} features: {out}", err=True)
    elif sys.stdout.isatty():
        show_table(table)
    else:
        typer.echo(table.to_csv(), nl=False)
    for row in table.failed:
        typer.echo(f"voxmill: {row.case}: {row.error}", err=True)
    if table.failed:
        raise typer.Exit(3 if len(table.failed) == len(table.rows) else 1)
