"""What an extraction does, to look at: its plan, and the images that it measures regions in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxmill.cases import Case, open_case
from voxmill.choices import Choice
from voxmill.errors import OutputError, RegionError
from voxmill.execute import chain_of
from voxmill.io import write_image, write_mask
from voxmill.plan import Task, Want, plan
from voxmill.settings import Settings
from voxmill.volume import Mask, Volume
from voxmill.voxels import images_of, place_of, read, voxels_of

if TYPE_CHECKING:
    import SimpleITK

    from voxmill.volume import Image


@dataclass(frozen=True)
class PlannedBox:
    """A box that is made, or read where there is no operator: for which region, by what, of which shape (z, y, x).

    given: the shapes of the boxes that it is made from. bytes: how large it is. reason: why nothing is made.
    """

    region: str
    operator: str
    shape: tuple[int, int, int] | None = None
    given: tuple[tuple[int, int, int], ...] = ()
    bytes: int = 0
    reason: str = ""


def inspect_plan(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    *,
    settings: Settings,
    labels: int | str | Iterable[int | str] | None = None,
) -> list[PlannedBox]:
    """The boxes that an extraction reads and makes for every region, each once, in the order in which they are made.

    Facts of the whole image are found for it. Resegmentation, which is done by intensities, is not foreseen: boxes
    are those of the region before it.
    """
    case, choices = open_case(image, mask, settings, labels)
    return [box for choice in choices for box in _planned(case, choice)]


def _planned(case: Case, choice: Choice) -> Iterator[PlannedBox]:
    try:
        place = place_of(case.image, case.mask, choice, case.settings)
        images, notes = images_of(place.source, case.settings)
    except RegionError as error:
        yield PlannedBox(choice.name, "", reason=str(error))
        return
    for note in notes:
        yield PlannedBox(choice.name, "", reason=note)
    seen: set[Task] = set()
    for _, task in plan([Want(chain_of(one.image), place.window) for one in images]):
        yield from _boxes(choice.name, task, seen, case.image.dtype.itemsize)


def _boxes(region: str, task: Task, seen: set[Task], itemsize: int) -> Iterator[PlannedBox]:
    """A task after those that it needs; `itemsize` is the size of a voxel of the source."""
    if task in seen:
        return
    seen.add(task)
    for _, needed in task.inputs:
        yield from _boxes(region, needed, seen, itemsize)
    given = tuple(window.shape for window, _ in task.inputs)
    if not task.chain:
        yield PlannedBox(region, "read", task.window.shape, (), task.window.size * itemsize)
        return
    link = task.chain[-1]
    size = task.window.size * link.made.dtype.itemsize
    yield PlannedBox(region, repr(link.operator), task.window.shape, given, size)


def save_images(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    folder: Path,
    *,
    settings: Settings,
    labels: int | str | Iterable[int | str] | None = None,
) -> list[Path]:
    """Write the boxes of every region, in every image that it is measured in, and its mask there, as NRRD files.

    `CASE_REGION_IMAGE.nrrd` and `CASE_REGION_mask.nrrd`, with the place that they have in space. Regions that cannot be
    measured have none. Raises OutputError when a file cannot be written.
    """
    case, choices = open_case(image, mask, settings, labels)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder.name}: cannot be made: {error.strerror}; choose another folder") from None
    return [path for choice in choices for path in _saved(case, choice, folder)]


def _saved(case: Case, choice: Choice, folder: Path) -> Iterator[Path]:
    try:
        place = place_of(case.image, case.mask, choice, case.settings)
        (box,) = read([(place.source, place.window)])
        voxels = voxels_of(place, box, case.settings)
    except RegionError:
        return
    grid = voxels.image.grid.crop(voxels.window)
    name = "_".join(map(_plain, (case.name, choice.name)))
    images, _ = images_of(voxels.image, case.settings)
    for one, made in zip(images, read([(one.image, voxels.window) for one in images]), strict=True):
        path = folder / f"{name}_{_plain(one.name)}.nrrd"
        write_image(Volume(np.ascontiguousarray(made), grid, name=one.name), path)
        yield path
    path = folder / f"{name}_mask.nrrd"
    write_mask(Mask(voxels.box[1:-1, 1:-1, 1:-1].astype(np.uint8), grid), path)
    yield path


def _plain(name: str) -> str:
    """A name as part of the name of a file: letters, digits, - and . stay."""
    return "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in name)
