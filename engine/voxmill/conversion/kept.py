"""A case that is in the store already: what of it stays as it is, and what is still to be done.

What is whole is never touched. Images and masks that failed, or that were not there, are converted when they are; where
what is in the files of what is whole has changed, the case is refused.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill.conversion.content import Reading, is_same
from voxmill.discovery.cases import CaseSource, ImageSource
from voxmill.errors import InputError
from voxmill.store import StoredCase, erase, erase_mask, is_store, open_store
from voxmill.store.layout import folder_name

Row = dict[str, Any]
Keys = Mapping[str, Any]
"""Of every image of a case, by name: `key`, what its files are known by, and `masks`, the same of each mask."""


@dataclass(frozen=True)
class Kept:
    """A case as its attributes in the store tell it; `key` is that of all files of the source that it was made of."""

    stored: StoredCase
    key: str
    result: Row
    keys: Keys

    @classmethod
    def of(cls, store: Path, name: str) -> "Kept | None":
        """The case of this name; None where the store has none that is whole."""
        if not is_store(store / folder_name(name)):
            return None
        stored = open_store(store).case(name)
        known: Mapping[str, Any] = stored.attributes
        result = {part: known[part] for part in ("about", "images", "failures") if part in known}
        return cls(stored, str(known.get("key", "")), result, known.get("files") or {})

    def is_whole(self, key: str) -> bool:
        """Whether nothing is left to do for files of this key."""
        return self.key == key and not (self.result["failures"] and self.keys)

    def require_same(self, case: CaseSource, keys: Keys) -> None:
        """Raise InputError where this is another case: of another patient or study, or of other files altogether.

        A study may come in parts that have nothing in common. Whose the case of a table is, its files say alone: it may
        gain images and masks or lack some, not both, as then those that it lacks may be there by other names.
        """
        whose = {name: case.attributes[name] for name in ("patient", "study") if name in case.attributes}
        if any(self.result["about"].get(name) != one for name, one in whose.items()):
            raise InputError(
                f"the store has a case {case.name} already, of another patient or study; convert this one into a store "
                "of its own, or remove the other first (voxmill remove)"
            )
        common = [name for name in keys if name in self.keys]
        is_other = not self.keys or (bool(keys) and not common and not case.attributes.get("study"))
        of_table = [image.name for image in case.images if image.series is None and image.name in common]
        masks = [(self.keys[name]["masks"], keys[name]["masks"]) for name in of_table]
        is_exchanged = bool(of_table) and any(_exchanged(*pair) for pair in ((self.keys, keys), *masks))
        if is_other or is_exchanged:
            raise _other_files(case)

    def renewed(self, case: CaseSource, now: Keys, how: Reading) -> dict[str, Row]:
        """What is whole, by what its files are known by now; those whose times or names have changed are read again.

        Raises InputError where their content has changed.
        """
        known = {name: {"key": one["key"], "masks": dict(one["masks"])} for name, one in self.keys.items()}
        for image in case.images:
            if image.name not in known or image.name not in now:
                continue
            if not self._holds(image, now[image.name], how):
                raise _other_files(case)
            there, keys = known[image.name], now[image.name]
            there["key"] = keys["key"]
            there["masks"] |= {name: key for name, key in keys["masks"].items() if name in there["masks"]}
        return known

    def _holds(self, image: ImageSource, now: Mapping[str, Any], how: Reading) -> bool:
        """Whether what is in the files of an image, and of its masks that are whole, is in the store."""
        known = self.keys[image.name]
        masks = [mask for mask in image.masks if mask.name in known["masks"]]
        others = [mask for mask in masks if known["masks"][mask.name] != now["masks"][mask.name]]
        whole = known["key"] != now["key"]
        return not (whole or others) or is_same(image, others, self.stored.image(image.name), how, whole=whole)

    def failures_beside(self, case: CaseSource) -> list[Row]:
        """What could not be read of images that are not among those of a case now."""
        names = {image.name for image in case.images}
        return [row for row in self.result["failures"] if row["image"] not in names]

    def clear(self) -> None:
        """Erase what an interruption has left: images and masks that are written, and not told of."""
        told = {folder_name(name): one["masks"] for name, one in self.keys.items()}
        for image in self.stored.images:
            if image.folder.name not in told:
                erase(image.folder)
                continue
            masks = set(map(folder_name, told[image.folder.name]))
            for mask in image.masks:
                if folder_name(mask.name) not in masks:
                    erase_mask(image.folder, mask.name)


def _exchanged(before: Collection[str], now: Collection[str]) -> bool:
    """Whether there are names that are not there any more, and new ones."""
    return bool(set(before) - set(now)) and bool(set(now) - set(before))


def _other_files(case: CaseSource) -> InputError:
    """Why a case cannot go into one that the store has."""
    return InputError(
        f"the store has a case {case.name} already, of other files, or these have changed; remove it first "
        "(voxmill remove), or give this one another name"
    )
