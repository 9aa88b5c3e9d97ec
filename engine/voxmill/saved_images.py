"""The images that an extraction measures regions in, saved to be looked at."""

from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxmill.cases import Case, open_case
from voxmill.choices import Asked
from voxmill.errors import OutputError, RegionError
from voxmill.execute import share
from voxmill.io import write_image, write_mask
from voxmill.settings import Settings
from voxmill.volume import Mask, Volume
from voxmill.voxels import images_of, place_of, voxels_of

if TYPE_CHECKING:
    import SimpleITK

    from voxmill.volume import Image


def save_images(
    image: "Image | str | Path | SimpleITK.Image",
    mask: "Mask | str | Path | SimpleITK.Image",
    folder: Path,
    *,
    settings: Settings,
    labels: int | str | Iterable[int | str] | None = None,
) -> list[Path]:
    """Write the boxes of every region, in every image that it is measured in, and its mask there, as NRRD files.

    `CASE_REGION_IMAGE.nrrd` and `CASE_REGION_mask.nrrd`, with the place that they have in space; regions that would
    have the same files are numbered, in their order. Regions that cannot be measured have none. Raises OutputError when
    a file cannot be written.
    """
    case, choices = open_case(image, mask, settings, labels)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder.name}: cannot be made: {error.strerror}; choose another folder") from None
    stems = _each_otherwise("_".join(map(_plain, (case.name, choice.name))) for choice in choices)
    return [path for choice, stem in zip(choices, stems, strict=True) for path in _saved(case, choice, folder / stem)]


def _each_otherwise(names: Iterable[str]) -> Iterator[str]:
    """The names, with a number from 2 where one was there before, in capitals or not."""
    taken: set[str] = set()
    for name in names:
        numbered = chain((name,), (f"{name}-{number}" for number in count(2)))
        chosen = next(one for one in numbered if one.casefold() not in taken)
        taken.add(chosen.casefold())
        yield chosen


def _saved(case: Case, choice: Asked, stem: Path) -> Iterator[Path]:
    """The files of a region, whose paths begin with this one."""
    try:
        place = place_of(case.image, case.mask, choice, case.settings)
        voxels = voxels_of(place, place.source.read(place.window), case.settings)
    except RegionError:
        return
    grid = voxels.image.grid.crop(voxels.window)
    images, _ = images_of(voxels.image, case.settings)
    boxes = share([one.image for one in images], [voxels.window] * len(images)) if images else ()
    for one, made in zip(images, boxes, strict=True):
        path = stem.with_name(f"{stem.name}_{_plain(one.name)}.nrrd")
        write_image(Volume(np.ascontiguousarray(made), grid, name=one.name), path)
        yield path
    path = stem.with_name(f"{stem.name}_mask.nrrd")
    write_mask(Mask(voxels.box[1:-1, 1:-1, 1:-1].astype(np.uint8), grid), path)
    yield path


def _plain(name: str) -> str:
    """A name as part of the name of a file: letters, digits, - and . stay."""
    return "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in name)
