"""What is done with a case: its images and masks are read, and written into the store."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill._version import __version__
from voxmill.conversion.cases import CaseSource, ImageSource
from voxmill.errors import InputError
from voxmill.io import read_image
from voxmill.io.masks import read_mask_near
from voxmill.privacy import Names
from voxmill.store import finish_case, new_case, open_store, write_image, write_mask
from voxmill.volume import Volume

Row = dict[str, Any]


@dataclass(frozen=True)
class Conversion:
    """A job: cases into a store. `allow_gaps`: whether missing slices are made up for."""

    store: Path
    names: Names
    allow_gaps: bool = False

    def key(self, case: CaseSource) -> str:
        """Path, size and time of every file, the names, and how they are read."""
        files = [(str(path), *_stamp(path)) for path in case.files]
        asked = [__version__, self.allow_gaps, self.names.keep_ids, case.name, files]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def name(self, case: CaseSource) -> str:
        """Its name in the store."""
        return case.name

    def do(self, case: CaseSource, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """Convert a case: a row for every image in the store, and one for all that could not be read."""
        key = self.key(case)
        kept = self._kept(case, key)
        if kept is not None:
            return kept
        folder, rows, failures = new_case(self.store, case.name), list[Row](), list[Row]()
        for image in case.images:
            rows += self._convert(image, case, folder, (enter, failures))
        if not rows:
            shutil.rmtree(folder, ignore_errors=True)
            raise InputError(failures[0]["sentence"])
        result: Row = {"about": dict(case.attributes), "images": rows, "failures": failures}
        enter("write")
        finish_case(folder, case.name, attributes={"key": key, **result})
        return result

    def _kept(self, case: CaseSource, key: str) -> Row | None:
        """What came out of a case that is whole in the store, its record lost; None for one that is not there.

        Raises InputError where the store has another case of this name.
        """
        store = open_store(self.store)
        if case.name not in store.names:
            return None
        known = store.case(case.name).attributes
        if known.get("key") != key:
            raise InputError(
                f"the store has a case {case.name} already, of other files, or these have changed; remove it first "
                "(voxmill remove), or give this one another name"
            )
        return {name: known[name] for name in ("about", "images", "failures")}

    def _convert(
        self, image: ImageSource, case: CaseSource, folder: Path, heard: tuple[Callable[[str], None], list[Row]]
    ) -> Iterator[Row]:
        """Read and write an image and its masks: its row, none where it cannot be read."""
        enter, failures = heard
        try:
            enter("read image")
            volume = self._read(image, case)
        except InputError as error:
            failures.append(self._failure(image.name, "", error, case))
            return
        enter("write image")
        place = write_image(folder, volume, attributes=image.attributes)
        regions = 0
        written: list[str] = []
        for mask in image.masks:
            try:
                enter("read mask")
                found = read_mask_near(mask.path, volume)
            except InputError as error:
                failures.append(self._failure(image.name, mask.name, error, case))
                continue
            enter("write mask")
            notes = tuple(self.names.told(note, case.secrets) for note in found.notes)
            write_mask(place, found.renamed(mask.name, notes=notes))
            written.append(mask.name)
            regions += len(found.segments)
        yield {**_row(volume, image), "masks": len(written), "regions": regions}

    def _read(self, image: ImageSource, case: CaseSource) -> Volume:
        """The volume of an image, by the name that it has in the store, with notes that may be told."""
        if image.series is not None:
            from voxmill.io.dicom import read_series

            volume = read_series(image.series, allow_gaps=self.allow_gaps)
        else:
            volume = read_image(image.files[0], allow_gaps=self.allow_gaps)
        notes = tuple(self.names.told(note, case.secrets) for note in volume.notes)
        return volume.renamed(image.name, notes=notes)

    def _failure(self, image: str, mask: str, error: InputError, case: CaseSource) -> Row:
        sentence = case.place + self.names.told(str(error), case.secrets)
        return {"image": image, "mask": mask, "sentence": sentence}


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; of one that cannot be reached 0: reading it says why."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


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
