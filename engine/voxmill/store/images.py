"""Images of a store."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.errors import InputError
from voxmill.grid import Grid, Window
from voxmill.store.arrays import AGAIN, StoredArray, open_array
from voxmill.store.attributes import ImageAttributes, parse_attributes
from voxmill.store.groups import attributes_of, label_images, named
from voxmill.store.layout import LABELS, name_of
from voxmill.store.masks import StoredMask, layer_of
from voxmill.suv import Suv
from voxmill.volume import Volume


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An image of a store, a Source: a window is read by reading the chunks that it touches.

    about: what is written beside its voxels.
    """

    folder: Path
    array: StoredArray
    grid: Grid
    name: str
    about: ImageAttributes

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its rows should know."""
        return self.about.notes

    @property
    def suv(self) -> Suv | None:
        """The factor of standardised uptake values, or why there is none; its voxels are without it."""
        return None if self.about.suv is None else self.about.suv.suv

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its voxels."""
        return self.array.dtype

    @property
    def digest(self) -> str:
        """SHA-256 of grid, type and voxels, as they were when it was written."""
        return self.about.digest

    @property
    def facts(self) -> Mapping[type, Any]:
        """Extremes, and moments of whole numbers of up to 32 bits, as a pass over the image would find them."""
        return self.about.statistics.facts

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window; ValueError when it is not inside the image, InputError for damaged chunks."""
        return self.array.read(window)

    def load(self) -> Volume:
        """The whole image in memory."""
        voxels = self.read(Window.whole(self.grid.shape))
        flat = self.grid.dimensions == 2
        return Volume(voxels[0] if flat else voxels, self.grid, name=self.name, notes=self.notes, suv=self.suv)

    def renamed(self, name: str) -> "StoredImage":
        """The same image, called otherwise in its rows."""
        return replace(self, name=name)

    @property
    def masks(self) -> tuple[StoredMask, ...]:
        """Its masks, in the order in which they were written; raises InputError where one is damaged or missing."""
        layers = [layer_of(self.folder / LABELS / name) for name in label_images(self.folder, self.about.name)]
        return tuple(StoredMask.of(list(group)) for _, group in groupby(layers, key=lambda one: one.about.name))

    def mask(self, name: str) -> StoredMask:
        """The mask of this name; raises InputError where there is none, with those that are there."""
        return named(name, {mask.name: mask for mask in self.masks}, f"{self.name}: it has no mask")

    @classmethod
    def of(cls, folder: Path) -> "StoredImage":
        """The image in a folder of a case; raises InputError where it is damaged."""
        about = parse_attributes(ImageAttributes, attributes_of(folder, name_of(folder)), name_of(folder))
        array = open_array(folder, about.name)
        try:
            grid = about.grid(array.shape)
        except InputError as error:
            raise InputError(f"{about.name}: its attributes are damaged: {error}; {AGAIN}") from None
        return cls(folder, array, grid, about.name, about)

    def __repr__(self) -> str:
        return f"<StoredImage {self.name!r}: {self.dtype}, {self.grid}>"
