"""One case → rows: the features of every region of a mask in an image."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from voxmill.cases import Case, open_case, open_image
from voxmill.choices import Choice
from voxmill.computing import open_device, parse_threads
from voxmill.diagnostics import diagnose
from voxmill.errors import RegionError
from voxmill.execute import Turn, in_turn
from voxmill.grid import Window
from voxmill.measures import measure, measure_shape
from voxmill.plan import merged
from voxmill.regions import Region
from voxmill.settings import Settings, parse_settings
from voxmill.table import Row, Table
from voxmill.volume import Source, Volume
from voxmill.voxels import (
    MeasuredImage,
    Place,
    Voxels,
    images_of,
    is_kept,
    place_of,
    seen_in,
    voxels_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

    from voxmill.volume import Image, Mask

Box = NDArray[Any]
Made = TypeVar("Made")


def extract(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: "Settings | Mapping[str, Any] | str | Path | None" = None,
    labels: int | str | Iterable[int | str] | None = None,
    series: str | int | None = None,
    allow_gaps: bool = False,
    device: str = "auto",
    threads: int = 1,
) -> Table:
    """The features of every region of a mask: one row each, labels first, in their order, then unions.

    `image` and `mask` are a Volume and a Mask, paths, SimpleITK images, or an image of a store and its mask. `settings`
    are Settings, a mapping of them as for Settings.parse or Settings.from_pyradiomics, or a path as for Settings.read;
    PyRadiomics' defaults when None. `labels` (numbers, names, patterns of names, names of unions) choose regions, each
    once, and go before those of the settings. `series` and `allow_gaps` are as for read_image. `device` is auto or cpu.
    `threads` is how many regions are measured at a time: the rows are the same.

    A region that cannot be measured is a row with an error; the others go on. Raises InputError when image or mask
    cannot be used, SettingsError for settings that make no sense. Safe to call from several threads.
    """
    open_device(device)
    threads = parse_threads(threads)
    settings = parse_settings(settings)
    opened = open_image(image, series=series, allow_gaps=allow_gaps)
    case, choices = open_case(opened, mask, settings, labels)
    return Table(_rows(case, choices, threads), settings)


def _rows(case: Case, choices: tuple[Choice, ...], threads: int) -> tuple[Row, ...]:
    """A row per region, in their order; kernels leave the interpreter free, so that threads help."""
    made = case.settings.resample or set(case.settings.images) != {"original"}
    groups = _overlapping(choices) if made else [(choice,) for choice in choices]
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
    """A row per region; what they have in common is read and computed once, and few boxes are held at a time."""
    rows: dict[Choice, Row] = {}
    tried = partial(_tried, case, rows)
    places = tried(choices, lambda choice: place_of(case.image, case.mask, choice, case.settings))
    prepared = tried(places, _preparing(case, places))
    found = {one: [shape] for one, shape in tried(prepared, lambda one: _shape(prepared[one], case.settings)).items()}
    for turns in _turns({choice: prepared[choice] for choice in found}):
        wanted = [(image.image, prepared[choice].voxels.window) for choice, image in turns if image.filtered]
        turn = in_turn("filters", wanted)
        for choice, image in turns:
            found[choice] += tried([choice], partial(_in_image, prepared, image, turn)).values()
    return {one: _row(case, one, prepared[one], found[one]) for one in found} | rows


def _tried(
    case: Case, failed: dict[Choice, Row], choices: Iterable[Choice], attempt: Callable[[Choice], Made]
) -> dict[Choice, Made]:
    """What an attempt gives for each region; a region that cannot be measured has its row among those that failed."""
    made: dict[Choice, Made] = {}
    for choice in choices:
        try:
            made[choice] = attempt(choice)
        except RegionError as error:
            failed[choice] = _failed(case, choice, str(error))
        except MemoryError:
            reason = f"measuring its box of {choice.box.size} voxels needs more memory than there is; free some"
            failed[choice] = _failed(case, choice, reason)
    return made


def _failed(case: Case, choice: Choice, reason: str) -> Row:
    name = _text(choice.name)
    notes = (*case.notes, *choice.notes)
    return Row(_text(case.name), name, {}, notes, _about(choice), error=f"region {name}: {reason}")


def _preparing(case: Case, places: Mapping[Choice, Place]) -> "Callable[[Choice], Prepared]":
    """What prepares the regions of these places, in their order; images made for regions are kept where that pays."""
    kept = {choice: is_kept(place, case.image, case.settings) for choice, place in places.items()}
    wholes = {one: Window.whole(place.source.grid.shape) for one, place in places.items() if kept[one]}
    turn = in_turn("prepare", [(place.source, wholes.get(one, place.window)) for one, place in places.items()])
    images: dict[Source, Volume] = {}

    def prepare(choice: Choice) -> Prepared:
        place, box = places[choice], turn()
        if kept[choice]:
            image = images.setdefault(place.source, Volume(box, place.source.grid))
            place, box = replace(place, source=image), image.read(place.window)
        return Prepared.of(place, box, case.settings)

    return prepare


@dataclass(frozen=True)
class Prepared:
    """A region with the images that it is measured in, and notes on those that cannot be made."""

    voxels: Voxels
    images: tuple[MeasuredImage, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, place: Place, box: Box, settings: Settings) -> "Prepared":
        """The region of a place, whose box this is; raises RegionError when it cannot be measured."""
        voxels = voxels_of(place, box, settings)
        images, notes = images_of(voxels.image, settings)
        return cls(voxels, tuple(images), tuple(notes))


@dataclass(frozen=True)
class Found:
    """What was measured of a region, of its shape or in an image; an image that says nothing of it is left out."""

    features: Mapping[str, float]
    notes: tuple[str, ...]
    left_out: bool = False


def _turns(prepared: Mapping[Choice, Prepared]) -> Iterator[list[tuple[Choice, MeasuredImage]]]:
    """For regions that lie in one image, all images of each: image by image, so that a box can soon be forgotten."""
    together: dict[Source, list[Choice]] = {}
    for choice, one in prepared.items():
        together.setdefault(one.voxels.image, []).append(choice)
    for choices in together.values():
        turns = zip_longest(*(prepared[choice].images for choice in choices))
        yield [
            (one, image) for images in turns for one, image in zip(choices, images, strict=True) if image is not None
        ]


def _shape(prepared: Prepared, settings: Settings) -> Found:
    features, notes = measure_shape(prepared.voxels, settings)
    return Found(features, (*notes, *prepared.notes))


def _in_image(prepared: Mapping[Choice, Prepared], image: MeasuredImage, turn: Turn, choice: Choice) -> Found:
    """What is measured of a region in an image, whose turn it is; raises RegionError where that is the original."""
    voxels = prepared[choice].voxels
    try:
        seen = seen_in(voxels, turn()) if image.filtered else voxels
        features, notes = measure(Region.of(seen, image.settings), image.name)
    except RegionError as error:
        if image.name == "original":
            raise
        return Found({}, (f"{image.name}: left out: {error}",), left_out=True)
    return Found(features, notes if image.name == "original" else tuple(f"{image.name}: {note}" for note in notes))


def _row(case: Case, choice: Choice, prepared: Prepared, found: Sequence[Found]) -> Row:
    voxels = prepared.voxels
    features = {name: value for one in found for name, value in one.features.items()}
    notes = [
        *case.settings.notes,
        *case.notes,
        *choice.notes,
        *voxels.notes,
        *(note for one in found for note in one.notes),
    ]
    about = _about(choice) | {"voxels": voxels.values.size, "box": list(voxels.window.shape)}
    if case.provenance is not None:
        about |= diagnose(case.provenance, case.mask, choice, voxels.snapshots)
    left_out = len(prepared.notes) + sum(one.left_out for one in found)
    return Row(_text(case.name), _text(choice.name), features, tuple(notes), about, left_out=left_out)


def _about(choice: Choice) -> dict[str, Any]:
    return {"label": choice.label, "voxels": choice.voxels, "box": list(choice.box.shape)}


def _text(name: str) -> str:
    """A name that can be written: bytes of a file's name that are no text become question marks."""
    return name.encode(errors="replace").decode()
