"""What is done with a case: its images and masks are read, and written into the store."""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxmill.conversion.content import Reading
from voxmill.conversion.fit import fit_notes, shear_notes
from voxmill.conversion.kept import Kept, Keys, Row
from voxmill.discovery.cases import CaseSource, ImageSource, MaskSource, unlooked_at
from voxmill.discovery.found import OF_ANOTHER, FoundImage
from voxmill.discovery.headers import about_case, about_image
from voxmill.errors import InputError, UnrelatedError
from voxmill.io.fetching import stamps_of
from voxmill.io.remote import Location
from voxmill.passing import Unreachable, reading
from voxmill.privacy import Pseudonyms
from voxmill.runs.records import Record
from voxmill.runs.worker import CaseError
from voxmill.segments import DEFAULT_THRESHOLD
from voxmill.store import StoredImage, finish_case, new_case, write_image, write_mask
from voxmill.store.layout import folder_name
from voxmill.volume import Volume


@dataclass(frozen=True)
class Conversion:
    """A job: cases into a store.

    allow_gaps: whether missing slices are made up for. threshold: of what share of their maximum fractional
    segmentations are inside.
    """

    store: Path
    pseudonyms: Pseudonyms
    allow_gaps: bool = False
    threshold: float = DEFAULT_THRESHOLD

    def key(self, case: CaseSource) -> str:
        """Name, size and time of every file, wherever the folder lies now; made with the key, as names may tell."""
        return self._key(case.name, case.files)

    def _key(self, name: str, files: Iterable[Location]) -> str:
        stamps = sorted(stamp for place in files for stamp in stamps_of(place))
        return self.pseudonyms.key.name("files", json.dumps([name, stamps]))

    def _keys(self, case: CaseSource) -> Keys:
        """What the files of every image and mask are known by."""
        return {
            image.name: {
                "key": self._key(image.name, image.files),
                "masks": {mask.name: self._key(mask.name, [mask.path]) for mask in image.masks},
            }
            for image in case.images
            if not image.fault
        }

    def name(self, case: CaseSource) -> str:
        """Its name in the store."""
        return case.name

    def known(self, case: CaseSource) -> Mapping[str, Any]:
        """Whose it is, and of which study."""
        return {"about": dict(case.attributes)}

    def load(self, case: CaseSource) -> None:
        """Nothing: what reads a file is loaded with the first one of its format."""

    def do(self, case: CaseSource, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """Convert a case: a row for every image in the store, and one for all that could not be read.

        Of a case that is there, what is whole stays, and the rest is done (see Kept).
        """
        key, kept = self.key(case), Kept.of(self.store, case.name)
        if kept is not None and kept.is_whole(key):
            return kept.result
        under_way = self._begun(case, enter, kept)
        for image in case.images:
            under_way.convert(image)
        if not under_way.images:
            shutil.rmtree(under_way.folder, ignore_errors=True)
            failures = under_way.failures
            raise CaseError(failures[0]["sentence"], {"failures": failures}, failures[0]["reason"])
        images = list(under_way.images.values())
        result: Row = {"about": under_way.about, "images": images, "failures": under_way.failures}
        told: Row = {"key": key, **result, "files": under_way.written}
        enter("write")
        finish_case(under_way.folder, case.name, attributes=told)
        return result

    def is_transient(self, record: Record) -> bool:
        """Whether some of a case could not be reached, so that it is tried once more: then the rest of it is done."""
        return any(row.get("reason") == Unreachable.__name__ for row in record.result.get("failures", ()))

    def _begun(self, case: CaseSource, enter: Callable[[str], None], kept: Kept | None) -> "_UnderWay":
        """A case to go on with; raises InputError where the store has another of this name."""
        keys = self._keys(case)
        if kept is None:
            return _UnderWay(self, case, enter, new_case(self.store, case.name), keys, dict(case.attributes))
        kept.require_same(case, keys)
        written = kept.renewed(case, keys, Reading(self.allow_gaps, self.threshold))
        kept.clear()
        images = {row["image"]: dict(row) for row in kept.result["images"]}
        about, beside = dict(kept.result["about"]), kept.failures_beside(case)
        return _UnderWay(self, case, enter, kept.stored.folder, keys, about, images, written, beside)


@dataclass(frozen=True)
class _UnderWay:
    """A case that is being converted: rows of what is written into its folder, and of what could not be read.

    about: whose it is; of a table, as the first of its images that is DICOM says. images: rows by name. keys: what
    files are known by; written: the same, of what is in the store.
    """

    job: Conversion
    case: CaseSource
    enter: Callable[[str], None]
    folder: Path
    keys: Keys
    about: Row
    images: dict[str, Row] = field(default_factory=dict)
    written: dict[str, Row] = field(default_factory=dict)
    failures: list[Row] = field(default_factory=list)

    def convert(self, image: ImageSource) -> None:
        """Read and write an image, then its masks; of one that is written already, those that are not."""
        try:
            place = self.folder / folder_name(image.name)
            image.require_fetched()
            volume = self._kept(image, place) if image.name in self.written else self._added(image)
        except InputError as error:
            self._fail(error, image)
            return
        for mask in image.masks:
            if mask.name not in self.written[image.name]["masks"]:
                self._add_mask(mask, image, volume, place)

    def _kept(self, image: ImageSource, place: Path) -> Volume | StoredImage:
        """An image of the store; from its files where these alone tell whether a mask that is to come is of it."""
        is_to_come = any(mask.name not in self.written[image.name]["masks"] for mask in image.masks)
        if is_to_come and image.is_unlooked_at:
            return image.read(allow_gaps=self.job.allow_gaps).renamed(image.name, self._told)
        return _stored(image.name, place)

    def _added(self, image: ImageSource) -> Volume:
        """Read and write an image; raises InputError for one that cannot be read."""
        self.enter("read image")
        found = image.read(allow_gaps=self.job.allow_gaps)
        attributes = self._attributes(image, found)
        notes = (*shear_notes(found.volume.grid), *image.notes)
        volume = found.renamed(image.name, self._told, notes=notes)
        self.enter("write image")
        write_image(self.folder, volume, attributes=attributes)
        self.images[image.name] = {**_row(volume, attributes), "masks": 0, "regions": 0}
        self.written[image.name] = {"key": self.keys[image.name]["key"], "masks": {}}
        return volume

    def _attributes(self, image: ImageSource, found: FoundImage) -> Mapping[str, Any]:
        """What may be told of an image; where its header is met only now, that says whose the case is, too.

        Raises UnrelatedError where it is of another patient, by whose identifier the case would not be found.
        """
        if found.header is None:
            return image.attributes
        about = about_case(found.header, self.job.pseudonyms)
        if self.about.get("patient") and about["patient"] not in ("", self.about["patient"]):
            raise UnrelatedError(f"{image.name}: {OF_ANOTHER}")
        if not self.about:
            self.about.update(about)
        return {**image.attributes, **about_image(found.header, self.job.pseudonyms)}

    def _add_mask(self, mask: MaskSource, image: ImageSource, volume: Volume | StoredImage, place: Path) -> None:
        """Read and write a mask of an image; one whose name is none for a store is a failure too."""
        self.enter("read mask")
        try:
            folder_name(mask.name)
            read = mask.read(volume, threshold=self.job.threshold)
            found, fit = read.mask, fit_notes(volume, read.mask)
        except InputError as error:
            self._fail(error, image, mask)
            return
        self.enter("write mask")
        write_mask(place, found.renamed(mask.name, notes=list(map(mask.withheld, found.notes))))
        row = self.images[image.name]
        row["masks"], row["regions"] = row["masks"] + 1, row["regions"] + len(found.segments)
        row["notes"] = list(dict.fromkeys((*row["notes"], *fit, *read.replaced)))
        self.written[image.name]["masks"][mask.name] = self.keys[image.name]["masks"][mask.name]

    def _fail(self, error: InputError, image: ImageSource, mask: MaskSource | None = None) -> None:
        from_table = image.series is None and not self.job.pseudonyms.keep_ids
        told = unlooked_at(error, mask.path if mask else image.files[0]) if from_table else ""
        sentence = told or (mask or image).withheld(self._told(str(error)))
        where = {"image": image.name, "mask": mask.name if mask else ""}
        self.failures.append({**where, "reason": type(error).__name__, "sentence": self.case.place + sentence})

    def _told(self, sentence: str) -> str:
        return self.job.pseudonyms.told(sentence, self.case.secrets)


def _stored(name: str, place: Path) -> StoredImage:
    """An image that is in the store; raises InputError."""
    with reading(name):
        return StoredImage.of(place)


def _row(volume: Volume, attributes: Mapping[str, Any]) -> Row:
    """What the index says of an image: shape and spacing x, y, z."""
    grid = volume.grid
    about = {key: value for key, value in attributes.items() if key != "dicom"}
    return {
        "image": volume.name,
        **about,
        "shape": list(grid.shape[::-1]),
        "spacing_mm": list(grid.spacing),
        "dtype": str(volume.dtype),
        "notes": list(volume.notes),
        **attributes.get("dicom", {}),
    }
