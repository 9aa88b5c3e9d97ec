"""A plan for people: a table of boxes per region on a terminal, or CSV; what is to be said of regions as lines."""

import csv
import io
from collections.abc import Sequence
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from voxmill.cli.streams import printable
from voxmill.preview import PlannedBox, PlannedFact, PlannedRegion

NAMED = 2
"""Of more images than these only the number is shown."""
HEADINGS = ("step", "for", "voxels", "mm", "halo", "MB")
COLUMNS = ("region", "step", "images", "x", "y", "z", "x_mm", "y_mm", "z_mm", "halo_x", "halo_y", "halo_z", "bytes")


def show_plan(regions: Sequence[PlannedRegion]) -> None:
    """A table per region that can be measured, what it is made for, and what must be known of the whole image."""
    console = Console()
    say = partial(console.print, markup=False, highlight=False, emoji=False)
    for region in regions:
        if region.shape is not None:
            images = _images(region)
            say(Text(printable(f"Region {region.name}: {_by(region.shape)} voxels"), style="bold"))
            say(_grid(region, images))
            say(f"Boxes: {len(region.boxes)}, {_megabytes(sum(box.bytes for box in region.boxes))} MB in all")
            for fact in region.facts:
                say(f"Found first: {_said(fact)}, for {_shown(fact.images, images)}")
            say(f"Measured in {', '.join(images)}\n")
        for note in region.notes:
            say(printable(f"{region.name}: {note}"))


def plan_csv(regions: Sequence[PlannedRegion]) -> str:
    """A line for every box and every fact: sizes along x, y, z in voxels and mm, and how much more it is made from."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for region in regions:
        for fact in region.facts:
            blank = [""] * (len(COLUMNS) - 3)
            writer.writerow([region.name, f"find {_said(fact)}", " ".join(fact.images), *blank])
        for box in region.boxes:
            halo = ("",) * 3 if box.halo is None else box.halo[::-1]
            sizes = (*box.shape[::-1], *map(_short, _extent(box)), *halo)
            writer.writerow([region.name, box.work, " ".join(box.images), *sizes, box.bytes])
    return text.getvalue()


def _grid(region: PlannedRegion, images: Sequence[str]) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in HEADINGS:
        grid.add_column(heading, justify="left" if heading in ("step", "for") else "right", overflow="fold")
    for box in region.boxes:
        halo = _by(box.halo) if box.halo and any(box.halo) else ""
        extent = " x ".join(map(_short, _extent(box)))
        cells = (box.work, _shown(box.images, images), _by(box.shape), extent, halo, _megabytes(box.bytes))
        grid.add_row(*map(Text, cells))
    return grid


def _images(region: PlannedRegion) -> list[str]:
    """The names of the images that the region is measured in."""
    return list(dict.fromkeys(name for box in region.boxes for name in box.images))


def _shown(names: Sequence[str], everything: Sequence[str]) -> str:
    if len(names) == len(everything):
        return "all"
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} images"


def _said(fact: PlannedFact) -> str:
    return f"{fact.words} of the whole image" + (f", {fact.after}" if fact.after else "")


def _extent(box: PlannedBox) -> list[float]:
    """How long a box is along x, y, z in mm."""
    return [size * spacing for size, spacing in zip(box.shape[::-1], box.spacing, strict=True)]


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape[::-1]))


def _short(number: float) -> str:
    return f"{number:.4g}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.2f}"
