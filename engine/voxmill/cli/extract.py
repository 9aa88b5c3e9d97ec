"""`voxmill extract`: one image and its mask → a table."""

# No `from __future__ import annotations` here: typer reads the annotations.
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
For example:
  voxmill extract ct.nii.gz tumour.nii.gz
  voxmill extract ct.nrrd segments.seg.nrrd --label tumour --out features.csv
  voxmill extract ct.nrrd segments.nrrd -l 1 -l 3 --settings Params.yaml
"""


def extract(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image: NIfTI, NRRD or MetaImage.")],
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="Mask on the same grid; every label is a region.")],
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            "-l",
            metavar="LABEL",
            help="Only this label, by number or name; may be repeated.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file: settings of Voxmill, or a parameter file of PyRadiomics. "
            "Without one: PyRadiomics' defaults (original image, all features, bin width 25).",
            show_default=False,
        ),
    ] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="Where to compute: auto, cpu or gpu.")] = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write to this .json, .csv or .parquet file.", show_default=False
        ),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", help="How many regions to measure at a time.")] = 1,
    *,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Also tell where time and memory go, stage by stage, with one thread."),
    ] = False,
) -> None:
    """Extract the features of every region of MASK in IMAGE.

    Shows a table on a terminal, and CSV when piped.
    """
    from voxmill.cli.show import compiling, show_table
    from voxmill.cli.streams import emit, on_terminal, tell
    from voxmill.table import parse_output

    if out is not None:
        parse_output(out)
    with compiling():
        from voxmill.cli.profile import profile_extraction
        from voxmill.extraction import extract as extract_regions
        from voxmill.extraction import parse_threads
        from voxmill.settings import parse_settings

        together = partial(extract_regions, threads=parse_threads(threads))
        run = profile_extraction if profile else together
        table = run(image, mask, settings=parse_settings(settings), labels=label or None, device=device)
    if out is not None:
        table.write(out)
        tell(f"{table.summary}: {out}")
    elif on_terminal():
        show_table(table)
    else:
        emit(table.to_csv())
    for row in table.failed:
        tell(f"{row.case}: {row.error}")
    if table.failed:
        raise typer.Exit(3 if len(table.failed) == len(table.rows) else 1)
