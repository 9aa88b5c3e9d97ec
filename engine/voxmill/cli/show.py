"""What a person sees on a terminal: tables, and a word while kernels are compiled."""

import csv
import io
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid

from voxmill.table import Row, Table
from voxmill_kernels.features.feature import Feature

NAME_WIDTH = 36
VALUE_WIDTH = 13


@contextmanager
def compiling() -> Iterator[None]:
    """Say what is happening while kernels are compiled for the first time, and where a cache could not be used."""
    from voxmill_kernels.jit import kernel_cache

    cache = kernel_cache()
    if cache.note:
        sys.stderr.write(f"voxmill: {cache.note}\n")
    if not cache.is_cold:
        yield
        return
    where = f"; kept in {cache.folder} for the next time" if cache.folder else ""
    message = f"Compiling kernels for this machine, once: about 20 seconds{where}"
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(message):
            yield
    else:
        sys.stderr.write(f"voxmill: {message}\n")
        yield


def show_table(table: Table, console: Console | None = None) -> None:
    """Features down, regions across: as many regions as the terminal is wide."""
    console = console or Console()
    rows = [row for row in table.rows if row.error is None]
    fits = max(1, (console.width - NAME_WIDTH) // (VALUE_WIDTH + 2))
    if rows:
        console.print(_features_grid(rows[:fits], table.columns))
    if len(rows) > fits:
        console.print(f"{len(rows) - fits} more regions: make the terminal wider, or write them with --out FILE.csv")
    for row in rows:
        for note in row.notes:
            console.print(f"{row.case}, region {row.region}: {note}")


def _features_grid(rows: list[Row], columns: tuple[str, ...]) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False)
    grid.add_column("feature", no_wrap=True)
    for row in rows:
        grid.add_column(f"{row.case}\n{row.region}", justify="right", overflow="fold")
    family = None
    for name in columns:
        _, new_family, feature = name.split("_", 2)
        if new_family != family:
            family = new_family
            grid.add_row(f"[bold]{family}[/bold]")
        grid.add_row(f"  {feature}", *(format_value(row.features.get(name)) for row in rows))
    return grid


def format_value(value: float | None) -> str:
    """A number for reading: six significant digits."""
    if value is None:
        return ""
    return "undefined" if math.isnan(value) else f"{value:,.6g}"


def show_catalogue(families: Mapping[str, tuple[Feature, ...]]) -> None:
    """A table per family."""
    console = Console()
    for family, features in families.items():
        grid = Grid(title=f"{family}: {features[0].source}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for heading in ("name", "IBSI", "unit", "definition"):
            grid.add_column(heading)
        for feature in features:
            grid.add_row(feature.name, feature.ibsi, feature.unit, feature.definition)
        console.print(grid)


def catalogue_csv(families: Mapping[str, tuple[Feature, ...]]) -> str:
    """Family, name, IBSI code, unit, definition and source of every feature."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["family", "name", "ibsi", "unit", "definition", "source"])
    for features in families.values():
        writer.writerows([f.family, f.name, f.ibsi, f.unit, f.definition, f.source] for f in features)
    return text.getvalue()


def catalogue_markdown(families: Mapping[str, tuple[Feature, ...]]) -> str:
    """The catalogue as a page: `docs/features.md`."""
    lines = [
        "# Features",
        "",
        "Made from the catalogue by `voxmill features --markdown`. A column is named after the image type, the family and",
        "the feature: `original_glcm_Contrast`. Units: I is the image's own (HU, SUV, …), 1 a pure number.",
    ]
    for family, features in families.items():
        lines += ["", f"## {family}", "", f"{features[0].source}.", "", "| name | IBSI | unit | definition |", "|---|---|---|---|"]
        for f in features:
            definition = f.definition.replace("|", "\\|")
            lines.append(f"| {f.name} | {f.ibsi} | {f.unit} | {definition} |")
    return "\n".join(lines) + "\n"
