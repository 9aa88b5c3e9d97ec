"""`voxmill demo`: everything once, on a small cohort made on the spot."""

# No `from __future__ import annotations` here: typer reads the annotations.
import logging
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table as Listing

    from voxmill.demo import DemoCase
    from voxmill.table import Table
    from voxmill.volume import Mask, Volume

TABLES = ("features.csv", "features.parquet", "features.json")
SHOWN = (
    "shape_MeshVolume",
    "shape_Sphericity",
    "shape_Maximum3DDiameter",
    "firstorder_Mean",
    "firstorder_90Percentile",
    "firstorder_Entropy",
    "glcm_Contrast",
    "glcm_Correlation",
    "glrlm_RunEntropy",
    "glszm_ZonePercentage",
    "gldm_DependenceEntropy",
    "ngtdm_Coarseness",
)
"""The features that the terminal shows, without the image type before them."""


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to; made when it is not there.")] = Path(
        "voxmill-demo"
    ),
) -> None:
    """Extract features from three synthetic chest CTs, made on the spot, and show what came out.

    Writes the images, their masks, the features as CSV, Parquet and JSON, and a picture of each case.
    """
    from voxmill.cli.show import compiling
    from voxmill.demo import make_cohort

    _prepare(out)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it has much to say where there is no home folder
    from voxmill.pictures import slice_picture

    typer.echo("Three synthetic chest CTs, each with a tumour and a lymph node:")
    with compiling():
        cases = make_cohort(out)
        scans, table = _extract(cases)
    for name in TABLES:
        table.write(out / name)
    for image, mask in scans:
        slice_picture(image, mask, out / f"{image.name}.png")
        typer.echo(f"  {image.name}  {_describe(image)}")
    _show(scans[0], table)
    _tell(out, cases, table)


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one that holds what the demo did not make."""
    from voxmill.errors import SettingsError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise SettingsError(f"{folder}: the folder cannot be used ({error.strerror}); choose one with --out") from None
    foreign = [name for name in found if name not in _own_names(folder)]
    if foreign:
        raise SettingsError(f"{folder}: holds {foreign[0]!r}, which the demo did not make; choose a folder with --out")


def _own_names(folder: Path) -> set[str]:
    from voxmill.demo import PATIENTS, case_of

    cases = [case_of(patient, folder) for patient in PATIENTS]
    return {*TABLES, *(name for case in cases for name in (case.image.name, case.mask.name, f"{case.name}.png"))}


def _extract(cases: "tuple[DemoCase, ...]") -> "tuple[list[tuple[Volume, Mask]], Table]":
    import voxmill as vm

    scans = [(vm.read_image(case.image), vm.read_mask(case.mask)) for case in cases]
    tables = [vm.extract(image, mask) for image, mask in scans]
    return scans, replace(tables[0], rows=tuple(row for table in tables for row in table.rows))


def _describe(image: "Volume") -> str:
    size = " x ".join(str(n) for n in image.grid.shape[::-1])
    spacing = " x ".join(f"{step:g}" for step in image.grid.spacing)
    oblique = abs(image.grid.direction).max(axis=0).min() < 0.999
    return f"{size} voxels of {spacing} mm{', oblique' if oblique else ''}"


def _show(scan: "tuple[Volume, Mask]", table: "Table") -> None:
    """The picture where colours can be shown, and the selected features."""
    from rich.console import Console

    from voxmill.pictures import terminal_picture

    console = Console(highlight=False)
    if console.is_terminal and not console.no_color and console.color_system in ("256", "truecolor", "windows"):
        console.print()
        console.print(terminal_picture(*scan, width=min(60, console.width)))
    console.print()
    console.print(_listing(table))
    typer.echo(f"\n{len(SHOWN)} of {len(table.columns)} features; the files below hold all of them, with all digits.")


def _listing(table: "Table") -> "Listing":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Listing

    listing = Listing(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    listing.add_column("feature", no_wrap=True, vertical="bottom")
    for row in table.rows:
        heading = "\n".join((row.case, *row.region.split()))
        listing.add_column(heading, justify="right", no_wrap=True)
    for name in SHOWN:
        listing.add_row(name, *(_number(row.features[f"original_{name}"]) for row in table.rows))
    return listing


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _tell(out: Path, cases: "tuple[DemoCase, ...]", table: "Table") -> None:
    """Where everything is, and what to try next."""
    typer.echo(f"\nWritten to {out}:")
    for case in cases:
        typer.echo(f"  {case.image.name:<15} {case.mask.name:<17} {case.name}.png")
    typer.echo(f"  {'  '.join(TABLES)}  ({len(table.rows)} regions)")
    image, mask = cases[0].image, cases[0].mask
    command = f"{_program()} extract {shlex.quote(str(image))} {shlex.quote(str(mask))}"
    typer.echo(f"\nTry next, then with files of your own:\n  {command}")
    typer.echo(f"  {command} \\\n    --label tumour --out tumour.csv")
    typer.echo("\nThe same from Python:\n  import voxmill as vm")
    typer.echo(f"  image, mask = {str(image)!r}, {str(mask)!r}")
    typer.echo('  table = vm.extract(image, mask)\n  print(table.rows[0].features["original_glcm_Contrast"])')


def _program() -> str:
    """How to call this program again from here."""
    called = Path(sys.argv[0]).absolute()
    if called.stem == "voxmill" and called.is_relative_to(Path.cwd()):
        return shlex.quote(str(called.relative_to(Path.cwd())))
    on_path = shutil.which("voxmill") is not None or called.stem != "voxmill"
    return "voxmill" if on_path else shlex.quote(str(called))
