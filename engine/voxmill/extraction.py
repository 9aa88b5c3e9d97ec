"""One case → rows: the features of every region of a mask in an image."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from voxmill.admission import using, with_room
from voxmill.cases import Case, open_case, open_image
from voxmill.choices import Asked, Choice, Refused
from voxmill.computing import ON_CPU, SHARING, Workplace, failure, is_full, name_of, open_device, parse_threads, release
from voxmill.diagnostics import diagnose
from voxmill.errors import RegionError, VoxmillError
from voxmill.execute import Turn
from voxmill.grid import Window
from voxmill.grouping import grouped
from voxmill.measures import measure, measure_shape
from voxmill.plan import merged
from voxmill.preparation import Prepared, Shared, preparing
from voxmill.regions import Region, counted
from voxmill.settings import Settings, parse_settings
from voxmill.table import Row, Table
from voxmill.volume import Source
from voxmill.voxels import MeasuredImage, Place, Voxels, bytes_held, place_of, seen_in
from voxmill_kernels.device import Device

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

    from voxmill.volume import Image, Mask

Given = TypeVar("Given")
MOST_TOGETHER = 1 << 24
"""So many voxels in the boxes of regions are enough for a device at a time; they are held until all is measured."""


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
    once, and go before those of the settings. `series` and `allow_gaps` are as for read_image. `device` is cpu,
    gpu, or auto: a GPU where one works. `threads` is how many regions are measured at a time. The rows are the same.

    A region that cannot be measured is a row with an error, also a label that is not there and a union of one; the
    others go on. Raises InputError when image or mask cannot be used and where none of `labels` is there, SettingsError
    for settings that make no sense. Safe to call from several threads.
    """
    workplace = Workplace(open_device(device), parse_threads(threads), SHARING.get())
    settings = parse_settings(settings)
    opened = open_image(image, series=series, allow_gaps=allow_gaps)
    case, choices = open_case(opened, mask, settings, labels)
    with using(workplace.device):
        return Table(_rows(case, choices, workplace), settings, name_of(workplace.device))


def _rows(case: Case, chosen: tuple[Asked, ...], workplace: Workplace) -> tuple[Row, ...]:
    """A row per region, in their order."""
    choices = tuple(one for one in chosen if isinstance(one, Choice))
    rows = _rows_of(case, choices, workplace) if choices else {}
    return tuple(_failed(case, one, one.why) if isinstance(one, Refused) else rows[one] for one in chosen)


def _rows_of(case: Case, choices: tuple[Choice, ...], workplace: Workplace) -> dict[Choice, Row]:
    """A row per region, of one at least; kernels leave the interpreter free, so that threads help."""
    groups = _groups(case, choices)
    if workplace.device is not None:
        groups = _joined(groups, workplace.threads)
    threads = min(workplace.threads, len(groups))
    if threads == 1:
        found = [_measured(case, workplace, group) for group in groups]
    else:
        context = copy_context()
        with ThreadPoolExecutor(threads, thread_name_prefix="voxmill") as pool:
            found = list(pool.map(lambda group: context.copy().run(_measured, case, workplace, group), groups))
    return {choice: row for group in found for choice, row in group.items()}


def _groups(case: Case, choices: tuple[Choice, ...]) -> list[tuple[Choice, ...]]:
    """The regions, those together that have boxes in common where these are made."""
    made = case.settings.resample or set(case.settings.images) != {"original"}
    return _overlapping(choices) if made else [(choice,) for choice in choices]


def _joined(groups: Sequence[tuple[Choice, ...]], threads: int) -> list[tuple[Choice, ...]]:
    """Fewer, larger groups for a device, as many as there are threads at least: what it counts, it counts together."""
    sizes = [sum(choice.box.size for choice in group) for group in groups]
    most = min(MOST_TOGETHER, sum(sizes) // threads)
    joined, size = [groups[0]], sizes[0]
    for group, more in zip(groups[1:], sizes[1:], strict=True):
        if size + more > most:
            joined, size = [*joined, group], more
        else:
            joined[-1], size = joined[-1] + group, size + more
    return joined


def _measured(case: Case, workplace: Workplace, choices: tuple[Choice, ...]) -> dict[Choice, Row]:
    """A row per region; where the device fails, whatever has become of it, all of them are measured here.

    But for several that are too much for its memory together: half of them are tried, and then the others.
    """
    if workplace.device is None:
        return _group(case, workplace, choices)
    try:
        return with_room(workplace.device, partial(_group, case, workplace, choices))
    except VoxmillError:
        raise
    except Exception as error:  # a case is never lost; of a mistake of ours the note says so
        note, full = f"{ON_CPU}{failure(error)}", is_full(error)
    release(workplace.device)
    if full and len(choices) > 1:
        middle = len(choices) // 2
        return _measured(case, workplace, choices[:middle]) | _measured(case, workplace, choices[middle:])
    here = replace(workplace, device=None)
    rows = {one: row for group in _groups(case, choices) for one, row in _group(case, here, group).items()}
    return {choice: replace(row, notes=(*row.notes, note)) for choice, row in rows.items()}


def _overlapping(choices: tuple[Choice, ...]) -> list[tuple[Choice, ...]]:
    """The regions, those together whose joint box has no more voxels than their boxes have."""
    joint = merged(choice.box for choice in choices)
    groups: dict[Window, list[Choice]] = {}
    for choice in choices:
        groups.setdefault(next(box for box in joint if box.contains(choice.box)), []).append(choice)
    return [tuple(group) for group in groups.values()]


def _group(case: Case, workplace: Workplace, choices: tuple[Choice, ...]) -> dict[Choice, Row]:
    """A row per region; on a device those together that it has room for."""
    attempts = Attempts(case, {}, shares_memory=workplace.device is not None or workplace.sharing > 1)
    places = attempts.of(choices, lambda choice: place_of(case.image, case.mask, choice, case.settings))
    if workplace.device is None:
        return _sharing(places, attempts, workplace) | attempts.failed
    held = {choice: bytes_held(place, case.image, case.settings) for choice, place in places.items()}
    rows: dict[Choice, Row] = {}
    for some in grouped(places, held.__getitem__, workplace.room):
        rows |= _sharing({choice: places[choice] for choice in some}, attempts, workplace)
    return rows | attempts.failed


def _sharing(places: Mapping[Choice, Place], attempts: "Attempts", workplace: Workplace) -> dict[Choice, Row]:
    """A row per region; what they have in common is read and computed once, and few boxes are held at a time."""
    case, together = attempts.case, workplace.device is not None
    work = Shared.of(case, places.values(), workplace)
    prepared = attempts.of(places, preparing(case, places, work))
    shapes = attempts.of(prepared, lambda one: _shape(prepared[one], case.settings))
    sights = _sights({choice: prepared[choice] for choice in shapes}, work)
    found = {choice: [shape] for choice, shape in shapes.items()}
    for choice, one in _together(sights, attempts, workplace) if together else _one_by_one(sights, attempts):
        found[choice].append(one)
    return {one: _row(case, one, prepared[one], found[one]) for one in found}


@dataclass(frozen=True)
class Attempts:
    """What is tried for the regions of a case. failed: the rows of those that cannot be measured.

    shares_memory: where memory that is too small says nothing of a region: it is a device's, or others may have it.
    """

    case: Case
    failed: dict[Choice, Row]
    shares_memory: bool

    def of(self, choices: Iterable[Choice], attempt: Callable[[Choice], Given]) -> dict[Choice, Given]:
        """What an attempt gives for each region, for which it gives something."""
        made: dict[Choice, Given] = {}
        for choice in choices:
            try:
                made[choice] = attempt(choice)
            except RegionError as error:
                self.failed[choice] = _failed(self.case, choice, str(error))
            except MemoryError:
                if self.shares_memory:
                    raise
                reason = f"measuring its box of {choice.box.size} voxels needs more memory than there is; free some"
                self.failed[choice] = _failed(self.case, choice, reason)
        return made


def _failed(case: Case, choice: Asked, reason: str) -> Row:
    name = _text(choice.name)
    notes = (*case.notes, *choice.notes)
    return Row(_text(case.name), name, {}, notes, _about(choice), error=f"region {name}: {reason}")


@dataclass(frozen=True)
class Found:
    """What was measured of a region, of its shape or in an image; an image that says nothing of it is left out."""

    features: Mapping[str, float]
    notes: tuple[str, ...]
    left_out: bool = False


@dataclass(frozen=True)
class Seen:
    """A region in an image, its textures not counted; without it, why it cannot be measured there."""

    choice: Choice
    image: str
    region: Region | None
    obstacle: str = ""

    @property
    def bytes_there(self) -> int:
        """How many bytes of a device it takes to hold its intensities, and to count its textures."""
        return 0 if self.region is None else self.region.values.nbytes + self.region.task.bytes_there()


Sight = tuple[Choice, Callable[[Choice], Seen]]
"""A region, and what looks at it in the image whose turn it is."""


def _sights(prepared: Mapping[Choice, Prepared], work: Shared) -> Iterator[Sight]:
    """All images of all regions; of regions that lie in one image, image by image: a box can soon be forgotten."""
    together: dict[Source, list[Choice]] = {}
    for choice, one in prepared.items():
        together.setdefault(one.voxels.image, []).append(choice)
    for choices in together.values():
        images = zip_longest(*(prepared[choice].images for choice in choices))
        turns = [(one, image) for turn in images for one, image in zip(choices, turn, strict=True) if image is not None]
        wanted = [(image.image, prepared[choice].voxels.window) for choice, image in turns if image.filtered]
        turn = work.in_turn("filters", wanted)
        for choice, image in turns:
            yield choice, partial(_see, prepared[choice].voxels, image, turn)


def _see(voxels: Voxels, image: MeasuredImage, turn: Turn, choice: Choice) -> Seen:
    """A region in an image, whose turn it is; raises RegionError where that is the original and it is no good."""
    try:
        seen = seen_in(voxels, turn()) if image.filtered else voxels
        return Seen(choice, image.name, Region.of(seen, image.settings))
    except RegionError as error:
        if image.name == "original":
            raise
        return Seen(choice, image.name, None, str(error))


def _one_by_one(sights: Iterable[Sight], attempts: Attempts) -> Iterator[tuple[Choice, Found]]:
    """What is measured of regions, nothing held any longer than that takes."""
    for choice, see in sights:
        yield from attempts.of([choice], partial(_found_here, see)).items()


def _together(sights: Iterable[Sight], attempts: Attempts, workplace: Workplace) -> Iterator[tuple[Choice, Found]]:
    """What is measured of regions, whose textures a device counts, many at once."""
    seen = (one for choice, see in sights for one in attempts.of([choice], see).values())
    for batch in batches(seen, workplace):
        for one in _counted(batch, workplace.device):
            yield from attempts.of([one.choice], partial(_found, one)).items()


def _found_here(see: Callable[[Choice], Seen], choice: Choice) -> Found:
    (seen,) = _counted([see(choice)])
    return _found(seen, choice)


def _counted(batch: Sequence[Seen], device: Device | None = None) -> list[Seen]:
    """The same with textures."""
    regions = iter(counted([one.region for one in batch if one.region is not None], device))
    return [one if one.region is None else replace(one, region=next(regions)) for one in batch]


def _found(seen: Seen, choice: Choice) -> Found:
    """What is measured of a region that was seen and counted."""
    del choice  # which `seen` is of
    image = seen.image
    if seen.region is None:
        return Found({}, (f"{image}: left out: {seen.obstacle}",), left_out=True)
    features, notes = measure(seen.region, image)
    return Found(features, notes if image == "original" else tuple(f"{image}: {note}" for note in notes))


def batches(seen: Iterable[Seen], workplace: Workplace) -> Iterator[list[Seen]]:
    """Those that are seen, in their order, as many at a time as there is room for on a device; one at least.

    Raises RoomError for one that needs more than the device has left.
    """
    room = workplace.room

    def needed(one: Seen) -> int:
        if (its := one.bytes_there) > room:
            workplace.require_room(its)
        return its

    return grouped(seen, needed, room)


def _shape(prepared: Prepared, settings: Settings) -> Found:
    features, notes = measure_shape(prepared.voxels, settings)
    return Found(features, (*notes, *prepared.notes))


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


def _about(choice: Asked) -> dict[str, Any]:
    box = None if choice.box is None else list(choice.box.shape)
    return {"label": choice.label, "voxels": choice.voxels, "box": box}


def _text(name: str) -> str:
    """A name that can be written: bytes of a file's name that are no text become question marks."""
    return name.encode(errors="replace").decode()
