"""Masks of a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from voxmill.errors import InputError, agreeing
from voxmill.grid import Window
from voxmill.segments import Undrawn
from voxmill.store.arrays import AGAIN, StoredArray, open_array
from voxmill.store.attributes import LayerAttributes, parse_attributes
from voxmill.store.groups import attributes_of
from voxmill.volume import Mask

STATE = ("arrays", "segments", "grid", "known_digest", "name", "notes", "undrawn")
"""What is known of a mask without its labels."""


@dataclass(frozen=True)
class StoredLayer:
    """A label image: a layer of a mask, and what is written beside it."""

    array: StoredArray
    about: LayerAttributes


def layer_of(folder: Path) -> StoredLayer:
    """The layer in a folder of label images; raises InputError where it is damaged or missing."""
    about = parse_attributes(LayerAttributes, attributes_of(folder, folder.name), folder.name)
    return StoredLayer(open_array(folder, about.name), about)


class StoredMask(Mask):
    """A mask of a store: its segments, boxes included, are known; labels are read where they are looked at."""

    arrays: tuple[StoredArray, ...]
    known_digest: str

    @classmethod
    def of(cls, layers: Sequence[StoredLayer]) -> "StoredMask":
        """The mask of these layers; raises InputError unless they are all of its layers, on one grid."""
        about, arrays = layers[0].about, tuple(layer.array for layer in layers)
        if [one.about.layer for one in layers] != list(range(about.layers)):
            there = f"{len(layers)} of the {about.layers} layers of the mask {agreeing(len(layers), 'is', 'are')} there"
            raise InputError(f"{about.name}: {there}; {AGAIN}")
        if len({array.shape for array in arrays}) > 1 or any(array.dtype.kind != "u" for array in arrays):
            raise InputError(f"{about.name}: layers of a mask are unsigned numbers of one shape; {AGAIN}")
        shape = arrays[0].shape
        try:
            segments = tuple(segment for one in layers for segment in one.about.known(shape))
            grid = about.grid(shape)
        except (InputError, ValueError) as error:
            raise InputError(f"{about.name}: its attributes are damaged: {error}; {AGAIN}") from None
        values = {"arrays": arrays, "segments": segments, "grid": grid, "known_digest": about.digest}
        mask = cls.__new__(cls)
        undrawn = tuple(Undrawn(one.label, one.name) for one in about.undrawn)
        mask.__setstate__({**values, "name": about.name, "notes": about.notes, "undrawn": undrawn})
        return mask

    @cached_property
    def layers(self) -> tuple[NDArray[Any], ...]:
        """All labels of all layers, in memory from then on."""
        return tuple(array.read(Window.whole(array.shape)) for array in self.arrays)

    @property
    def digest(self) -> str:
        """SHA-256 of grid, type and labels of every layer, as they were when it was written."""
        return self.known_digest

    def read(self, layer: int, window: Window) -> NDArray[Any]:
        """The labels of a window of a layer; raises InputError for damaged chunks."""
        return self.arrays[layer].read(window)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: how to read the labels, not the labels."""
        return {name: getattr(self, name) for name in STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            object.__setattr__(self, key, value)
