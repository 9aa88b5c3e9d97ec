"""`voxmill convert`: files of a hospital → a store. `voxmill remove`: a case out of it, for good."""

# No `from __future__ import annotations` here: typer reads the annotations.
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
For example:
  voxmill convert /data/incoming cohort.zarr --workers 8
  voxmill convert cases.csv cohort.zarr
  voxmill convert s3://bucket/cases.csv cohort.zarr
  voxmill extract cohort.zarr --out features.parquet
  voxmill remove cohort.zarr PATIENT-0042
"""


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A DICOM file or a folder tree of them, an image file, or a table (CSV, Parquet) with the columns "
            "image, mask and case; a path or a URL (s3://, https://, zip://...).",
        ),
    ],
    store: Annotated[str, typer.Argument(metavar="STORE", help="The folder of the store; made where there is none.")],
    workers: Annotated[
        int, typer.Option("--workers", "-j", metavar="N", min=0, help="How many processes; 0: in this one.")
    ] = 0,
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold",
            metavar="SHARE",
            help="From which share of their maximum on fractional segmentations are inside; one for all of a store.",
        ),
    ] = 0.5,
    *,
    keep_ids: Annotated[
        bool,
        typer.Option(
            "--keep-ids",
            help="Keep patient and study identifiers, UIDs, dates and names of files. Without it names stand for them, "
            "made with the key in the file that VOXMILL_KEY_FILE names, or in STORE.key.",
        ),
    ] = False,
    allow_gaps: Annotated[
        bool,
        typer.Option("--allow-gaps", help="Make up for missing slices by linear interpolation; notes say which."),
    ] = False,
) -> None:
    """Convert images and their masks into a store: OME-Zarr, read by the box of a region.

    Run it again after an interruption: it does what is missing, tries again what failed, and adds to its case what is
    new; what is whole is not touched. index.parquet in the store lists its images, failures.parquet what could not be
    read, and why.
    """
    from voxmill.cli.progress import progress_shown
    from voxmill.cli.streams import tell
    from voxmill.conversion import convert as convert_all
    from voxmill.table import counted

    with progress_shown("converting", "converted") as (begin, hear):
        done = convert_all(
            source,
            store,
            keep_ids=keep_ids,
            allow_gaps=allow_gaps,
            threshold=threshold,
            workers=workers,
            begin=begin,
            tell=hear,
        )
    new, before, failed = done.progress.done, done.progress.before, done.progress.failed
    tell(f"{counted(new, 'case')} converted{f', {before} were there' if before else ''}: {store}")
    if done.unread or done.left_out:
        unread = counted(done.unread, "case") if done.unread == failed else f"{done.unread} cases, images or masks"
        tell(f"{unread} could not be read, {done.left_out} files or series belong to none; why: {done.failures}")
    if done.unread:
        raise typer.Exit(1 if new or before else 3)


def remove(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store that voxmill convert made.")],
    case: Annotated[
        str,
        typer.Argument(
            metavar="CASE", help="Its name in the store; or, with the key at hand, its study or patient identifier."
        ),
    ],
) -> None:
    """Erase a case from a store, its tables and its ledger, for good."""
    from voxmill.cli.streams import tell
    from voxmill.conversion import remove_case

    for name in remove_case(store, case):
        tell(f"erased: {name}")
