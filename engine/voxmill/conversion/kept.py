"""A case that is in the store already: what of it stays as it is, and what is still to be done.

What is whole is never touched. Images and masks that failed, or that were not there, are converted when they are; where
files of what is whole have changed, the case is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill.discovery.cases import CaseSource
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
        """Raise InputError where this is another case, or where files of what is whole have changed."""
        common = [name for name in keys if name in self.keys]
        masks = [(self.keys[name]["masks"], keys[name]["masks"]) for name in common]
        is_other = (
            not common
            or self.result["about"].get("patient") != case.attributes.get("patient")
            or any(self.keys[name]["key"] != keys[name]["key"] for name in common)
            or any(mine[mask] != theirs[mask] for mine, theirs in masks for mask in mine if mask in theirs)
        )
        if is_other:
            raise InputError(
                f"the store has a case {case.name} already, of other files, or these have changed; remove it first "
                "(voxmill remove), or give this one another name"
            )

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
