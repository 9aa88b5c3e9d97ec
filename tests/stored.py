"""Stores for tests, and how much of them is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from zarr.abc.store import ByteRequest, RangeByteRequest
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore

import voxmill as vm
from voxmill.store import Store, StoredImage, create_store, finish_case, new_case, open_store, write_image, write_mask


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
def parts_read(patch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, int]]]:
    """The chunks that are read within: the file, and where in it."""
    parts: set[tuple[str, int]] = set()
    get = LocalStore.get

    async def noted(
        self: LocalStore, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        if isinstance(byte_range, RangeByteRequest):
            parts.add((f"{self.root.parent.name}/{key}", byte_range.start))
        return await get(self, key, prototype, byte_range)

    with patch.context() as patched:
        patched.setattr(LocalStore, "get", noted)
        yield parts


def chunks_that_intersect(window: vm.Window, shape: tuple[int, int, int], chunks: tuple[int, int, int]) -> int:
    """How many chunks of an image share a voxel with a window, asked of one after the other."""
    z, y, x = (range(0, size, step) for size, step in zip(shape, chunks, strict=True))
    starts = product(z, y, x)
    corners = [vm.Window(at, (at[0] + chunks[0], at[1] + chunks[1], at[2] + chunks[2])) for at in starts]
    return sum(corner.intersect(window).size > 0 for corner in corners)
