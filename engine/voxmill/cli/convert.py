"""`voxmill convert`: files of a hospital → a store. `voxmill remove`: a case out of it, for good."""

# No `from __future__ import annotations` here: typer reads the annotations.
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voxmill.conversion import Converted

EXAMPLES = """\b
For example:
  voxmill convert /data/incoming cohort.zarr --workers 8
  voxmill convert cases.csv cohort.zarr --carry age --carry centre
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
    carry: Annotated[
        list[str] | None,
        typer.Option(
            "--carry",
            metavar="COLUMN",
            help="A further column of the table that enters the store as it is, for features.parquet; a name or a "
            "pattern ('*'). May be repeated.",
            show_default=False,
        ),
    ] = None,
    *,
    keep_ids: Annotated[
        bool,
        typer.Option(
            "--keep-ids",
            help="Keep patient and study identifiers, UIDs, descriptions and names of files, and of regions that "
            "repeat these. Without it names stand for them, made with the key in the file that VOXMILL_KEY_FILE "
            "names, or in STORE.key.",
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
    read, and why; STORE.failures.csv, for its owner, in which files. Every label of a mask is kept: of PyRadiomics'
    batch files the column Label chooses nothing, `voxmill extract STORE --label` does.
    """
    from voxmill.cli.progress import Words, progress_shown
    from voxmill.cli.streams import tell
    from voxmill.conversion import convert as convert_all
    from voxmill.errors import counted

    starting = f"starting {counted(workers, 'worker')}" if workers else ""
    with progress_shown(Words("converting", "converted")) as shown:
        done = convert_all(
            source,
            store,
            keep_ids=keep_ids,
            allow_gaps=allow_gaps,
            threshold=threshold,
            carry=carry or (),
            workers=workers,
            begin=partial(shown.begin, starting=starting),
            tell=shown.hear,
        )
    new, before = done.progress.done, done.progress.before
    for note in done.notes:
        tell(note)
    if done.not_carried:
        tell(f"columns of the table that stay outside: {', '.join(done.not_carried)}; --carry COLUMN takes one along")
    tell(f"{counted(new, 'case')} converted{f', {before} were there' if before else ''}: {store}")
    if done.unread or done.passed_over:
        tell(f"{', '.join(_not_read(done))}; why: {done.failures}")
    if done.unread:
        raise typer.Exit(1 if new or before or done.outdated else 3)


def _not_read(done: "Converted") -> Iterator[str]:
    """How much could not be read, or converted again, and how much never is."""
    from voxmill.errors import agreeing, counted

    if done.outdated:
        stay = agreeing(done.outdated, "stays as it was", "stay as they were")
        yield f"{counted(done.outdated, 'case')} could not be converted again, and {stay}"
    if done.unread > done.outdated:
        lacking = Counter(done.not_read) - Counter(case=done.outdated)
        *others, last = [counted(number, noun) for noun, number in lacking.items()]
        before = f"{', '.join(others)} and " if others else ""
        yield f"{before}{last} could not be read"
    if done.passed_over:
        are = agreeing(done.passed_over, "is of a kind that is", "are of kinds that are")
        yield f"{done.passed_over} series {are} never read"


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
    from voxmill.errors import counted

    gone = remove_case(store, case)
    for name in gone.cases:
        tell(f"erased: {name}")
    if gone.caseless:
        tell(
            f"also gone: {counted(gone.caseless, 'row')} of failures of no case, as nobody can tell whose they are; "
            "voxmill convert lists them again"
        )
