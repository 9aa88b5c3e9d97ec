"""Segments that may overlap → layers of labels in which none do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import Index


@dataclass(frozen=True, eq=False)
class Patch:
    """Voxels of a segment in one slice: `inside` is (rows, columns), its first voxel at `row` and `column`."""

    slice: int
    row: int
    column: int
    inside: NDArray[np.bool_]

    def of(self, layer: NDArray[Any]) -> NDArray[Any]:
        """The part of a layer (z, y, x) that the patch covers, a view."""
        rows, columns = self.inside.shape
        return layer[self.slice, self.row : self.row + rows, self.column : self.column + columns]


@dataclass(frozen=True, eq=False)
class Layers:
    """Arrays of labels (z, y, x), one or more, and the labels that have a voxel."""

    arrays: tuple[NDArray[Any], ...]
    drawn: frozenset[int]


def layers_of(segments: Iterable[tuple[int, Iterable[Patch]]], shape: Index, *, highest: int) -> Layers:
    """Each segment, given as its label and its patches, in the first layer where all of its voxels are free.

    `highest` is the largest label. Segments that do not overlap share one layer.
    """
    dtype = np.uint8 if highest <= np.iinfo(np.uint8).max else np.uint16
    arrays: list[NDArray[Any]] = [np.zeros(shape, dtype=dtype)]
    drawn = set()
    for label, given in segments:
        patches = [patch for patch in given if patch.inside.any()]
        at = next((number for number, layer in enumerate(arrays) if _is_free(layer, patches)), len(arrays))
        if at == len(arrays):
            arrays.append(np.zeros(shape, dtype=dtype))
        for patch in patches:
            patch.of(arrays[at])[patch.inside] = label
        drawn.update([label] if patches else [])
    return Layers(tuple(arrays), frozenset(drawn))


def _is_free(layer: NDArray[Any], patches: Sequence[Patch]) -> bool:
    return not any(patch.of(layer)[patch.inside].any() for patch in patches)
