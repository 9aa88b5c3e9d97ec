"""What a person sees on a terminal: tables, and a word while kernels are compiled."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table as Grid
from rich.text import Text

from voxmill.cli.streams import emit, on_terminal, printable, tell
from voxmill.settings import Settings
from voxmill.table import Row, Table
from voxmill_kernels.features.catalogue import CATALOGUE
from voxmill_kernels.features.feature import Feature

VALUE_WIDTH = 12
"""Six significant digits, a sign, and a comma or an exponent."""
UNIT_WIDTH = 6
COMPILING = "15 seconds to a minute"
"""How long it takes on a fast and on a slow machine."""
GAP = 3
"""Between two columns."""


@contextmanager
def compiling() -> Iterator[None]:
    """Say what is happening while kernels are compiled for the first time, and where a cache could not be used."""
    from voxmill_kernels.jit import kernel_cache

    cache = kernel_cache()
    if cache.note:
        tell(cache.note)
    known = cache.note
    with _waiting(cache.folder) if cache.is_cold else nullcontext():
        yield
    cache.mark_warm()
    if cache.note != known:
        tell(cache.note)


@contextmanager
def _waiting(folder: Path | None) -> Iterator[None]:
    message = f"Compiling kernels, once: {COMPILING}"
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(message):
            yield
    else:
        tell(message + (f"; kept in {folder} for the next time" if folder else ""))
        yield


@contextmanager
def counting(total: int, what: str) -> Iterator[Callable[[str], None]]:
    """A bar on standard error where that is a terminal: what it gives is to be called once for each that is done."""
    console = Console(stderr=True)
    if not console.is_terminal:  # where a bar of rich before 15 ends with an empty line, also one that is disabled
        yield lambda _: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(what))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda _: progress.advance(task)


def show_lines(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A listing: a table on a terminal, lines with tabs elsewhere."""
    if on_terminal():
        grid = Grid(*head, box=SIMPLE_HEAD)
        for line in lines:
            grid.add_row(*(Text(printable(one)) for one in line))
        Console().print(grid)
    else:
        emit("".join("\t".join(map(printable, line)) + "\n" for line in (head, *lines)))


def show_table(table: Table, console: Console | None = None) -> None:
    """Features down, regions across: as many regions as the terminal is wide."""
    console = console or Console()
    rows = [row for row in table.rows if row.error is None]
    if not rows:
        return
    layout = _layout(rows, table.columns, console.width)
    shown = len(layout.values)
    console.print(_features_grid(rows[:shown], table.columns, layout))
    say = partial(console.print, markup=False, highlight=False, emoji=False)
    if rows[shown:]:
        rest = printable(", ".join(row.region for row in rows[shown:]))
        say(f"{len(rows) - shown} more: {rest}. Widen the terminal, choose with --label, or write all with --out.")
    for row in rows:
        for note in row.notes:
            say(printable(f"{row.region}: {note}"))
    say(f"{_described(table.settings)}. I: the unit of the image. In files, columns are named like {table.columns[0]}.")


@dataclass(frozen=True)
class Layout:
    """How wide columns are: the names of features, the values of each region shown; and whether units are shown."""

    names: int
    values: tuple[int, ...]
    units: bool


def _layout(rows: list[Row], columns: tuple[str, ...], width: int) -> Layout:
    """One region at least: without units where it is narrow, with names on several lines where it is narrower."""
    names = max(2 + len(name.split("_", 2)[2]) for name in columns)
    for units in (True, False):
        left = width - names - units * (GAP + UNIT_WIDTH)
        if left >= GAP + VALUE_WIDTH:
            return Layout(names, _fitting(rows, left), units)
    return Layout(max(4, width - GAP - VALUE_WIDTH), (VALUE_WIDTH,), units=False)


def _fitting(rows: list[Row], left: int) -> tuple[int, ...]:
    """The widths of the regions that fit; the heading of the first is folded where it is longer."""
    widths = [max(VALUE_WIDTH, *(cell_len(line) for line in _heading(row).split("\n"))) for row in rows]
    widths[0] = min(widths[0], left - GAP)
    fit = [used <= left for used in accumulate(width + GAP for width in widths)]
    return tuple(widths[: sum(fit)])


def _heading(row: Row) -> str:
    return f"{printable(row.called)}\n{printable(row.region)}"


def _features_grid(rows: list[Row], columns: tuple[str, ...], layout: Layout) -> Grid:
    units = {f"{f.family}_{f.name}": f.unit for f in CATALOGUE if f.unit != "1"}
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("feature", overflow="fold", vertical="bottom", width=layout.names)
    if layout.units:
        grid.add_column("unit", no_wrap=True, vertical="bottom", width=UNIT_WIDTH)
    for row, width in zip(rows, layout.values, strict=True):
        grid.add_column(Text(_heading(row)), justify="right", overflow="fold", width=width)
    family = None
    for name in columns:
        _, new_family, feature = name.split("_", 2)
        if new_family != family:
            family = new_family
            grid.add_row(Text(family, style="bold"))
        values = (format_value(row.features.get(name)) for row in rows)
        unit = [units.get(f"{family}_{feature}", "")] if layout.units else []
        grid.add_row(f"  {feature}", *unit, *values)
    return grid


def _described(settings: Settings) -> str:
    """How grey levels were made, and whether these are PyRadiomics' defaults."""
    levels = settings.discretise
    bins = f"bin width {levels.bin_width:g}" if levels.bin_width else f"{levels.bin_count} bins"
    chosen = {"features", "labels", "label_channel", "unions", "components"}  # what does not change a value
    defaults = settings.model_dump(exclude=chosen) == Settings().model_dump(exclude=chosen)
    return ("PyRadiomics' defaults" if defaults else "Settings") + f": original image, {bins}"


def format_value(value: float | None) -> str:
    """A number for reading: six significant digits."""
    if value is None:
        return ""
    return "undefined" if math.isnan(value) else f"{value:,.6g}"


def show_catalogue(families: Mapping[str, tuple[Feature, ...]]) -> None:
    """A table per family."""
    console = Console()
    for family, features in families.items():
        console.print(Text(f"{family}  ", style="bold"), Text(features[0].source), "\n", sep="")
        for title, listed in _apart(features):
            if title:
                console.print(Text(title, style="italic"))
            console.print(_catalogue_grid(listed))
            console.print()


def _apart(features: tuple[Feature, ...]) -> Iterator[tuple[str, list[Feature]]]:
    """Features under a title each: those that are measured by default, under none, and deprecated ones."""
    yield "", [feature for feature in features if not feature.deprecated]
    if any(feature.deprecated for feature in features):
        yield "Deprecated:", [feature for feature in features if feature.deprecated]


def _catalogue_grid(features: list[Feature]) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("name", "IBSI", "unit", "definition"):
        grid.add_column(heading, no_wrap=heading != "definition")
    for feature in features:
        grid.add_row(feature.name, feature.ibsi, "" if feature.unit == "1" else feature.unit, _definition(feature))
    return grid


def _definition(feature: Feature) -> str:
    return feature.definition + (f"; equals {feature.deprecated}" if feature.deprecated else "")


def catalogue_csv(families: Mapping[str, tuple[Feature, ...]]) -> str:
    """Family, name, IBSI code, unit, definition and source of every feature, and what a deprecated one equals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["family", "name", "ibsi", "unit", "definition", "source", "deprecated"])
    for features in families.values():
        writer.writerows([f.family, f.name, f.ibsi, f.unit, f.definition, f.source, f.deprecated] for f in features)
    return text.getvalue()


def catalogue_markdown(families: Mapping[str, tuple[Feature, ...]]) -> str:
    """The catalogue as a page: `docs/features.md`."""
    lines = [
        "# Features",
        "",
        "Made from the catalogue by `voxmill features --markdown`. A column is named after the image type, the family "
        "and",
        "the feature: `original_glcm_Contrast`. Units: I is the image's own (HU, SUV, …), 1 a pure number.",
        "",
        "Where none is named, every family is measured but shape2D, which is for regions of one slice. Of a flat image",
        "shape2D stands in for shape. Deprecated features are measured only where they are named.",
    ]
    for family, features in families.items():
        lines += [
            "",
            f"## {family}",
            "",
            f"{features[0].source}.",
        ]
        for title, listed in _apart(features):
            lines += ["", *([title, ""] if title else []), "| name | IBSI | unit | definition |", "|---|---|---|---|"]
            lines += [_markdown_row(feature) for feature in listed]
    return "\n".join(lines) + "\n"


def _markdown_row(feature: Feature) -> str:
    definition = _definition(feature).replace("|", "\\|")
    return f"| {feature.name} | {feature.ibsi} | {feature.unit} | {definition} |"
