"""Pictures of a slice with the outlines of regions: a PNG for a report, half blocks for a terminal.

Drawn on canvases of their own, never through pyplot, so that pictures can be made from several threads.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text

from voxmill.drafts import draft_of
from voxmill.errors import InputError
from voxmill.grid import Grid
from voxmill.segments import Segment
from voxmill.volume import Mask, Volume, require_same_grid

COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7")
"""Okabe and Ito's colours, which colour-blind people can tell apart too, without black and the dark blue."""

TOWARDS = ("LR", "PA", "SI")
"""Where x, y, z in LPS lead: the letter forwards, the letter backwards."""

VIEWS = {0: ((1, 1), (2, -1)), 1: ((0, 1), (2, -1)), 2: ((0, 1), (1, 1))}
"""What radiologists are used to, by the axis of LPS across the slice: the axes (and signs) to the right and down."""

INK, PAPER, FAINT = "white", "black", "#BBBBBB"
WIDTH, GAP, HEAD, FOOT, DPI = 12.0, 0.1, 0.4, 0.4, 110
"""Of a picture: the greatest width and the margins in inches, pixels per inch."""

HALO = [withStroke(linewidth=2.5, foreground=PAPER)]
"""Around what is written onto greys, so that it can be read on white as well."""

NEAR = 2.0
"""How much more than the region its close-up shows along each side."""

MOST = 11
"""The most names in a legend."""

_CENTRED: dict[str, Any] = {"color": INK, "ha": "center", "parse_math": False}


@dataclass(frozen=True)
class View:
    """A slice as it is looked at: anterior up, the patient's left at the right; the head up in other planes.

    grey: rows, columns. regions: per segment where it lies, as `grey`. pixel: height and width in mm. edges: the
    letters at the left, right, top and bottom. number: the slice, counted from 1, of `count`.
    """

    grey: NDArray[Any]
    regions: tuple[NDArray[np.bool_], ...]
    names: tuple[str, ...]
    pixel: tuple[float, float]
    edges: str
    number: int
    count: int

    @classmethod
    def of(
        cls,
        image: Volume,
        mask: Mask,
        segments: Sequence[int | str] | None = None,
        *,
        tolerance: float = 1e-6,
    ) -> "View":
        """The slice with most voxels of the first of `segments` (labels or names; all for None).

        Raises InputError for labels that are not there, for none at all, and for a mask on another grid than the image
        (to `tolerance` of a voxel).
        """
        require_same_grid(image, mask, tolerance=tolerance)
        chosen = mask.select(segments)
        if not chosen:
            raise InputError(f"{mask.name}: no segment was chosen to be drawn; give at least one, or None for all")
        index = fullest_slice(mask, chosen[0])
        order, flips, edges = orientation(image.grid)
        turned = [_turn(_slice(mask, one, index), order, flips) for one in chosen]
        x, y, _ = image.grid.spacing
        height, width = (y, x) if order == (0, 1) else (x, y)
        grey = _turn(image.array[index], order, flips)
        names = tuple(str(one) for one in chosen)
        return cls(grey, tuple(turned), names, (height, width), edges, index + 1, image.grid.shape[0])

    @property
    def size(self) -> tuple[float, float]:
        """Height and width in mm."""
        return (self.grey.shape[0] * self.pixel[0], self.grey.shape[1] * self.pixel[1])

    def caption(self, title: str) -> str:
        """The title, and which slice it is."""
        return f"{title}, slice {self.number} of {self.count}" if self.count > 1 else title

    def crop(self, rows: slice, columns: slice) -> "View":
        """A part of this view."""
        regions = tuple(region[rows, columns] for region in self.regions)
        return replace(self, grey=self.grey[rows, columns], regions=regions)


def fullest_slice(mask: Mask, segment: Segment) -> int:
    """The slice that holds most voxels of a segment; the first of equals."""
    box = mask.layers[segment.layer][segment.box.slices] == segment.label
    return segment.box.start[0] + int(np.argmax(box.sum(axis=(1, 2))))


def orientation(grid: Grid) -> tuple[tuple[int, int], tuple[bool, bool], str]:
    """How to turn a slice y, x for looking at it: the order of its axes, which then to flip, the letters at the edges.

    Oblique axes count as the axis of the patient that they are nearest to.
    """
    axes = grid.matrix[:3, :3] / np.linalg.norm(grid.matrix[:3, :3], axis=0)
    nearest = max(itertools.permutations(range(3)), key=lambda one: sum(abs(axes[one[i], i]) for i in range(3)))
    (across, right), (along, down) = VIEWS[nearest[0]]
    order = (nearest.index(along) - 1, nearest.index(across) - 1)
    flips = (bool(axes[along, order[0] + 1] * down < 0), bool(axes[across, order[1] + 1] * right < 0))
    sideways, upright = TOWARDS[across], TOWARDS[along][::down]
    return order, flips, sideways[1] + sideways[0] + upright[1] + upright[0]


def _turn(plane: NDArray[Any], order: tuple[int, int], flips: tuple[bool, bool]) -> NDArray[Any]:
    turned = plane.transpose(order)
    return turned[:: -1 if flips[0] else 1, :: -1 if flips[1] else 1]


def _slice(mask: Mask, segment: Segment, index: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = mask.layers[segment.layer][index] == segment.label
    return inside


def border_lines(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The sides of pixels that part a region from its outside.

    Shape (sides, 2 ends, 2); an end is x, y in pixels, where pixel (row, column) reaches from (column, row) to
    (column + 1, row + 1).
    """
    padded = np.pad(inside, 1).astype(np.int8)
    row, column = np.nonzero(np.diff(padded[:, 1:-1], axis=0))
    level = np.stack([np.stack([column, row], -1), np.stack([column + 1, row], -1)], 1)
    row, column = np.nonzero(np.diff(padded[1:-1], axis=1))
    upright = np.stack([np.stack([column, row], -1), np.stack([column, row + 1], -1)], 1)
    return np.concatenate([level, upright]).astype(np.float64)


def grey_range(view: View) -> tuple[float, float]:
    """What to show as black and as white: nearly all of the slice, and nearly all of the first region."""
    low, high = _percentiles(view.grey, 1, 98)
    darkest, brightest = _percentiles(view.grey[view.regions[0]], 5, 95)
    return _apart(min(low, darkest), max(high, brightest))


def texture_range(view: View) -> tuple[float, float]:
    """Greys for the texture of the first region: three times the range of most of its voxels."""
    low, high = _percentiles(view.grey[view.regions[0]], 10, 90)
    return _apart(2 * low - high, 2 * high - low)


def _percentiles(values: NDArray[Any], low: int, high: int) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    first, second = np.percentile(finite, (low, high)).tolist() if finite.size else (0.0, 0.0)
    return (first, second)


def _apart(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 1, high + 1)


def slice_picture(
    image: Volume,
    mask: Mask,
    path: Path,
    *,
    segments: Sequence[int | str] | None = None,
    title: str | None = None,
    tolerance: float = 1e-6,
) -> None:
    """Write a PNG of the slice with most voxels of the first of `segments`: all of it, and that region from near by.

    Outlines run along the borders of voxels. The greys fit the slice and, from near by, the region. The title is the
    image's name unless given. The file appears whole or not at all. Raises InputError as View.of does, OutputError when
    the file cannot be written.
    """
    view = View.of(image, mask, segments, tolerance=tolerance)
    rows, columns = close_up(view)
    near = view.crop(rows, columns)
    figure, (whole, detail) = _canvas(view, near)
    _draw(whole, view, grey_range(view))
    _draw(detail, near, texture_range(near))
    _letters(whole, view)
    _mark(whole, view, rows, columns)
    heading = 1 - HEAD / 2 / figure.get_figheight()
    figure.text(0.5, heading, view.caption(title or image.name), **_CENTRED, va="center", fontsize=13)
    _legend(figure, view)
    _save(figure, path)


def close_up(view: View) -> tuple[slice, slice]:
    """Rows and columns of a square, in mm, around the first region, as far as the slice reaches."""
    rows, columns = (np.flatnonzero(view.regions[0].any(axis=axis)) for axis in (1, 0))
    ends = [(int(one[0]), int(one[-1]) + 1) for one in (rows, columns)]
    side = NEAR * max((stop - start) * step for (start, stop), step in zip(ends, view.pixel, strict=True))
    halves = [math.ceil(side / step / 2) for step in view.pixel]
    middles = [(start + stop) // 2 for start, stop in ends]
    row, column = (slice(max(0, m - half), m + half) for m, half in zip(middles, halves, strict=True))
    return row, column


def _canvas(view: View, near: View) -> tuple[Figure, list[Axes]]:
    """A figure with one panel beside the other, of equal height and true proportions; sizes in inches."""
    proportions = [one.size[1] / one.size[0] for one in (view, near)]
    height = min(5.0, (WIDTH - 3 * GAP) / sum(proportions))
    figure = Figure(figsize=(height * sum(proportions) + 3 * GAP, height + HEAD + FOOT), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    across, up = figure.get_size_inches()
    panels, left = [], GAP
    for proportion in proportions:
        width = height * proportion
        panels.append(figure.add_axes((left / across, FOOT / up, width / across, height / up)))
        left += width + GAP
    return figure, panels


def _draw(panel: Axes, view: View, greys: tuple[float, float]) -> None:
    """Greys, outlines and a scale bar; the panel's coordinates are mm, y down."""
    height, width = view.size
    panel.imshow(view.grey, cmap="gray", vmin=greys[0], vmax=greys[1], extent=(0, width, height, 0), aspect="equal")
    panel.set_axis_off()
    for _, colour, region in _coloured(view):
        lines = border_lines(region) * view.pixel[::-1]
        panel.add_collection(LineCollection(list(lines), colors=colour, linewidths=1.5, capstyle="projecting"))
    panel.set(xlim=(0, width), ylim=(height, 0))
    _scale_bar(panel, width, height)


def _scale_bar(panel: Axes, width: float, height: float) -> None:
    length = round_length(width / 4)
    start, level = 0.04 * width, height - 0.04 * height
    panel.plot(
        [start, start + length], [level, level], color=INK, linewidth=3, solid_capstyle="butt", path_effects=HALO
    )
    panel.text(
        start + length / 2,
        level - 0.02 * height,
        f"{length:g} mm",
        **_CENTRED,
        va="bottom",
        fontsize=9,
        path_effects=HALO,
    )


def round_length(most_mm: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50 ... mm that is at most this long."""
    power = 10.0 ** math.floor(math.log10(most_mm))
    return max(step * power for step in (1, 2, 5) if step * power <= most_mm)


def _letters(panel: Axes, view: View) -> None:
    """Which side of the patient lies at which edge."""
    places = ((0.01, 0.5), (0.975, 0.5), (0.49, 0.965), (0.49, 0.015))
    for letter, (x, y) in zip(view.edges, places, strict=True):
        panel.text(x, y, letter, transform=panel.transAxes, color=FAINT, fontsize=10, path_effects=HALO)


def _mark(panel: Axes, view: View, rows: slice, columns: slice) -> None:
    """A frame around what the other panel shows."""
    height, width = view.pixel
    bottom, right = min(rows.stop, view.grey.shape[0]), min(columns.stop, view.grey.shape[1])
    corner = (columns.start * width, rows.start * height)
    size = ((right - columns.start) * width, (bottom - rows.start) * height)
    panel.add_patch(Rectangle(corner, *size, fill=False, edgecolor=FAINT, linewidth=0.7, linestyle=(0, (4, 3))))


def _legend(figure: Figure, view: View) -> None:
    """The names of the regions that can be seen; names are text, whatever signs they hold."""
    seen = [(name, colour) for name, colour, region in _coloured(view) if region.any()]
    handles = [Line2D([], [], color=colour, linewidth=3, label=f" {name[:40]}") for name, colour in seen[:MOST]]
    if len(seen) > MOST:
        handles.append(Line2D([], [], linewidth=0, label=f" and {len(seen) - MOST} more"))
    legend = figure.legend(handles=handles, loc="lower center", ncols=6, frameon=False, labelcolor=INK, fontsize=10)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _coloured(view: View) -> list[tuple[str, str, NDArray[np.bool_]]]:
    colours = itertools.cycle(COLOURS)
    return [(name, next(colours), region) for name, region in zip(view.names, view.regions, strict=True)]


def _save(figure: Figure, path: Path) -> None:
    with draft_of(path, suffix=".png", follow=True) as draft:
        figure.savefig(draft, format="png", facecolor=PAPER)


def terminal_picture(image: Volume, mask: Mask, width: int = 60) -> Text:
    """The same slice in coloured half blocks, `width` columns wide, with its caption below.

    Every pixel is a mean of greys; a ring of colour lies around each region. Two pixels share a character.
    """
    view = View.of(image, mask)
    rows = 2 * max(1, round(width * view.size[0] / view.size[1] / 2))
    pixels = _pixels(view, rows, width)
    text = Text(no_wrap=True)
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
        text.append("\n")
    text.append(view.caption(image.name))
    for name, colour, region in _coloured(view):
        if region.any():
            text.append("  ■ ", colour).append(name)
    return text


def _pixels(view: View, rows: int, columns: int) -> NDArray[np.int64]:
    """Red, green and blue of the slice, shrunk or stretched to rows x columns."""
    low, high = grey_range(view)
    shown = np.nan_to_num((view.grey.astype(np.float64) - low) / (high - low)).clip(0, 1)
    down, across = _means(view.grey.shape[0], rows), _means(view.grey.shape[1], columns).T
    grey = (255 * (down @ shown @ across)).round().astype(np.int64)
    pixels = np.repeat(grey[..., np.newaxis], 3, axis=2)
    for _, colour, region in _coloured(view):
        inside = down @ region @ across >= 0.5
        pixels[_around(inside)] = Color.parse(colour).get_truecolor()
    return pixels


def _means(length: int, count: int) -> NDArray[np.float64]:
    """The matrix, count x length, that turns `length` pixels into `count` means of what each covers."""
    edges = np.linspace(0, length, count + 1)
    starts, stops = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    pixel = np.arange(length)
    covered = np.clip(np.minimum(stops, pixel + 1) - np.maximum(starts, pixel), 0, None)
    means: NDArray[np.float64] = covered * (count / length)
    return means


def _around(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels outside a region that share a side with it."""
    padded = np.pad(inside, 1)
    near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    ring: NDArray[np.bool_] = near & ~inside
    return ring
