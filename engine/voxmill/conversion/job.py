"""What is done with a case: its images and masks are read, and written into the store."""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxmill.discovery.cases import UNTOLD, CaseSource, ImageSource, MaskSource, stamp_of
from voxmill.errors import InputError
from voxmill.io.formats import is_dicom, parts_of
from voxmill.io.masks import read_mask_near
from voxmill.privacy import Pseudonyms
from voxmill.store import finish_case, is_store, new_case, open_store, write_image, write_mask
from voxmill.store.layout import folder_name
from voxmill.volume import Mask, Volume

Row = dict[str, Any]


@dataclass(frozen=True)
class Conversion:
    """A job: cases into a store. `allow_gaps`: whether missing slices are made up for."""

    store: Path
    pseudonyms: Pseudonyms
    allow_gaps: bool = False

    def key(self, case: CaseSource) -> str:
        """Name, size and time of every file, wherever the folder lies now; made with the key, as names may tell."""
        files = sorted((part.name, *stamp_of(part)) for path in case.files for part in parts_of(path))
        return self.pseudonyms.key.name("files", json.dumps([case.name, files]))

    def name(self, case: CaseSource) -> str:
        """Its name in the store."""
        return case.name

    def do(self, case: CaseSource, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """Convert a case: a row for every image in the store, and one for all that could not be read."""
        key = self.key(case)
        kept = self._kept(case, key)
        if kept is not None:
            return kept
        under_way = _UnderWay(self, case, enter, new_case(self.store, case.name))
        for image in case.images:
            under_way.convert(image)
        if not under_way.images:
            shutil.rmtree(under_way.folder, ignore_errors=True)
            raise InputError(under_way.failures[0]["sentence"])
        result: Row = {"about": dict(case.attributes), "images": under_way.images, "failures": under_way.failures}
        enter("write")
        finish_case(under_way.folder, case.name, attributes={"key": key, **result})
        return result

    def _kept(self, case: CaseSource, key: str) -> Row | None:
        """What came out of a case that is whole in the store, its record lost; None for one that is not there.

        Raises InputError where the store has another case of this name.
        """
        if not is_store(self.store / folder_name(case.name)):
            return None
        known = open_store(self.store).case(case.name).attributes
        if known.get("key") != key:
            raise InputError(
                f"the store has a case {case.name} already, of other files, or these have changed; remove it first "
                "(voxmill remove), or give this one another name"
            )
        return {name: known[name] for name in ("about", "images", "failures")}


@dataclass(frozen=True)
class _UnderWay:
    """A case that is being converted: rows of what is written into its folder, and of what could not be read."""

    job: Conversion
    case: CaseSource
    enter: Callable[[str], None]
    folder: Path
    images: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)

    def convert(self, image: ImageSource) -> None:
        """Read and write an image, then its masks."""
        self.enter("read image")
        try:
            volume = self._volume(image)
        except InputError as error:
            self._fail(error, image)
            return
        self.enter("write image")
        place = write_image(self.folder, volume, attributes=image.attributes)
        masks = [found for mask in image.masks if (found := self._add_mask(mask, image, volume, place)) is not None]
        regions = sum(len(mask.segments) for mask in masks)
        self.images.append({**_row(volume, image), "masks": len(masks), "regions": regions})

    def _volume(self, image: ImageSource) -> Volume:
        """The volume of an image, by the name that it has in the store, with notes that may be told."""
        volume = image.read(allow_gaps=self.job.allow_gaps)
        return volume.renamed(image.name, notes=self._told(volume.notes))

    def _add_mask(self, mask: MaskSource, image: ImageSource, volume: Volume, place: Path) -> Mask | None:
        """Read and write a mask of an image; None for one that cannot be read."""
        self.enter("read mask")
        try:
            found = read_mask_near(mask.path, volume)
        except InputError as error:
            self._fail(error, image, mask)
            return None
        self.enter("write mask")
        write_mask(place, found.renamed(mask.name, notes=self._told(found.notes)))
        return found

    def _fail(self, error: InputError, image: ImageSource, mask: MaskSource | None = None) -> None:
        (sentence,) = self._told([str(error)])
        from_table = image.series is None and not self.job.pseudonyms.keep_ids
        if from_table and is_dicom(mask.path if mask else image.files[0]):  # whose messages repeat its headers
            sentence = UNTOLD
        self.failures.append(
            {"image": image.name, "mask": mask.name if mask else "", "sentence": self.case.place + sentence}
        )

    def _told(self, texts: Iterable[str]) -> list[str]:
        return [self.job.pseudonyms.told(one, self.case.secrets) for one in texts]


def _row(volume: Volume, image: ImageSource) -> Row:
    """What the index says of an image: shape and spacing x, y, z."""
    grid = volume.grid
    about = {key: value for key, value in image.attributes.items() if key != "dicom"}
    return {
        "image": image.name,
        **about,
        "shape": list(grid.shape[::-1]),
        "spacing_mm": list(grid.spacing),
        "dtype": str(volume.dtype),
        "notes": list(volume.notes),
        **image.attributes.get("dicom", {}),
    }
