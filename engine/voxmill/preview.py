"""What an extraction would do: the boxes that it reads and makes for every region, without measuring anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxmill.cases import Case, open_case
from voxmill.choices import Asked
from voxmill.errors import RegionError
from voxmill.execute import chain_of
from voxmill.grid import Index, Point, Window
from voxmill.operators.operator import Form
from voxmill.operators.resample import OntoGrid
from voxmill.operators.words import words, words_of_fact
from voxmill.plan import Task, Want, plan
from voxmill.settings import Settings
from voxmill.voxels import MeasuredImage, Place, images_of, place_of

if TYPE_CHECKING:
    import SimpleITK

    from voxmill.volume import Image, Mask

READ = "read"
"""The work of a box that nothing is done to."""


@dataclass(frozen=True)
class PlannedBox:
    """A box that is read or made: by what work, in words, and for which images, by their names in columns.

    shape: z, y, x. spacing: x, y, z in mm. halo: how many voxels more than this box the boxes that it is made from
    have along z, y, x, both sides together; None where they lie on another grid, or nothing is needed.
    """

    work: str
    images: tuple[str, ...]
    shape: Index
    spacing: Point
    halo: Index | None
    bytes: int


@dataclass(frozen=True)
class PlannedFact:
    """What must be known of a whole image first: in words, of the image after what work, and for which images."""

    words: str
    after: str
    images: tuple[str, ...]


@dataclass(frozen=True)
class PlannedRegion:
    """A region: the shape of its box (z, y, x) where it is measured, and all that is found, read and made for it.

    Boxes stand after those that they are made from. error: why it cannot be measured, else None; then it has no shape.
    """

    name: str
    shape: Index | None
    boxes: tuple[PlannedBox, ...] = ()
    facts: tuple[PlannedFact, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None


def preview(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: Settings,
    labels: int | str | Iterable[int | str] | None = None,
) -> list[PlannedRegion]:
    """What an extraction does for every region, each box once.

    Facts of the whole image are found for it. Resegmentation, which is done by intensities, is not foreseen: boxes
    are those of the region before it. Raises as `extract`.
    """
    case, choices = open_case(image, mask, settings, labels)
    return [_region(case, choice) for choice in choices]


def _region(case: Case, choice: Asked) -> PlannedRegion:
    notes = (*case.settings.notes, *case.notes, *choice.notes)
    try:
        place = place_of(case.image, case.mask, choice, case.settings)
    except RegionError as error:
        return PlannedRegion(choice.name, None, notes=notes, error=str(error))
    images, left_out = images_of(place.source, case.settings)
    if case.settings.resegment is not None:
        left_out.append("boxes are those of the region before it is resegmented, which may make them smaller")
    notes = (*notes, *place.notes, *left_out)
    boxes, facts = tuple(_boxes(place, images)), tuple(_facts(images))
    return PlannedRegion(choice.name, place.window.shape, boxes, facts, notes)


def _boxes(place: Place, images: Sequence[MeasuredImage]) -> Iterator[PlannedBox]:
    chains = [chain_of(one.image) for one in images]
    origin = next((chain[0].given for chain in chains if chain), Form(place.source.grid, place.source.dtype))
    planned = plan([Want(chain, place.window) for chain in chains])
    for task, names in _users(zip(images, planned, strict=True)).items():
        made = task.chain[-1].made if task.chain else origin
        work = words(task.chain[-1].operator) if task.chain else READ
        size = task.window.size * made.dtype.itemsize
        yield PlannedBox(work, tuple(names), task.window.shape, made.grid.spacing, _halo(task), size)


def _users(planned: Iterable[tuple[MeasuredImage, tuple[Window, Task]]]) -> Mapping[Task, list[str]]:
    """Every task, after those that it needs, and the names of the images that it is done for."""
    users: dict[Task, list[str]] = {}
    for image, (_, task) in planned:
        _visit(task, image.name, users)
    return users


def _visit(task: Task, name: str, users: dict[Task, list[str]]) -> None:
    if name in users.get(task, ()):
        return
    for _, needed in task.inputs:
        _visit(needed, name, users)
    users.setdefault(task, []).append(name)


def _halo(task: Task) -> Index | None:
    """How many voxels more are needed along z, y, x; windows of one box are parts of it along the axis it wraps at."""
    if not task.chain or isinstance(task.chain[-1].operator, OntoGrid):
        return None
    needed = [window for window, _ in task.inputs]
    z, y, x = (_sum_along(axis, needed) - task.window.shape[axis] for axis in range(3))
    return max(0, z), max(0, y), max(0, x)


def _sum_along(axis: int, windows: Sequence[Window]) -> int:
    """The number of different indices along an axis."""
    return len({index for window in windows for index in range(window.start[axis], window.stop[axis])})


def _facts(images: Sequence[MeasuredImage]) -> Iterator[PlannedFact]:
    """What operators know of the whole of what they are given; the same for several images once."""
    users: dict[tuple[str, str], dict[str, None]] = {}
    for image in images:
        after = ""
        for link in chain_of(image.image):
            for fact in link.operator.facts:
                users.setdefault((words_of_fact(link.facts[fact]), after), {})[image.name] = None
            after = words(link.operator)
    for (said, after), names in users.items():
        yield PlannedFact(said, after, tuple(names))
