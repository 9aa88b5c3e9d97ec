"""Stores for tests, and how much of them is read."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from zarr.codecs import BloscCodec
from zarr.core.array_spec import ArraySpec
from zarr.core.buffer import Buffer

import voxmill as vm
from voxmill.store import Store, StoredImage, create_store, finish_case, new_case, open_store, write_image, write_mask
from voxmill.store import windows as store_windows


def write_case(store: Path, image: vm.Volume, *masks: vm.Mask, name: str = "case") -> Path:
    """A store with a case of this image and its masks; gives the folder of the image."""
    case = new_case(create_store(store), name)
    folder = write_image(case, image)
    for mask in masks:
        write_mask(folder, mask)
    finish_case(case, name)
    return folder


def stored(store: Path, image: vm.Volume, *masks: vm.Mask) -> StoredImage:
    """The same, read again."""
    write_case(store, image, *masks)
    return only_image(open_store(store))


def only_image(store: Store) -> StoredImage:
    """The image of a store that has one."""
    (case,) = store.cases
    (image,) = case.images
    return image


@contextmanager
def chunks_read(patch: pytest.MonkeyPatch) -> Iterator[Counter[np.dtype[Any]]]:
    """How many chunks are decoded within, by the type of their voxels: every one that is read has to be."""
    counts: Counter[np.dtype[Any]] = Counter()
    decode, decode_by_zarr = store_windows._decode, BloscCodec._decode_sync

    def noted(file: FileIO, offset: int, length: int, out: NDArray[Any]) -> bool:
        counts[out.dtype.newbyteorder("=")] += 1
        return decode(file, offset, length, out)

    def noted_by_zarr(self: BloscCodec, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        counts[chunk_spec.dtype.to_native_dtype()] += 1
        return decode_by_zarr(self, chunk_bytes, chunk_spec)

    with patch.context() as patched:
        patched.setattr(store_windows, "_decode", noted)
        patched.setattr(BloscCodec, "_decode_sync", noted_by_zarr)
        yield counts


def chunks_that_intersect(window: vm.Window, shape: tuple[int, int, int], chunks: tuple[int, int, int]) -> int:
    """How many chunks of an image share a voxel with a window, asked of one after the other."""
    z, y, x = (range(0, size, step) for size, step in zip(shape, chunks, strict=True))
    starts = product(z, y, x)
    corners = [vm.Window(at, (at[0] + chunks[0], at[1] + chunks[1], at[2] + chunks[2])) for at in starts]
    return sum(corner.intersect(window).size > 0 for corner in corners)
