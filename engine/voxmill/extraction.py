"""One case → rows: the features of every region of a mask in an image."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache, partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from voxmill.choices import Choice, choices_of
from voxmill.diagnostics import Provenance, diagnose
from voxmill.errors import InputError, RegionError, SettingsError, brief
from voxmill.execute import derive
from voxmill.grid import Window
from voxmill.io import read_image, read_mask
from voxmill.measures import measure
from voxmill.operators.normalise import Normalise
from voxmill.plan import merged
from voxmill.regions import Region
from voxmill.settings import Settings, parse_labels, parse_settings
from voxmill.table import Row, Table, counted
from voxmill.volume import Mask, Source, Volume, require_same_dimensions, require_same_grid
from voxmill.voxels import Place, place_of, read, voxels_of

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

Made = TypeVar("Made")

DEVICES = ("auto", "cpu", "gpu")
MAX_SHEAR = 1e-3


def extract(
    image: "Volume | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    labels: int | str | Iterable[int | str] | None = None,
    device: str = "auto",
    threads: int = 1,
) -> Table:
    """The features of every region of a mask: one row each, labels first, in their order, then unions.

    `image` and `mask` are a Volume and a Mask, paths, or SimpleITK images. `settings` are Settings, a mapping of them
    as for Settings.parse or Settings.from_pyradiomics, or a path as for Settings.read; PyRadiomics' defaults when
    None. `labels` (numbers, names, patterns of names, names of unions) choose regions, each once, and go before those
    of the settings. `device` is auto or cpu. `threads` is how many regions are measured at a time: the rows are the
    same.

    A region that cannot be measured is a row with an error; the others go on. Raises InputError when image or mask
    cannot be used, SettingsError for settings that make no sense. Safe to call from several threads.
    """
    parse_device(device)
    threads = parse_threads(threads)
    settings = parse_settings(settings)
    chosen = settings.labels if labels is None else _parse_labels(labels)
    volume = image if isinstance(image, Volume) else read_image(image)
    layers = _read_layers(mask, settings.label_channel)
    _require_fit(volume, layers, settings)
    choices = choices_of(layers, chosen, settings)
    provenance = Provenance.of(volume, layers, choices, settings) if settings.diagnostics else None
    prepared = _prepared(volume, settings)
    case = Case(volume.name, prepared, layers, settings.within(volume.grid.dimensions), provenance)
    return Table(_rows(case, choices, threads), settings)


@dataclass(frozen=True)
class Case:
    """What the rows of an extraction have in common: an image as it is measured, its mask, and how.

    provenance: for settings with diagnostics, what they say of the whole image and its mask.
    """

    name: str
    image: Source
    mask: Mask
    settings: Settings
    provenance: Provenance | None = None


def parse_device(device: str) -> str:
    """The device to compute on; raises SettingsError when there is no such device."""
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; known: {', '.join(DEVICES)}")
    if device == "gpu":
        raise SettingsError("device 'gpu': this version computes on the CPU only; use 'auto' or 'cpu'")
    return device


def parse_threads(threads: int) -> int:
    """How many regions to measure at a time; raises SettingsError for what is no whole number, or less than one."""
    if isinstance(threads, bool) or not isinstance(threads, Integral):
        raise SettingsError(f"threads: a whole number is needed; found {brief(threads)}")
    if threads < 1:
        raise SettingsError(f"threads: at least 1; found {threads}")
    return int(threads)


def _parse_labels(labels: int | str | Iterable[int | str]) -> tuple[int | str, ...]:
    try:
        return parse_labels(labels)
    except ValueError as error:
        raise SettingsError(f"labels: {error}") from None


def _read_layers(mask: "Mask | str | Path | SimpleITK.Image", channel: int | None) -> Mask:
    """The mask, of a channel alone where one is asked for: a layer of a Mask that is already made."""
    if not isinstance(mask, Mask):
        return read_mask(mask, label_channel=channel)
    return mask if channel is None else mask.layer(channel)


def _require_fit(image: Volume, mask: Mask, settings: Settings) -> None:
    """Raise unless image and mask have the same dimensions and square axes, and one grid where that is asked for."""
    require_same_dimensions(image, mask)
    if settings.resample is None and settings.mask_on_other_grid == "error":
        require_same_grid(image, mask, tolerance=settings.grid_tolerance)
    for one in (image, mask):
        if one.grid.shear > MAX_SHEAR:
            raise InputError(
                f"{one.name}: its axes are not at right angles (cosine {one.grid.shear:.4f}, at most {MAX_SHEAR} is "
                "taken); resample image and mask to a grid with square axes first"
            )
    step, dimensions = settings.resample, image.grid.dimensions
    if step is not None and len(step.spacing_mm) != dimensions:
        given = counted(len(step.spacing_mm), "number")
        raise SettingsError(f"resample.spacing_mm: {given} for {dimensions} dimensions; give one for each")


def _prepared(image: Volume, settings: Settings) -> Source:
    """The image after what is done to the whole of it."""
    if settings.normalise is None:
        return image
    try:
        return derive(image, Normalise(settings.normalise.scale, settings.normalise.outliers))
    except InputError as error:
        raise InputError(f"{image.name}: cannot be normalised: {error}") from None


def _rows(case: Case, choices: tuple[Choice, ...], threads: int) -> tuple[Row, ...]:
    """A row per region, in their order; kernels leave the interpreter free, so that threads help."""
    groups = _overlapping(choices) if case.settings.resample else [(choice,) for choice in choices]
    if min(threads, len(groups)) == 1:
        found = [_group(case, group) for group in groups]
    else:
        context = copy_context()
        with ThreadPoolExecutor(threads, thread_name_prefix="voxmill") as pool:
            found = list(pool.map(lambda group: context.copy().run(_group, case, group), groups))
    rows = {choice: row for group in found for choice, row in group.items()}
    return tuple(rows[choice] for choice in choices)


def _overlapping(choices: tuple[Choice, ...]) -> list[tuple[Choice, ...]]:
    """The regions, those together whose joint box has no more voxels than their boxes have."""
    joint = merged(choice.box for choice in choices)
    groups: dict[Window, list[Choice]] = {}
    for choice in choices:
        groups.setdefault(next(box for box in joint if box.contains(choice.box)), []).append(choice)
    return [tuple(group) for group in groups.values()]


def _group(case: Case, choices: tuple[Choice, ...]) -> dict[Choice, Row]:
    """A row per region; what they have in common is read and computed once."""
    found = {choice: _tried(case, choice, partial(_placed, case, choice)) for choice in choices}
    places = {choice: place for choice, place in found.items() if isinstance(place, Place)}
    boxes = cache(lambda: dict(zip(places, read(list(places.values())), strict=True)))
    rows = {choice: row for choice, row in found.items() if isinstance(row, Row)}
    measured = {
        choice: _tried(case, choice, partial(_measured, case, choice, places[choice], boxes)) for choice in places
    }
    return rows | measured


def _tried(case: Case, choice: Choice, attempt: Callable[[], Made]) -> Made | Row:
    """What an attempt gives, or the row of a region that cannot be measured."""
    try:
        return attempt()
    except RegionError as error:
        reason = str(error)
    except MemoryError:
        reason = f"measuring its box of {choice.box.size} voxels needs more memory than there is; free some"
    name = _text(choice.name)
    return Row(_text(case.name), name, {}, choice.notes, _about(choice), error=f"region {name}: {reason}")


def _placed(case: Case, choice: Choice) -> Place:
    return place_of(case.image, case.mask, choice, case.settings)


def _measured(case: Case, choice: Choice, place: Place, boxes: Callable[[], Mapping[Choice, NDArray[Any]]]) -> Row:
    region = Region.of(voxels_of(place, boxes()[choice], case.settings), case.settings)
    features, notes = measure(region)
    about = _about(choice) | {"voxels": region.values.size, "box": [side - 2 for side in region.box.shape]}
    if case.provenance is not None:
        about |= diagnose(case.provenance, case.mask, choice, region.snapshots)
    remarks = (*case.settings.notes, *choice.notes, *region.notes, *notes)
    return Row(_text(case.name), _text(choice.name), features, remarks, about)


def _about(choice: Choice) -> dict[str, Any]:
    return {"label": choice.label, "voxels": choice.voxels, "box": list(choice.box.shape)}


def _text(name: str) -> str:
    """A name that can be written: bytes of a file's name that are no text become question marks."""
    return name.encode(errors="replace").decode()
