"""Arrays of a store: a window is read by reading the chunks that it touches, and nothing else."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray

from voxmill.errors import InputError, agreeing
from voxmill.grid import Index, Window
from voxmill.store.layout import MOST_CHUNK_VOXELS, MOST_CHUNKS, VOXELS
from voxmill.store.windows import Shards

AGAIN = "convert what it was made of again"


@dataclass(frozen=True, eq=False)
class StoredArray:
    """Numbers z, y, x on disk; `name` is what messages call them.

    shards: their files, where they are of the kind that is written here; others are read by zarr.
    """

    array: "zarr.Array[Any]"
    name: str
    shards: Shards | None = None

    @property
    def shape(self) -> Index:
        """The number of voxels along z, y, x."""
        return cast(Index, self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a voxel, in native byte order."""
        return self.array.dtype.newbyteorder("=")

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window, in an array of their own, read-only.

        Raises ValueError for a window that is not inside, InputError, with the cause, where chunks cannot be read.
        """
        if not window.lies_in(self.shape):
            raise ValueError(f"{self.name}: {window} is not inside an image of shape {self.shape}; clip it first")
        with in_a_sentence(self.name):
            found = self._found(window)
        found.flags.writeable = False
        return found

    def _found(self, window: Window) -> NDArray[Any]:
        if self.shards is not None:
            return self.shards.read(window)
        return np.ascontiguousarray(self.array[window.slices], dtype=self.dtype)


def open_array(image: Path, name: str) -> StoredArray:
    """The voxels of the image, or labels of the label image, in a folder.

    Raises InputError where they are no array of numbers in 3 dimensions, have chunks of an absurd size or number, or
    where parts of them are missing.
    """
    with in_a_sentence(name):
        array = zarr.open_array(image / VOXELS, mode="r", zarr_format=3)
        dtype = np.dtype(array.dtype)
    if array.ndim != 3 or dtype.kind not in "iuf" or min(array.shape) < 1:
        raise InputError(f"{name}: voxels are numbers in 3 dimensions; found {dtype} of shape {array.shape}; {AGAIN}")
    if math.prod(array.chunks) > MOST_CHUNK_VOXELS:
        raise InputError(f"{name}: its chunks are too large to be read, {array.chunks} voxels each; {AGAIN}")
    if math.prod(array.shards or array.chunks) // math.prod(array.chunks) > MOST_CHUNKS:
        raise InputError(f"{name}: its files have too many chunks to be read, of {array.chunks} voxels each; {AGAIN}")
    _require_shards(image / VOXELS, array, name)
    return StoredArray(array, name, Shards.of(array, image / VOXELS))


def _require_shards(folder: Path, array: "zarr.Array[Any]", name: str) -> None:
    """Raise InputError unless all files of an array are there: Zarr takes what is missing, or empty, for zeros."""
    sizes = array.shards or array.chunks
    expected = math.prod(-(-size // step) for size, step in zip(array.shape, sizes, strict=True))
    found = sum(path.name.isdecimal() and path.stat().st_size > 0 for path in folder.glob("c/*/*/*"))
    if found != expected:
        there = f"{found} of its {expected} files {agreeing(found, 'is', 'are')} there"
        raise InputError(f"{name}: {there}; {AGAIN}, or copy the whole store")


@contextmanager
def in_a_sentence(name: str) -> Iterator[None]:
    """What zarr and its codecs raise for files that are damaged or unreadable, as InputError."""
    try:
        yield
    except MemoryError:
        raise
    except PermissionError:
        raise InputError(f"{name}: no permission to read it in the store; ask its owner for access") from None
    except FileNotFoundError:
        raise InputError(f"{name}: its voxels are missing in the store; {AGAIN}") from None
    except Exception as error:  # codecs raise errors of any kind for damaged chunks
        raise InputError(f"{name}: damaged in the store ({_reason(error)}); {AGAIN}") from error


def _reason(error: Exception) -> str:
    """The first line of what an error says; only its kind where it names a place on disk."""
    first = next(iter(str(error).splitlines()), "")[:120]
    return first.rstrip(".") if first and "/" not in first else type(error).__name__
